"""What other slices may have the ledger do: post, allocate, reverse, lock; with the inputs of it.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.ledger.books.allocation import (
    NewAllocation,
    allocate,
    allocate_held,
    book_allocations,
    lock_customers,
    reverse_allocation,
    within_days,
)
from ar.ledger.books.period_lock import first_open_on, hold_open, locked_through, refuse_locked, require_open
from ar.ledger.books.posting import AHEAD_DAYS, NewItem, post_entry, post_items, reverse_entry
from ar.ledger.books.reversal import reverse_item
from ar.ledger.documents.commands import next_document_number
from ar.ledger.receivables.commands import unapply
from ar.ledger.receivables.inputs import UnapplyAllocation

__all__ = [
    "AHEAD_DAYS",
    "NewAllocation",
    "NewItem",
    "UnapplyAllocation",
    "allocate",
    "allocate_held",
    "book_allocations",
    "first_open_on",
    "hold_open",
    "lock_customers",
    "locked_through",
    "next_document_number",
    "post_entry",
    "post_items",
    "refuse_locked",
    "require_open",
    "reverse_allocation",
    "reverse_entry",
    "reverse_item",
    "unapply",
    "within_days",
]
