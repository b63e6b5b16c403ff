"""What other slices may ask of the ledger: open amounts as of a day, rates, sources of entries, checks.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.ledger.books.as_of import (
    joined,
    later_allocations,
    later_allocations_once,
    open_amounts_then,
    open_then,
    there_and_open,
)
from ar.ledger.books.as_of_request import When, read_when, refuse_unread
from ar.ledger.books.queries import balance_at, item_ids, movements, open_items, posted_balances
from ar.ledger.closing.audit.checks import NAMED_MAX, examine
from ar.ledger.closing.audit.runs import runs as examination_runs
from ar.ledger.closing.fx.rates import company_currency, dated_rates, total_of
from ar.ledger.documents.commands import suggest_customers
from ar.ledger.receivables.doubtful import doubtful_sums, is_doubtful
from ar.ledger.receivables.settlement.write_offs import rate_recorded_by_actor

__all__ = [
    "NAMED_MAX",
    "When",
    "balance_at",
    "company_currency",
    "dated_rates",
    "doubtful_sums",
    "examination_runs",
    "examine",
    "is_doubtful",
    "item_ids",
    "joined",
    "later_allocations",
    "later_allocations_once",
    "movements",
    "open_amounts_then",
    "open_items",
    "open_then",
    "posted_balances",
    "rate_recorded_by_actor",
    "read_when",
    "refuse_unread",
    "suggest_customers",
    "there_and_open",
    "total_of",
]
