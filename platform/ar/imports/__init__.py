"""Imports: customers, open items and receipts from files — checked, previewed, applied in one transaction."""
