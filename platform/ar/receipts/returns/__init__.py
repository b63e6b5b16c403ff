"""Money that went back: returned payments and reversals of the bank, proposed to and decided by a person."""
