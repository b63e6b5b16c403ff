"""Credit limits and terms, temporary limits, guarantees."""
