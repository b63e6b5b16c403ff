"""Loads the key figures of a month and currency: closing balances, turnover, and the ratios of R136 and R137.

Invariants: six statements whatever the size; balances are as of the period's last day, so that a closed month never
changes; money counts in the month in which it came (ADR 0028), so that a receipt entered late belongs to its own month;
ratios are computed by `ar.ledger.rules.kpis`, and are None without a denominator.
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
from ar.ledger.lookups import (
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
    select_credits_netted,
)
from ar.ledger.models import Allocation, Entry, OpenItem, Posting
from ar.ledger.rules import kpis
from ar.ledger.rules.aging import BUCKET_COLUMNS, bucket_minors, bucket_ranges
from ar.ledger.rules.due_dates import add_months
from ar.ledger.rules.stages import TRADE_KINDS
from kernel.views import LATER, select_view, value, view

#: Months of sales used for the countback DSO; receivables older than that give no figure.
MONTHS_BACK: Final = 24
LONG_MONTHS: Final = 12
INVOICED: Final = ("invoice", "debit_note")
SALES: Final = (*INVOICED, "credit_note", "goods_return")
#: Money, and bills that were honoured, less what was paid back and what came in on debts already written off.
RECEIVED: Final = ("receipt", "bill", "refund", "recovery")
PAYMENTS: Final = ("receipt", "bill")
WRITTEN_OFF: Final = ("bad_debt",)


@dataclass(frozen=True, slots=True)
class ReceivablesBalance:
    """Open receivables in one currency at the end of a day, in minor units; `buckets_minor` as in the aging report.

    `long_minor`: dated more than a year before; `other_minor`: not from sales. Unapplied credits are not netted.
    """

    unapplied_minor: int = 0
    long_minor: int = 0
    other_minor: int = 0
    buckets_minor: tuple[int, ...] = (0, 0, 0, 0, 0)

    @property
    def owed_minor(self) -> int:
        """Returns all receivables, before unapplied credits."""
        return sum(self.buckets_minor)

    @property
    def current_minor(self) -> int:
        """Returns the receivables not past due."""
        return self.buckets_minor[0]

    @property
    def overdue_minor(self) -> int:
        """Returns the receivables past due."""
        return sum(self.buckets_minor[1:])


@dataclass(frozen=True, slots=True)
class _Paid:
    """Money of a period applied to invoices (minor units), the sum of amount × days, and the company's setting."""

    minor: int
    minor_days: int
    credits_netted: bool


