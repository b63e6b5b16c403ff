"""Loads late debts with their payments and charged days, and the terms in force.

Invariants: five statements for any number of debts; no interest on interest; a reversed document bears none, and a
reversed charge frees its days; a payment counts from the day it came, whenever it was applied (ADR 0028); what was due
on a day off and came on the next working day is not late, unless agreed otherwise (ADR 0029).
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
from ar.interest.models import InterestCharge, InterestLine, InterestTerms
from ar.interest.rules.accrual import AccrualTerms, Debt, Span
from ar.interest.rules.terms import TermsBook, TermsRow
from ar.ledger.lookups import counts_from, last_came_on
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.rules.due_dates import last_day_in_time
from kernel.arrays import array_text
from tenants.queries import work_calendar

#: Kinds that bear interest. Interest itself, refunds and written-off items do not.
BEARING: Final = ("invoice", "debit_note", "opening")


@dataclass(frozen=True, slots=True)
class Scope:
    """The debts of a run: late by `through_on`; `as_of`: with the charges as at the end of that day (None: now)."""

    through_on: date
    customer_id: UUID | None = None
    currency: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class LateDebt:
    """A late document with its customer, and its debt for `assess`. `due_on`: as printed."""

    item_id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    kind: str
    document_no: str
    due_on: date
    debt: Debt


def late_debts(db: Session, tenant_id: UUID, scope: Scope) -> list[LateDebt]:
    """Returns the debts of `scope` by customer number, currency and due date."""
    i, c = OpenItem, Customer
    rows = db.execute(
        sa.select(
            *(i.id, i.customer_id, c.number.label("customer_no"), c.name.label("customer_name"), i.kind),
            *(i.document_no, i.instalment_no, i.currency, i.amount_minor, i.due_on, i.roll),
        )
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == i.customer_id))
        .where(*_late_conditions(tenant_id, scope))
        .order_by(c.number, i.customer_id, i.currency, i.due_on, i.document_no, i.instalment_no)
    ).all()
    ids = [row.id for row in rows]
    paid = paid_by_item(db, tenant_id, ids)
    charged, fixed = _charged_spans(db, tenant_id, ids, scope.as_of)
    is_working_day = work_calendar(db, tenant_id).is_working_day
    return [
        LateDebt(
            item_id=row.id,
            customer_id=row.customer_id,
            customer_no=row.customer_no,
            customer_name=row.customer_name,
            kind=row.kind,
            document_no=f"{row.document_no}/{row.instalment_no}" if row.instalment_no else row.document_no,
            due_on=row.due_on,
            debt=Debt(
                amount_minor=row.amount_minor,
                currency=row.currency,
                due_on=last_day_in_time(row.due_on, row.roll, is_working_day),
                paid=tuple(paid.get(row.id, ())),
                charged=tuple(charged.get(row.id, ())),
                fixed_charged=row.id in fixed,
            ),
        )
        for row in rows
    ]


def customers_in_scope(db: Session, tenant_id: UUID, scope: Scope) -> list[UUID]:
    """Returns the customers with debts in `scope`, to lock before the debts are loaded."""
    return list(
        db.execute(sa.select(OpenItem.customer_id).distinct().where(*_late_conditions(tenant_id, scope))).scalars()
    )


def terms_book(db: Session, tenant_id: UUID, customer_ids: Iterable[UUID]) -> TermsBook:
    """Returns the terms of the company and of these customers."""
    t = InterestTerms
    ids = sa.cast(sorted(set(customer_ids)), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(t)
        .where(t.tenant_id == tenant_id, sa.or_(t.customer_id.is_(None), t.customer_id == sa.any_(ids)))
        .order_by(t.recorded_at, t.id)
    ).scalars()
    return TermsBook(
        TermsRow(customer_id=row.customer_id, currency=row.currency, from_on=row.from_on, terms=terms_of(row))
        for row in rows
    )


def terms_of(row: InterestTerms) -> AccrualTerms:
    """Converts a stored row to the terms of the rules."""
    return AccrualTerms(
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
        document_minimum_minor=row.document_minimum_minor,
    )


def _late_conditions(tenant_id: UUID, scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Returns the conditions of debts late by the scope's day, not reversed and not fully charged."""
    i, mirror = OpenItem, aliased(OpenItem)
    is_reversed = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == i.id)
    if scope.as_of is not None:
        is_reversed = is_reversed.where(mirror.document_on <= scope.as_of)
    conditions = [
        i.tenant_id == tenant_id,
        i.side == 1,
        i.kind.in_(BEARING),
        i.due_on < scope.through_on,
        sa.or_(i.open_minor > 0, _paid_late(tenant_id)),
        ~is_reversed,
    ]
    if scope.as_of is None:
        conditions.append(sa.or_(i.open_minor > 0, ~_fully_charged(tenant_id)))
    if scope.customer_id is not None:
        conditions.append(i.customer_id == scope.customer_id)
    if scope.currency is not None:
        conditions.append(i.currency == scope.currency)
    return conditions


