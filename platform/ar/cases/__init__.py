"""Collection cases: the escalation ladder, its policies, the daily run, letters, tasks and holds."""
