"""The aging report: what every customer owes as of a date, by how late it is, and whether it ties to the ledger.

May import the ledger and the tables of customers. Invariants: one statement for all rows, whatever the size, and
two for the tie-out; boundaries come from `ar.ledger.rules.aging`, so SQL and the pure rule cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.lookups import (
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
    posted_balances,
)
from ar.ledger.models import OpenItem
from ar.ledger.rules.aging import BUCKET_COLUMNS, AgingRow, BucketRange, bucket_ranges, totals

By = Literal["due", "invoice"]


@dataclass(frozen=True, slots=True)
class NamedRow:
    """An aging row with what a page needs to name its customer."""

    customer_id: UUID
    customer_name: str
    aging: AgingRow


@dataclass(frozen=True, slots=True)
class TieOut:
    """Per currency: the report's balance beside the balance of the receivables account, both signed minor units."""

    currency: str
    aging_minor: int
    ledger_minor: int

    @property
    def ok(self) -> bool:
        """Whether the two are equal, to the cent."""
        return self.aging_minor == self.ledger_minor


@dataclass(frozen=True, slots=True)
class AgingReport:
    """Rows by customer number and currency, totals per currency; `tie_out` is empty when it was not asked for.

    `currencies`: all that the books have moved in by then, whatever the filter; without a tie-out those of the rows.
    """

    as_of: date
    by: By
    named: tuple[NamedRow, ...]
    totals: tuple[AgingRow, ...]
    tie_out: tuple[TieOut, ...]
    currencies: tuple[str, ...]
    known_at: datetime | None = None

    @property
    def rows(self) -> tuple[AgingRow, ...]:
        """The rows without names."""
        return tuple(row.aging for row in self.named)

    def as_json(self) -> dict[str, Any]:
        """Returns the report for a program: rows by customer number, totals per currency."""
        return {
            "as_of": self.as_of.isoformat(),
            "by": self.by,
            "rows": [{"customer_no": row.customer_no, **_amounts(row)} for row in self.rows],
            "totals": [_amounts(row) for row in self.totals],
        }


def _amounts(row: AgingRow) -> dict[str, Any]:
    return {
        "currency": row.currency,
        "buckets_minor": row.by_bucket(),
        "unapplied_minor": row.unapplied_minor,
        "balance_minor": row.balance_minor,
    }


def aging_report(
    db: Session,
    tenant_id: UUID,
    as_of: date,
    by: By = "due",
    customer_id: UUID | None = None,
    *,
    currency: str | None = None,
    tie_out: bool = True,
    known_at: datetime | None = None,
) -> AgingReport:
    """The report at the end of `as_of`: documents dated later are out, later allocations count as open.

    `known_at` (aware): as it was shown at that moment, without what was recorded after it.
    Open credits (receipts, credit notes) are unapplied cash; who has nothing open is left out.
    """
    rows = db.execute(_statement(tenant_id, as_of, by, customer_id, currency, known_at))
    # Thousands of rows: taken by name once for all of them, not in each.
    named = tuple(
        NamedRow(found_id, name, AgingRow(number, code, tuple(minors), unapplied))
        for found_id, name, number, code, unapplied, *minors in rows.columns(
            "id", "name", "number", "currency", "unapplied", *BUCKET_COLUMNS
        )
    )
    sums = totals(row.aging for row in named)
    posted = posted_balances(db, tenant_id, as_of, customer_id=customer_id, known_at=known_at) if tie_out else {}
    ties = _tie_out(sums, posted, currency) if tie_out else ()
    currencies = tuple(sorted({row.currency for row in sums} | posted.keys()))
    return AgingReport(as_of, by, named, sums, ties, currencies, known_at)


def _statement(
    tenant_id: UUID,
    as_of: date,
    by: By,
    customer_id: UUID | None,
    currency: str | None,
    known_at: datetime | None = None,
) -> sa.Select[*tuple[Any, ...]]:
    """Sums per customer and currency first, names afterwards, so that the join is of few rows."""
    i, c = OpenItem, Customer
    later = later_allocations(tenant_id, as_of, known_at)
    minor = open_minor_at(later)
    anchor = i.due_on if by == "due" else i.document_on
    sums = (
        sa.select(
            i.customer_id,
            i.currency,
            *(
                _sum(minor).filter(i.side > 0, *_within(anchor, bucket)).label(column)
                for column, bucket in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True)
            ),
            _sum(minor).filter(i.side < 0).label("unapplied"),
        )
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of, known_at))
        .group_by(i.customer_id, i.currency)
    )
    if customer_id is not None:
        sums = sums.where(i.customer_id == customer_id)
    if currency:
        sums = sums.where(i.currency == currency)
    s = sums.subquery("sums")
    amounts = [
        sa.cast(sa.func.coalesce(s.c[name], 0), sa.BigInteger).label(name) for name in (*BUCKET_COLUMNS, "unapplied")
    ]
    return (
        sa.select(c.id, c.number, c.name, s.c.currency, *amounts)
        .join(s, s.c.customer_id == c.id)
        .where(c.tenant_id == tenant_id, sa.or_(*(amount != 0 for amount in amounts)))
        .order_by(sa.collate(c.number, "C"), s.c.currency)
    )


def _sum(minor: sa.ColumnElement[int]) -> sa.Function[Any]:
    return sa.func.sum(minor)


def _within(anchor: Any, bucket: BucketRange) -> list[sa.ColumnElement[bool]]:
    limits = []
    if bucket.first_on is not None:
        limits.append(anchor >= bucket.first_on)
    if bucket.last_on is not None:
        limits.append(anchor <= bucket.last_on)
    return limits


def _tie_out(sums: tuple[AgingRow, ...], posted: dict[str, int], currency: str | None) -> tuple[TieOut, ...]:
    aged = {row.currency: row.balance_minor for row in sums}
    known = sorted(c for c in aged.keys() | posted.keys() if not currency or c == currency)
    return tuple(TieOut(c, aged.get(c, 0), posted.get(c, 0)) for c in known if c in aged or posted.get(c))
