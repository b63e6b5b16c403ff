"""Losses: the provision for doubtful receivables, bad debts and their recovery."""
