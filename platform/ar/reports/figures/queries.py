"""The key figures of a month and currency: what stood at its end, what moved in it, and the ratios of R136 and R137.

Invariants: five statements whatever the size; all as of the period's last day, so that a closed month never changes;
ratios are worked out by `ar.ledger.rules.kpis`, and none is made up where it has no denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills.models import Bill, BillEvent
from ar.ledger.lookups import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.models import Entry, OpenItem, Posting
from ar.ledger.rules import kpis
from ar.ledger.rules.aging import BUCKET_COLUMNS, bucket_minors, bucket_ranges
from ar.ledger.rules.due_dates import add_months
from ar.ledger.rules.stages import TRADE_KINDS
from kernel.views import LATER, select_view, value, view

#: How far sales are counted back for the countback DSO; what is older than that gives no figure.
MONTHS_BACK: Final = 24
LONG_MONTHS: Final = 12
INVOICED: Final = ("invoice", "debit_note")
SALES: Final = (*INVOICED, "credit_note", "goods_return")
#: Money and bills received, less what was paid back and what came in on debts already written off.
RECEIVED: Final = ("receipt", "bill", "refund", "recovery")
WRITTEN_OFF: Final = ("bad_debt",)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was open in one currency at the end of a day, in minor units; `buckets_minor` follow the aging's.

    `long_minor`: dated more than a year before; `other_minor`: did not arise from sales. Credits not applied are apart.
    """

    unapplied_minor: int = 0
    long_minor: int = 0
    other_minor: int = 0
    buckets_minor: tuple[int, ...] = (0, 0, 0, 0, 0)

    @property
    def owed_minor(self) -> int:
        """All receivables, before credits that nobody has applied."""
        return sum(self.buckets_minor)

    @property
    def current_minor(self) -> int:
        """Of them not past due."""
        return self.buckets_minor[0]

    @property
    def overdue_minor(self) -> int:
        """Of them past due."""
        return sum(self.buckets_minor[1:])


@dataclass(frozen=True)
class Figures:
    """Everything the page shows, minor units of `currency`. Sales are gross of tax, as the receivables are.

    `months`: the sales of each month, the newest first; `allowance_minor` and `pledged_minor` as of `to_on`.
    `currencies`: all with anything open or moved.
    """

    from_on: date
    to_on: date
    currency: str
    currencies: tuple[str, ...]
    end: Standing
    start: Standing
    months: tuple[kpis.MonthSales, ...]
    invoiced_minor: int
    received_minor: int
    written_off_minor: int
    allowance_minor: int | None
    pledged_minor: int

    @property
    def days(self) -> int:
        """Calendar days of the period; of a running month those gone by."""
        return (self.to_on - self.from_on).days + 1

    @property
    def sales_minor(self) -> int:
        """Credit sales of the period: invoices and debit notes less credit notes and goods returned."""
        return self.months[0].sales_minor

    @property
    def _base_minor(self) -> int:
        """Sales as a denominator: where more was credited than sold there is none."""
        return max(self.sales_minor, 0)

    @property
    def overdue_rate(self) -> Decimal | None:
        """Overdue receivables in per cent of all (R136)."""
        return kpis.overdue_ratio(self.end.overdue_minor, self.end.owed_minor)

    @property
    def collection_rate(self) -> Decimal | None:
        """Received in per cent of invoiced (R136)."""
        return kpis.percentage(self.received_minor, max(self.invoiced_minor, 0))

    @property
    def dso(self) -> Decimal | None:
        """Days sales outstanding, simple."""
        return kpis.dso(self.end.owed_minor, self._base_minor, self.days)

    @property
    def countback(self) -> Decimal | None:
        """Days sales outstanding, counted back."""
        return kpis.countback_dso(self.end.owed_minor, self.months)

    @property
    def best_possible(self) -> Decimal | None:
        """Best possible days sales outstanding."""
        return kpis.best_possible_dso(self.end.current_minor, self._base_minor, self.days)

    @property
    def delinquent(self) -> Decimal | None:
        """Average days delinquent."""
        return kpis.average_days_delinquent(self.end.overdue_minor, self._base_minor, self.days)

    @property
    def effectiveness(self) -> Decimal | None:
        """Collection effectiveness index."""
        opening, current = self.start.owed_minor, self.end.current_minor
        if opening + self.sales_minor - current <= 0:
            return None
        return kpis.collection_effectiveness(opening, self.sales_minor, self.end.owed_minor, current)

    @property
    def allowance_rate(self) -> Decimal | None:
        """The allowance in per cent of the receivables."""
        return None if self.allowance_minor is None else kpis.percentage(self.allowance_minor, self.end.owed_minor)

    @property
    def write_off_rate(self) -> Decimal | None:
        """Bad debts written off in per cent of sales."""
        return kpis.bad_debt_ratio(self.written_off_minor, self._base_minor)

    def share(self, minor: int) -> Decimal | None:
        """An amount in per cent of all receivables."""
        return kpis.percentage(minor, self.end.owed_minor)


