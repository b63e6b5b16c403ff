"""Pure rules of escalation: the ladder, policies and their validation, reasons not to chase."""
