"""Rules of the customer file; pure."""
