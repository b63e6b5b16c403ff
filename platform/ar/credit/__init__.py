"""Credit: who may owe us how much, for how long, decided by whom, and what stops a shipment."""
