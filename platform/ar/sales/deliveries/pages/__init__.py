"""Pages of deliveries: the office's list and note, the warehouse's tablet, the driver's phone, papers."""
