"""Receipts: money that came in, posted by hand or in bulk, and what it pays."""
