"""Commands of the ledger for other slices: post, allocate, reverse, lock; with their inputs.

Invariant: other slices call these; the modules behind them are private to the ledger.
"""

from __future__ import annotations

from ar.ledger.books.accessories import NewAccessoryPart, record_accessory_parts
from ar.ledger.books.allocation import (
    NewAllocation,
    allocate,
    allocate_locked,
    insert_allocations,
    require_day_between,
)
from ar.ledger.books.allocation_reversal import reverse_allocation, take_back_allocations
from ar.ledger.books.coming import posting_day, record_coming
from ar.ledger.books.locks import freeze_customers, hold_books, lock_books_alone, lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, locked_through, require_open, require_unlocked
from ar.ledger.books.posting import AHEAD_DAYS, NewItem, post_entry, post_items, reverse_entry
from ar.ledger.books.reversal import reverse_item, take_back_documents
from ar.ledger.documents.commands import INVOICE_POSTED, DocumentRefused, next_document_number, post_document
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.receivables.commands import unapply_allocation
from ar.ledger.receivables.inputs import UnapplyAllocation
from ar.ledger.receivables.settlement.discounts import withdraw_unearned_discounts

__all__ = [
    "AHEAD_DAYS",
    "INVOICE_POSTED",
    "DocumentRefused",
    "NewAccessoryPart",
    "NewAllocation",
    "NewItem",
    "SubmittedDocument",
    "UnapplyAllocation",
    "allocate",
    "allocate_locked",
    "first_open_on",
    "freeze_customers",
    "hold_books",
    "insert_allocations",
    "lock_books_alone",
    "lock_customers",
    "lock_open_period",
    "locked_through",
    "next_document_number",
    "post_document",
    "post_entry",
    "post_items",
    "posting_day",
    "record_accessory_parts",
    "record_coming",
    "require_day_between",
    "require_open",
    "require_unlocked",
    "reverse_allocation",
    "reverse_entry",
    "reverse_item",
    "take_back_allocations",
    "take_back_documents",
    "unapply_allocation",
    "withdraw_unearned_discounts",
]
