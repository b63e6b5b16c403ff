"""The pure decisions of late interest: accrual, terms, published rates."""
