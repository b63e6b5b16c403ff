"""The half-yearly review of every limit."""
