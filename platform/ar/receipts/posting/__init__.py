"""Posts receipts, by hand or in bulk, and allocates them."""
