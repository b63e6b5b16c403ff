"""Pure rules of credit."""
