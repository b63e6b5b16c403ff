"""Deliveries: picked, shipped, signed for, returned; what has not come back signed."""
