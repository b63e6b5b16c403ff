"""The pure decisions of escalation: the ladder, a policy's shape and checks, and what holds a step back."""