@dataclass(frozen=True)
class Figures:
    """The figures of the page, minor units of `currency`. Sales are gross of tax, as the receivables are.

    `months`: the sales of each month, the newest first; `allowance_minor` and `pledged_minor` as of `to_on`.
    `currencies`: all with a balance or turnover; `netted`: receivables are shown after unapplied credits;
    `paid_minor`: money that came in the period for documents, `paid_minor_days` the sum of amount × days from each.
    """

    from_on: date
    to_on: date
    currency: str
    currencies: tuple[str, ...]
    end: ReceivablesBalance
    start: ReceivablesBalance
    months: tuple[kpis.MonthSales, ...]
    invoiced_minor: int
    received_minor: int
    written_off_minor: int
    allowance_minor: int | None
    pledged_minor: int
    paid_minor: int
    paid_minor_days: int
    netted: bool

    @property
    def receivables_minor(self) -> int:
        """Returns the receivables at the end as the company shows them, in minor units."""
        return kpis.receivables_shown(self.end.owed_minor, self.end.unapplied_minor, netted=self.netted)

    @property
    def days_to_pay(self) -> Decimal | None:
        """Returns the average days from a document to the day its money came, for money of the period."""
        return kpis.days_to_pay(self.paid_minor_days, self.paid_minor)

    @property
    def days(self) -> int:
        """Returns the calendar days of the period; of the current month those elapsed."""
        return (self.to_on - self.from_on).days + 1

    @property
    def sales_minor(self) -> int:
        """Returns the credit sales of the period: invoices and debit notes less credit notes and goods returned."""
        return self.months[0].sales_minor

    @property
    def _base_minor(self) -> int:
        """Returns the sales as a denominator: 0 (none) where more was credited than sold."""
        return max(self.sales_minor, 0)

    @property
    def overdue_rate(self) -> Decimal | None:
        """Returns overdue receivables in per cent of the receivables shown (R136)."""
        return kpis.overdue_ratio(self.end.overdue_minor, self.receivables_minor)

    @property
    def collection_rate(self) -> Decimal | None:
        """Returns what came in per cent of invoiced (R136)."""
        return kpis.percentage(self.received_minor, max(self.invoiced_minor, 0))

    @property
    def dso(self) -> Decimal | None:
        """Returns the simple DSO, in days."""
        return kpis.dso(self.end.owed_minor, self._base_minor, self.days)

    @property
    def countback(self) -> Decimal | None:
        """Returns the countback DSO, in days."""
        return kpis.countback_dso(self.end.owed_minor, self.months)

    @property
    def best_possible(self) -> Decimal | None:
        """Returns the best possible DSO, in days."""
        return kpis.best_possible_dso(self.end.current_minor, self._base_minor, self.days)

    @property
    def delinquent(self) -> Decimal | None:
        """Returns the average days delinquent."""
        return kpis.average_days_delinquent(self.end.overdue_minor, self._base_minor, self.days)

    @property
    def effectiveness(self) -> Decimal | None:
        """Returns the collection effectiveness index, in per cent."""
        opening, current = self.start.owed_minor, self.end.current_minor
        if opening + self.sales_minor - current <= 0:
            return None
        return kpis.collection_effectiveness(opening, self.sales_minor, self.end.owed_minor, current)

    @property
    def allowance_rate(self) -> Decimal | None:
        """Returns the allowance in per cent of the receivables."""
        return None if self.allowance_minor is None else kpis.percentage(self.allowance_minor, self.end.owed_minor)

    @property
    def write_off_rate(self) -> Decimal | None:
        """Returns bad debts written off in per cent of sales."""
        return kpis.bad_debt_ratio(self.written_off_minor, self._base_minor)

    def share(self, minor: int) -> Decimal | None:
        """Returns an amount in per cent of all receivables."""
        return kpis.percentage(minor, self.end.owed_minor)


def figures(db: Session, tenant_id: UUID, from_on: date, to_on: date, currency: str, own: str) -> Figures:
    """Returns the figures of the period (one month, both days included) in `currency`.

    `own`: the company's currency.
    """
    end, start = _balances_at(db, tenant_id, to_on), _balances_at(db, tenant_id, from_on - timedelta(days=1))
    first = add_months(from_on, 1 - MONTHS_BACK)
    flows = _flows(db, tenant_id, first, to_on)
    allowance, paid = _allowance(db, tenant_id, to_on), _paid(db, tenant_id, from_on, to_on, currency)
    in_period = {kind: minor for (code, month, kind), minor in flows.items() if code == currency and month == from_on}
    return Figures(
        from_on,
        to_on,
        currency,
        tuple(sorted({own, currency, *end, *start, *(code for code, _month, _kind in flows)})),
        end.get(currency, ReceivablesBalance()),
        start.get(currency, ReceivablesBalance()),
        _months(flows, from_on, to_on, currency),
        _sum(in_period, INVOICED),
        -_sum(in_period, RECEIVED),
        -_sum(in_period, WRITTEN_OFF),
        # Provision runs post in the company's own currency: in another one, no posting does not mean zero.
        allowance.get(currency, 0 if currency == own else None),
        _pledged(db, tenant_id, to_on, currency),
        paid.minor,
        paid.minor_days,
        paid.credits_netted,
    )


def _sum(turnover: Mapping[str, int], kinds: Iterable[str]) -> int:
    return sum(turnover.get(kind, 0) for kind in kinds)


def _months(
    flows: Mapping[tuple[str, date, str], int], from_on: date, to_on: date, currency: str
) -> tuple[kpis.MonthSales, ...]:
    """Returns sales and days of the period and of each month before it, the newest first."""
    months, last = [], to_on
    for back in range(MONTHS_BACK):
        first = add_months(from_on, -back)
        sold = sum(flows.get((currency, first, kind), 0) for kind in SALES)
        months.append(kpis.MonthSales(sold, (last - first).days + 1))
        last = first - timedelta(days=1)
    return tuple(months)


