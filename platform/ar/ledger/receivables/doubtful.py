"""Flags doubtful receivables: the rule `stages.doubtful_from_on` as an SQL condition, and totals per currency.

Invariants: the condition selects exactly what the pure rule flags (a test compares the two); nothing is posted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.as_of import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.models import OpenItem
from ar.ledger.rules.stages import DOUBTFUL_DAYS, TRADE_KINDS
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class DoubtfulSum:
    """Doubtful documents of one currency: their number and open amount (minor units)."""

    currency: str
    count: int
    open_minor: int


def is_doubtful(as_of: date) -> list[sa.ColumnElement[bool]]:
    """Returns the conditions under which an item open at `as_of` is doubtful (R138, A16)."""
    item = OpenItem
    return [
        item.kind.in_(TRADE_KINDS),
        item.document_on < as_of - timedelta(days=DOUBTFUL_DAYS),
        item.collection_end_on < as_of,
    ]


def doubtful_sums(
    db: Session, tenant_id: UUID, as_of: date, *, known_at: datetime | None = None, currency: str | None = None
) -> list[DoubtfulSum]:
    """Returns the doubtful totals per currency at `as_of`, without currencies that have none. One statement."""
    item = OpenItem
    later = later_allocations(tenant_id, as_of, known_at)
    minor = open_minor_at(later)
    statement = (
        select_view(
            DoubtfulSum,
            currency=value(item.currency),
            count=value(sa.func.count()),
            open_minor=value(sa.cast(sa.func.sum(minor), sa.BigInteger)),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of, known_at), minor > 0, *is_doubtful(as_of))
        .group_by(item.currency)
        .order_by(item.currency)
    )
    if currency:
        statement = statement.where(item.currency == currency)
    rows = db.execute(statement)
    return views(DoubtfulSum, rows)
