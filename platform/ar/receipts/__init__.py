"""Receipts: money that came in, the bank statements it stands on, and what it pays."""