def figures(db: Session, tenant_id: UUID, from_on: date, to_on: date, currency: str, own: str) -> Figures:
    """The figures of the period (one month, both days included) in `currency`; `own`: the company's currency."""
    end, start = _standing(db, tenant_id, to_on), _standing(db, tenant_id, from_on - timedelta(days=1))
    first = add_months(from_on, 1 - MONTHS_BACK)
    flows = _flows(db, tenant_id, first, to_on)
    allowance = _allowance(db, tenant_id, to_on)
    here = {kind: minor for (code, month, kind), minor in flows.items() if code == currency and month == from_on}
    return Figures(
        from_on,
        to_on,
        currency,
        tuple(sorted({own, currency, *end, *start, *(code for code, _month, _kind in flows)})),
        end.get(currency, Standing()),
        start.get(currency, Standing()),
        _months(flows, from_on, to_on, currency),
        _sum(here, INVOICED),
        -_sum(here, RECEIVED),
        -_sum(here, WRITTEN_OFF),
        # Provision runs book in the company's own currency: elsewhere nothing booked is no nought.
        allowance.get(currency, 0 if currency == own else None),
        _pledged(db, tenant_id, to_on, currency),
    )


def _sum(moved: Mapping[str, int], kinds: Iterable[str]) -> int:
    return sum(moved.get(kind, 0) for kind in kinds)


def _months(
    flows: Mapping[tuple[str, date, str], int], from_on: date, to_on: date, currency: str
) -> tuple[kpis.MonthSales, ...]:
    """Sales and days of the period and of each month before it, the newest first."""
    months, last = [], to_on
    for back in range(MONTHS_BACK):
        first = add_months(from_on, -back)
        sold = sum(flows.get((currency, first, kind), 0) for kind in SALES)
        months.append(kpis.MonthSales(sold, (last - first).days + 1))
        last = first - timedelta(days=1)
    return tuple(months)


def _standing(db: Session, tenant_id: UUID, as_of: date) -> dict[str, Standing]:
    """Per currency what was open at the end of `as_of`."""
    item, later = OpenItem, later_allocations(tenant_id, as_of)
    minor = open_minor_at(later)

    def total(*only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(*only), 0), sa.BigInteger)

    buckets = [
        total(
            item.side > 0, item.due_on >= (ends.first_on or date.min), item.due_on <= (ends.last_on or date.max)
        ).label(column)
        for column, ends in zip(BUCKET_COLUMNS, bucket_ranges(as_of), strict=True)
    ]
    rows = db.execute(
        select_view(
            Standing,
            unapplied_minor=value(total(item.side < 0)),
            long_minor=value(total(item.side > 0, item.document_on < add_months(as_of, -LONG_MONTHS))),
            other_minor=value(total(item.side > 0, item.kind.not_in(TRADE_KINDS))),
            buckets_minor=LATER,
        )
        .add_columns(item.currency, *buckets)
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, as_of))
        .group_by(item.currency)
    )
    return {row.currency: view(Standing, row, buckets_minor=bucket_minors(row)) for row in rows}


def _flows(db: Session, tenant_id: UUID, from_on: date, to_on: date) -> dict[tuple[str, date, str], int]:
    """Signed sums by (currency, first day of the month, kind); a reversal counts against the kind it takes back."""
    i, original = OpenItem, aliased(OpenItem)
    month = sa.cast(sa.func.date_trunc("month", sa.cast(i.document_on, sa.DateTime)), sa.Date).label("month")
    kind = sa.func.coalesce(original.kind, i.kind).label("root")
    rows = db.execute(
        sa.select(i.currency, month, kind, sa.cast(sa.func.sum(i.side * i.amount_minor), sa.BigInteger))
        .outerjoin(original, sa.and_(original.tenant_id == tenant_id, original.id == i.reverses_id))
        .where(i.tenant_id == tenant_id, i.document_on.between(from_on, to_on))
        .group_by(i.currency, month, kind)
    )
    return {(currency, first_on, root): minor for currency, first_on, root, minor in rows}


def _allowance(db: Session, tenant_id: UUID, on: date) -> dict[str, int]:
    """Per currency the balance of the allowance account at the end of `on`; a credit balance is positive."""
    p, e = Posting, Entry
    rows = db.execute(
        sa.select(p.currency, sa.cast(sa.func.sum(p.credit_minor - p.debit_minor), sa.BigInteger))
        .join(e, sa.and_(e.tenant_id == tenant_id, e.id == p.entry_id))
        .where(p.tenant_id == tenant_id, p.account_code == "allowance", e.effective_on <= on)
        .group_by(p.currency)
    )
    return dict(rows.all())


def _pledged(db: Session, tenant_id: UUID, on: date, currency: str) -> int:
    """Bills that were pledged at the end of `on`: pledged now, or moved since."""
    b, e, later = Bill, BillEvent, aliased(BillEvent)
    then = (
        sa.select(e.to_state)
        .where(e.tenant_id == tenant_id, e.bill_id == b.id, e.effective_on <= on)
        .order_by(e.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    moved = sa.exists().where(later.tenant_id == tenant_id, later.bill_id == b.id, later.effective_on > on)
    total = sa.cast(sa.func.coalesce(sa.func.sum(b.amount_minor), 0), sa.BigInteger)
    return int(
        db.execute(
            sa.select(total).where(
                b.tenant_id == tenant_id,
                b.currency == currency,
                sa.or_(b.state == "pledged", moved),
                then == "pledged",
            )
        ).scalar_one()
    )
