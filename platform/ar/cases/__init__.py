"""Collection cases: the escalation ladder, its policies, the daily run and what it proposes."""
