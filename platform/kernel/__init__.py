"""The kernel: what every slice stands on. Knows no customer, no Flask and no slice."""
