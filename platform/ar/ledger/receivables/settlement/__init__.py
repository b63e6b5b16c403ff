"""What settles a small rest: early-payment discounts and write-offs of small differences."""
