"""Receipts: bank statements, matching, posting and allocating receipts, refunds."""
