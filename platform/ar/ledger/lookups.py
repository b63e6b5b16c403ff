"""Lookups of the ledger for other slices: open amounts as of a day, balances, exchange rates, examinations.

Invariant: other slices call these; the modules behind them are private to the ledger.
"""

from __future__ import annotations

from ar.ledger.accounts.card.issuer import Issuer, load_issuer
from ar.ledger.books.accessories import accessory_parts_of
from ar.ledger.books.as_of import (
    items_with_later_allocations,
    later_allocations,
    later_allocations_cte,
    open_amounts_at,
    open_minor_at,
    possibly_open_at,
)
from ar.ledger.books.as_of_request import AsOfRequest, parse_as_of_request, require_readable
from ar.ledger.books.claims import books_only_items, cleared_in_books_only
from ar.ledger.books.coming import counts_from, last_came_on
from ar.ledger.books.instalments import document_label_of, instalments_of
from ar.ledger.books.kept_sums import open_sums_at, select_owned_sums, sum_where
from ar.ledger.books.period_lock import locked_through
from ar.ledger.books.queries import (
    OpenItemView,
    balance_at,
    balances_of,
    cleared_items,
    item_ids,
    movements_of,
    open_items,
    posted_balances,
)
from ar.ledger.closing.audit.checks import NAMED_MAX, run_check
from ar.ledger.closing.audit.runs import examination_runs
from ar.ledger.closing.fx.rates import company_currency, dated_rates, total_of
from ar.ledger.documents.commands import suggest_customers
from ar.ledger.documents.crediting import credited
from ar.ledger.documents.drafts import customers_with_drafts
from ar.ledger.receivables.doubtful import doubtful_sums, is_doubtful
from ar.ledger.receivables.holds import holds_of_today
from ar.ledger.receivables.queries import PostingLeg
from ar.ledger.receivables.settlement.ledger_settings import select_credits_netted
from ar.ledger.receivables.settlement.write_offs import rate_recorded_by_actor

__all__ = [
    "NAMED_MAX",
    "AsOfRequest",
    "Issuer",
    "OpenItemView",
    "PostingLeg",
    "accessory_parts_of",
    "balance_at",
    "balances_of",
    "books_only_items",
    "cleared_in_books_only",
    "cleared_items",
    "company_currency",
    "counts_from",
    "credited",
    "customers_with_drafts",
    "dated_rates",
    "document_label_of",
    "doubtful_sums",
    "examination_runs",
    "holds_of_today",
    "instalments_of",
    "is_doubtful",
    "item_ids",
    "items_with_later_allocations",
    "last_came_on",
    "later_allocations",
    "later_allocations_cte",
    "load_issuer",
    "locked_through",
    "movements_of",
    "open_amounts_at",
    "open_items",
    "open_minor_at",
    "open_sums_at",
    "parse_as_of_request",
    "possibly_open_at",
    "posted_balances",
    "rate_recorded_by_actor",
    "require_readable",
    "run_check",
    "select_credits_netted",
    "select_owned_sums",
    "suggest_customers",
    "sum_where",
    "total_of",
]
