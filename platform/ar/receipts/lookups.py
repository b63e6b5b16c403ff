"""Lookups of receipts for other slices: how far cash is posted.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.receipts.posting.cash_state import CashState, cash_state

__all__ = [
    "CashState",
    "cash_state",
]
