"""What waits for one person's decision: approvals of every kind, letters to release, tasks of their role."""