def _paid_late(tenant_id: UUID) -> sa.ColumnElement[bool]:
    """Returns the condition that a credit applied to the item came after its due date."""
    a, credit = aliased(Allocation), aliased(OpenItem)
    return (
        sa.select(sa.literal_column("1"))
        .select_from(a)
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == a.credit_item_id))
        .where(a.tenant_id == tenant_id, a.debit_item_id == OpenItem.id, credit.came_on > OpenItem.due_on)
        .exists()
    )


def _fully_charged(tenant_id: UUID) -> sa.ColumnElement[bool]:
    """Returns the condition that charges reach the day of payment and none is reversed: no need to assess again."""
    line, charge, mirror = aliased(InterestLine), aliased(InterestCharge), aliased(OpenItem)
    is_reversed = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == charge.item_id)
    of_item: Any = (
        sa.select(sa.literal_column("1"))
        .select_from(line)
        .join(charge, sa.and_(charge.tenant_id == tenant_id, charge.id == line.charge_id))
        .where(line.tenant_id == tenant_id, line.item_id == OpenItem.id)
    )
    reached = of_item.where(line.to_on >= last_came_on(tenant_id, OpenItem)).exists()
    return sa.and_(reached, ~of_item.where(is_reversed).exists())


def paid_by_item(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[tuple[date, int]]]:
    """Returns per debt what stands applied to it: (day it counts from, minor units), in the order of days.

    What was unapplied or returned counts nothing, also not for the days between. A bill counts from the day it was
    taken while nobody knows whether it is paid (no interest is asked meanwhile), and once it is from that day.
    """
    a, debit, credit = Allocation, aliased(OpenItem), aliased(OpenItem)
    day, minor = counts_from(debit, credit), sa.cast(sa.func.sum(a.amount_minor), sa.BigInteger)
    rows = db.execute(
        sa.select(a.debit_item_id, day.label("day"), minor.label("minor"))
        .join(debit, sa.and_(debit.tenant_id == tenant_id, debit.id == a.debit_item_id))
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == a.credit_item_id))
        .where(a.tenant_id == tenant_id, a.debit_item_id == sa.any_(_ids(ids)))
        .group_by(a.debit_item_id, day)
        .having(minor != 0)
        .order_by(a.debit_item_id, day)
    )
    paid: dict[UUID, list[tuple[date, int]]] = {}
    for item_id, on, amount in rows:
        paid.setdefault(item_id, []).append((on, amount))
    return paid


def _charged_spans(
    db: Session, tenant_id: UUID, ids: Sequence[UUID], as_of: date | None
) -> tuple[dict[UUID, list[Span]], set[UUID]]:
    """Returns per item the days of charges in force, and the items whose fixed sum was charged."""
    line, charge, document, mirror = InterestLine, InterestCharge, aliased(OpenItem), aliased(OpenItem)
    is_reversed = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == charge.item_id)
    select = (
        sa.select(line.item_id, line.part, line.from_on, line.to_on)
        .join(charge, sa.and_(charge.tenant_id == tenant_id, charge.id == line.charge_id))
        .where(line.tenant_id == tenant_id, line.item_id == sa.any_(_ids(ids)))
    )
    if as_of is None:
        select = select.where(~is_reversed)
    else:
        select = select.join(document, sa.and_(document.tenant_id == tenant_id, document.id == charge.item_id)).where(
            document.document_on <= as_of, ~is_reversed.where(mirror.document_on <= as_of)
        )
    spans: dict[UUID, list[Span]] = {}
    fixed = set()
    rows = db.execute(select)
    for item_id, part, from_on, to_on in rows:
        if part == "fixed":
            fixed.add(item_id)
        else:
            spans.setdefault(item_id, []).append((from_on, to_on))
    return spans, fixed


def _ids(ids: Sequence[UUID]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(array_text(ids), sa.Text), sa.ARRAY(sa.Uuid))
