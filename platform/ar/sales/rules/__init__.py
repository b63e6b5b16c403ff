"""Pure rules of sales."""
