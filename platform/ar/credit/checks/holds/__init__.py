"""Stops of shipments and overrides of checks: placed, lifted, listed."""
