"""From the books to debts: what was late, how it was paid, which days were charged, which terms and rates hold.

May import the tables of customers, ledger and this slice, and its pure rules. Invariants: five statements whatever
the size; interest on interest is never read; a document taken back bears nothing, a charge taken back frees its days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.interest.models import InterestCharge, InterestLine, InterestTerms, ReferenceRate
from ar.interest.rules.accrual import Debt, Span, Terms
from ar.interest.rules.presets import Published, RateTable
from ar.interest.rules.terms import TermsBook, TermsRow
from ar.ledger.models import Allocation, OpenItem
from kernel.arrays import array_text

#: What can bear interest. Interest itself, refunds and what was written off before do not.
BEARING: Final = ("invoice", "debit_note", "opening")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which debts: late by `through_on`; `as_of` (None: now) takes the charges as they stood at the end of a day."""

    through_on: date
    customer_id: UUID | None = None
    currency: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class LateDebt:
    """A document that was late, with everything that decides what it bears."""

    item_id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    kind: str
    document_no: str
    debt: Debt


def late_debts(db: Session, tenant_id: UUID, scope: Scope) -> list[LateDebt]:
    """The debts of `scope` by customer number, currency and due date."""
    i, c = OpenItem, Customer
    rows = db.execute(
        sa.select(
            *(i.id, i.customer_id, c.number.label("customer_no"), c.name.label("customer_name"), i.kind),
            *(i.document_no, i.instalment_no, i.currency, i.amount_minor, i.due_on),
        )
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == i.customer_id))
        .where(*_late(tenant_id, scope))
        .order_by(c.number, i.customer_id, i.currency, i.due_on, i.document_no, i.instalment_no)
    ).all()
    ids = [row.id for row in rows]
    paid = _paid(db, tenant_id, ids)
    charged, fixed = _charged(db, tenant_id, ids, scope.as_of)
    return [
        LateDebt(
            item_id=row.id,
            customer_id=row.customer_id,
            customer_no=row.customer_no,
            customer_name=row.customer_name,
            kind=row.kind,
            document_no=f"{row.document_no}/{row.instalment_no}" if row.instalment_no else row.document_no,
            debt=Debt(
                amount_minor=row.amount_minor,
                currency=row.currency,
                due_on=row.due_on,
                paid=tuple(paid.get(row.id, ())),
                charged=tuple(charged.get(row.id, ())),
                fixed_charged=row.id in fixed,
            ),
        )
        for row in rows
    ]


def customers_of(db: Session, tenant_id: UUID, scope: Scope) -> list[UUID]:
    """Whose debts are in `scope`: what must be locked before they are read for good."""
    return list(db.execute(sa.select(OpenItem.customer_id).distinct().where(*_late(tenant_id, scope))).scalars())


def terms_book(db: Session, tenant_id: UUID, customer_ids: Iterable[UUID]) -> TermsBook:
    """The company's terms and those of the customers named."""
    t = InterestTerms
    wanted = sa.cast(sorted(set(customer_ids)), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(t)
        .where(t.tenant_id == tenant_id, sa.or_(t.customer_id.is_(None), t.customer_id == sa.any_(wanted)))
        .order_by(t.recorded_at, t.id)
    ).scalars()
    return TermsBook(
        TermsRow(customer_id=row.customer_id, currency=row.currency, from_on=row.from_on, terms=terms_of(row))
        for row in rows
    )


def terms_of(row: InterestTerms) -> Terms:
    """The stored row as the rules take it."""
    return Terms(
        kind=row.kind,
        id=row.id,
        annual_percent=row.annual_percent,
        daily_percent=row.daily_percent,
        factor=row.factor,
        margin_percent=row.margin_percent,
        basis=row.basis,
        grace_days=row.grace_days,
        fixed_sum=row.fixed_sum,
        minimum_minor=row.minimum_minor,
    )


