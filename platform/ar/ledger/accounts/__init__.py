"""Accounts down to the entry, trial balance, and each customer's account card."""
