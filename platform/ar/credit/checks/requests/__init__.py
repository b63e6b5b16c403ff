"""Over-limit requests (Annex 2): asked for one held order, decided by the size of the excess."""