def rate_table(db: Session, tenant_id: UUID) -> RateTable:
    """The product's rates with those that the company recorded."""
    r = ReferenceRate
    rows = db.execute(
        sa.select(r.series, r.from_on, r.percent, r.source)
        .where(r.tenant_id == tenant_id)
        .order_by(r.recorded_at, r.id)
    )
    return RateTable(
        Published(series=row.series, from_on=row.from_on, percent=row.percent, source=row.source, own=True)
        for row in rows
    )


def _late(tenant_id: UUID, scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Late at some time by the scope's day, not taken back, and not charged to its end already."""
    i, mirror = OpenItem, aliased(OpenItem)
    taken_back = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == i.id)
    if scope.as_of is not None:
        taken_back = taken_back.where(mirror.document_on <= scope.as_of)
    wanted = [
        i.tenant_id == tenant_id,
        i.side == 1,
        i.kind.in_(BEARING),
        i.due_on < scope.through_on,
        sa.or_(i.cleared_on.is_(None), i.cleared_on > i.due_on),
        ~taken_back,
    ]
    if scope.as_of is None:
        wanted.append(sa.or_(i.cleared_on.is_(None), ~_charged_to_the_end(tenant_id)))
    if scope.customer_id is not None:
        wanted.append(i.customer_id == scope.customer_id)
    if scope.currency is not None:
        wanted.append(i.currency == scope.currency)
    return wanted


def _charged_to_the_end(tenant_id: UUID) -> sa.ColumnElement[bool]:
    """A standing charge reaches the day of payment and none was taken back: history need not be read again."""
    n, c, mirror = aliased(InterestLine), aliased(InterestCharge), aliased(OpenItem)
    gone = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == c.item_id)
    of_item: Any = (
        sa.select(sa.literal_column("1"))
        .select_from(n)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == n.charge_id))
        .where(n.tenant_id == tenant_id, n.item_id == OpenItem.id)
    )
    return sa.and_(of_item.where(n.to_on >= OpenItem.cleared_on).exists(), ~of_item.where(gone).exists())


def _paid(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[tuple[date, int]]]:
    a = Allocation
    rows = db.execute(
        sa.select(a.debit_item_id, a.effective_on, a.amount_minor)
        .where(a.tenant_id == tenant_id, a.debit_item_id == sa.any_(_ids(ids)))
        .order_by(a.effective_on, a.id)
    )
    paid: dict[UUID, list[tuple[date, int]]] = {}
    for item_id, on, minor in rows:
        paid.setdefault(item_id, []).append((on, minor))
    return paid


def _charged(
    db: Session, tenant_id: UUID, ids: Sequence[UUID], as_of: date | None
) -> tuple[dict[UUID, list[Span]], set[UUID]]:
    """Per item the days of standing charges, and the items whose fixed sum was charged."""
    n, c, document, mirror = InterestLine, InterestCharge, aliased(OpenItem), aliased(OpenItem)
    gone = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == c.item_id)
    wanted = (
        sa.select(n.item_id, n.part, n.from_on, n.to_on)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == n.charge_id))
        .where(n.tenant_id == tenant_id, n.item_id == sa.any_(_ids(ids)))
    )
    if as_of is None:
        wanted = wanted.where(~gone)
    else:
        wanted = wanted.join(document, sa.and_(document.tenant_id == tenant_id, document.id == c.item_id)).where(
            document.document_on <= as_of, ~gone.where(mirror.document_on <= as_of)
        )
    spans: dict[UUID, list[Span]] = {}
    fixed = set()
    rows = db.execute(wanted)
    for item_id, part, from_on, to_on in rows:
        if part == "fixed":
            fixed.add(item_id)
        else:
            spans.setdefault(item_id, []).append((from_on, to_on))
    return spans, fixed


def _ids(ids: Sequence[UUID]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(array_text(ids), sa.Text), sa.ARRAY(sa.Uuid))
