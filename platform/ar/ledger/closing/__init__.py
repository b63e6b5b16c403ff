"""Period end: locking and unlocking, exchange rates and revaluation, examination of the books."""
