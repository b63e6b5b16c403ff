"""Customers: who owes us, on what terms, and whom to write to. The lowest slice of `ar`."""
