"""Period end: locking and unlocking, exchange rates and revaluation, the nightly examination."""
