"""Reads from the ledger how customers traded in the last half year: sales by month, and how they paid (R046).

Invariants: a constant number of statements whatever the number of customers; sales are gross of tax, as the receivables
are, less credit notes for goods and price and less returns; a document taken back counts for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.credit.rules.suggestion import MonthOfSales, full_months
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.rules import kpis
from ar.ledger.rules.due_dates import end_of_month
from kernel.views import DbRow

INVOICED: Final = ("invoice", "debit_note")
SALES: Final = (*INVOICED, "credit_note", "goods_return")
PAYMENTS: Final = ("receipt", "bill")
GOODWILL: Final = "goodwill"
BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class TradingMonth:
    """One calendar month of a customer in one currency: invoices, and net sales in minor units, gross of tax."""

    first_on: date
    documents: int
    sales_minor: int


@dataclass(frozen=True, slots=True)
class HalfYear:
    """Up to six full months of a customer in one currency, the oldest first, and the money that came in them.

    `paid_minor_days`: amount × days from the document to the day its money came; `on_time_minor`: came by the due date.
    """

    currency: str
    months: tuple[TradingMonth, ...]
    paid_minor: int = 0
    paid_minor_days: int = 0
    on_time_minor: int = 0

    @property
    def sales(self) -> tuple[MonthOfSales, ...]:
        """Returns the months as the suggestion takes them."""
        return tuple(MonthOfSales(each.first_on, each.sales_minor) for each in self.months)

    @property
    def days_to_pay(self) -> Decimal | None:
        """Returns the average days from a document to its money; None when none came."""
        return kpis.days_to_pay(self.paid_minor_days, self.paid_minor)

    @property
    def on_time_bps(self) -> int | None:
        """Returns the share of the money that came by the due date, in basis points; None when none came."""
        return self.on_time_minor * BPS // self.paid_minor if self.paid_minor else None

    def as_json(self) -> dict[str, Any]:
        """Returns the record as an assessment keeps it."""
        return {
            "currency": self.currency,
            "months": [
                {"month": each.first_on.isoformat()[:7], "documents": each.documents, "sales_minor": each.sales_minor}
                for each in self.months
            ],
            "sales_minor": sum(each.sales_minor for each in self.months),
            "paid_minor": self.paid_minor,
            "days_to_pay": None if self.days_to_pay is None else str(self.days_to_pay),
            "on_time_bps": self.on_time_bps,
        }


def half_years(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], as_of: date
) -> dict[UUID, dict[str, HalfYear]]:
    """Returns by customer and currency the last six full months by `as_of`; customers without any sale are absent."""
    firsts = _first_sales(db, tenant_id, customer_ids, as_of)
    shown = {key: full_months(as_of, first_on) for key, first_on in firsts.items()}
    window = sorted({first for months in shown.values() for first in months})
    if not window:
        return {customer_id: {currency: HalfYear(currency, ())} for customer_id, currency in firsts}
    from_on, through_on = window[0], end_of_month(window[-1])
    sold = _sold(db, tenant_id, customer_ids, from_on, through_on)
    paid = _paid(db, tenant_id, customer_ids, from_on, through_on)
    found: dict[UUID, dict[str, HalfYear]] = defaultdict(dict)
    for (customer_id, currency), months in shown.items():
        each = tuple(sold.get((customer_id, currency, first), TradingMonth(first, 0, 0)) for first in months)
        money = paid.get((customer_id, currency))
        found[customer_id][currency] = HalfYear(
            currency=currency,
            months=each,
            paid_minor=money.paid_minor if money else 0,
            paid_minor_days=int(money.paid_minor_days) if money else 0,
            on_time_minor=money.on_time_minor if money else 0,
        )
    return dict(found)


def main_currency(half_years_of: dict[str, HalfYear], otherwise: str) -> str:
    """Returns the currency of most documents of the half year, else `otherwise`."""
    counts = {code: sum(month.documents for month in each.months) for code, each in half_years_of.items()}
    most = max(counts.values(), default=0)
    return min((code for code, count in counts.items() if count == most), default=otherwise) if most else otherwise


def first_of_month(month: str) -> date:
    """Returns the first day of a month written as a record keeps it, "2026-05"."""
    return date.fromisoformat(f"{month}-01")


def _of(customer_ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    return OpenItem.customer_id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid)))


def _first_sales(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], as_of: date
) -> dict[tuple[UUID, str], date]:
    item = OpenItem
    rows = db.execute(
        sa.select(item.customer_id, item.currency, sa.func.min(item.document_on).label("first_on"))
        .where(item.tenant_id == tenant_id, _of(customer_ids), item.kind.in_(INVOICED), item.document_on <= as_of)
        .group_by(item.customer_id, item.currency)
    )
    return {(row.customer_id, row.currency): row.first_on for row in rows}


def _sold(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date, through_on: date
) -> dict[tuple[UUID, str, date], TradingMonth]:
    """Returns the months with sales, by customer, currency and first of the month."""
    item, original = OpenItem, aliased(OpenItem)
    month = sa.cast(sa.func.date_trunc("month", sa.cast(item.document_on, sa.DateTime)), sa.Date).label("month")
    kind = sa.func.coalesce(original.kind, item.kind)
    reason = sa.func.coalesce(original.credit_reason, item.credit_reason, "")
    invoices = sa.func.count(sa.distinct(item.entry_id)).filter(item.kind == "invoice")
    rows = db.execute(
        sa.select(
            item.customer_id,
            item.currency,
            month,
            invoices.label("documents"),
            sa.cast(sa.func.sum(item.side * item.amount_minor), sa.BigInteger).label("sales_minor"),
        )
        .outerjoin(original, sa.and_(original.tenant_id == tenant_id, original.id == item.reverses_id))
        .where(
            item.tenant_id == tenant_id,
            _of(customer_ids),
            item.document_on.between(from_on, through_on),
            kind.in_(SALES),
            reason != GOODWILL,
        )
        .group_by(item.customer_id, item.currency, month)
    )
    return {
        (row.customer_id, row.currency, row.month): TradingMonth(
            first_on=row.month, documents=row.documents, sales_minor=row.sales_minor
        )
        for row in rows
    }


def _paid(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date, through_on: date
) -> dict[tuple[UUID, str], DbRow]:
    """Returns the money that came in the period and stands applied to invoices, by customer and currency."""
    allocation, credit, debit = Allocation, aliased(OpenItem), OpenItem
    minor = allocation.amount_minor
    in_time = credit.came_on <= debit.due_on
    rows = db.execute(
        sa.select(
            debit.customer_id,
            debit.currency,
            sa.cast(sa.func.sum(minor), sa.BigInteger).label("paid_minor"),
            sa.cast(sa.func.sum(minor * (credit.came_on - debit.document_on)), sa.Numeric(38, 0)).label(
                "paid_minor_days"
            ),
            sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(in_time), 0), sa.BigInteger).label("on_time_minor"),
        )
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == allocation.credit_item_id))
        .join(debit, sa.and_(debit.tenant_id == tenant_id, debit.id == allocation.debit_item_id))
        .where(
            allocation.tenant_id == tenant_id,
            _of(customer_ids),
            credit.kind.in_(PAYMENTS),
            ~credit.conditional,
            credit.came_on.between(from_on, through_on),
            debit.kind.in_(INVOICED),
        )
        .group_by(debit.customer_id, debit.currency)
    )
    return {(row.customer_id, row.currency): row for row in rows}
