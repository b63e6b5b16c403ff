"""Early-payment discounts and write-offs of small differences."""