def _balances_at(db: Session, tenant_id: UUID, as_of: date) -> dict[str, ReceivablesBalance]:
    """Returns per currency the open receivables at the end of `as_of`."""
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
            ReceivablesBalance,
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
    return {row.currency: view(ReceivablesBalance, row, buckets_minor=bucket_minors(row)) for row in rows}


def _paid(db: Session, tenant_id: UUID, from_on: date, to_on: date, currency: str) -> _Paid:
    """Returns the money that came in the period and stands applied to invoices; asks for the setting on the way."""
    allocation, credit, debit = Allocation, aliased(OpenItem), aliased(OpenItem)
    minor = sa.func.coalesce(sa.func.sum(allocation.amount_minor), 0)
    weighted = sa.func.coalesce(sa.func.sum(allocation.amount_minor * (credit.came_on - debit.document_on)), 0)
    row = db.execute(
        sa.select(
            sa.cast(minor, sa.BigInteger).label("minor"),
            sa.cast(weighted, sa.Numeric(38, 0)).label("minor_days"),
            sa.func.coalesce(select_credits_netted(tenant_id), sa.true()).label("credits_netted"),
        )
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == allocation.credit_item_id))
        .join(debit, sa.and_(debit.tenant_id == tenant_id, debit.id == allocation.debit_item_id))
        .where(
            allocation.tenant_id == tenant_id,
            allocation.currency == currency,
            credit.kind.in_(PAYMENTS),
            ~credit.conditional,
            credit.came_on.between(from_on, to_on),
            debit.kind.in_(INVOICED),
        )
    ).one()
    return view(_Paid, row, minor_days=int(row.minor_days))


def _flows(db: Session, tenant_id: UUID, from_on: date, to_on: date) -> dict[tuple[str, date, str], int]:
    """Returns signed sums by (currency, first of the month, kind); a reversal counts against the kind it reverses.

    Money counts in the month in which it came, and a bill not paid not at all.
    """
    item, original = OpenItem, aliased(OpenItem)
    day = sa.case((item.kind.in_(PAYMENTS), item.came_on), else_=item.document_on)
    month = sa.cast(sa.func.date_trunc("month", sa.cast(day, sa.DateTime)), sa.Date).label("month")
    kind = sa.func.coalesce(original.kind, item.kind).label("root")
    rows = db.execute(
        sa.select(item.currency, month, kind, sa.cast(sa.func.sum(item.side * item.amount_minor), sa.BigInteger))
        .outerjoin(original, sa.and_(original.tenant_id == tenant_id, original.id == item.reverses_id))
        .where(
            item.tenant_id == tenant_id,
            day.between(from_on, to_on),
            ~item.conditional,
            ~sa.func.coalesce(original.conditional, sa.false()),
        )
        .group_by(item.currency, month, kind)
    )
    return {(currency, first_on, root): minor for currency, first_on, root, minor in rows}


def _allowance(db: Session, tenant_id: UUID, on: date) -> dict[str, int]:
    """Returns per currency the balance of the allowance account at the end of `on`; a credit balance is positive."""
    posting, entry = Posting, Entry
    rows = db.execute(
        sa.select(posting.currency, sa.cast(sa.func.sum(posting.credit_minor - posting.debit_minor), sa.BigInteger))
        .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == posting.entry_id))
        .where(posting.tenant_id == tenant_id, posting.account_code == "allowance", entry.effective_on <= on)
        .group_by(posting.currency)
    )
    return dict(rows.all())


def _pledged(db: Session, tenant_id: UUID, on: date, currency: str) -> int:
    """Returns the amount of bills pledged at the end of `on`: pledged now, or with a later event."""
    bill, event, later = Bill, BillEvent, aliased(BillEvent)
    state_on = (
        sa.select(event.to_state)
        .where(event.tenant_id == tenant_id, event.bill_id == bill.id, event.effective_on <= on)
        .order_by(event.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    moved = sa.exists().where(later.tenant_id == tenant_id, later.bill_id == bill.id, later.effective_on > on)
    total = sa.cast(sa.func.coalesce(sa.func.sum(bill.amount_minor), 0), sa.BigInteger)
    return int(
        db.execute(
            sa.select(total).where(
                bill.tenant_id == tenant_id,
                bill.currency == currency,
                sa.or_(bill.state == "pledged", moved),
                state_on == "pledged",
            )
        ).scalar_one()
    )
