"""Rules of late interest: accrual, terms in force, published rates."""
