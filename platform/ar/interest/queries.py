"""Queries of the interest pages: runs, a run, a charge with its lines and waivers, terms.

Invariants: read only; a fixed number of statements per page; whether a charge is reversed is selected from the ledger,
never stored twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.interest.late_debts import terms_of
from ar.interest.models import (
    InterestCharge,
    InterestLine,
    InterestReinstatement,
    InterestRun,
    InterestTerms,
    InterestWaiver,
)
from ar.interest.rules.accrual import AccrualTerms, Rate
from ar.ledger.models import OpenItem
from kernel.errors import NotFound
from kernel.views import LATER, DbRow, select_view, value, view, views


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the list; `totals`: minor units per currency; `reversed_count`: documents reversed since."""

    id: UUID
    number: str
    through_on: date
    document_on: date
    recorded_at: datetime
    recorded_by: str
    documents: int
    reversed_count: int
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """An interest document with its original, open and waived amounts."""

    id: UUID
    run_id: UUID
    run_number: str
    through_on: date
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    item_id: UUID
    document_no: str
    document_on: date
    due_on: date
    amount_minor: int
    open_minor: int
    reversed: bool
    waived_minor: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a charge with the late document it is about."""

    item_id: UUID
    document_no: str
    kind: str
    due_on: date
    part: str
    principal_minor: int
    from_on: date
    to_on: date
    days: int
    rate: Rate
    exact_minor: Decimal
    amount_minor: int


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """A waiver and, if reinstated, by whom and why."""

    id: UUID
    item_id: UUID
    document_no: str
    waived_on: date
    amount_minor: int
    reason: str
    approval_id: UUID | None
    recorded_at: datetime
    recorded_by: str
    reinstated_at: datetime | None
    reinstated_by: str | None
    reinstated_reason: str | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run and its documents."""

    run: RunRow
    charges: list[ChargeRow]

    def as_json(self) -> dict[str, Any]:
        """Returns the run for a program: its number and its documents."""
        documents = [
            {
                "document_no": each.document_no,
                "customer_no": each.customer_no,
                "currency": each.currency,
                "amount_minor": each.amount_minor,
                "due_on": each.due_on,
            }
            for each in self.charges
        ]
        return {"run": self.run.number, "documents": documents}


@dataclass(frozen=True, slots=True)
class ChargePage:
    """An interest document with its calculation and waivers."""

    charge: ChargeRow
    lines: list[LineRow]
    waivers: list[WaiverRow]


@dataclass(frozen=True, slots=True)
class TermsView:
    """Recorded terms in a list."""

    id: UUID
    currency: str | None
    from_on: date
    terms: AccrualTerms
    note: str
    recorded_at: datetime
    recorded_by: str


def runs(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[RunRow], int]:
    """Returns runs, the newest first, and their total number."""
    r = InterestRun
    total = db.execute(sa.select(sa.func.count()).select_from(r).where(r.tenant_id == tenant_id)).scalar_one()
    found = db.execute(
        _runs(tenant_id).order_by(r.recorded_at.desc(), r.number.desc()).offset(offset).limit(limit)
    ).all()
    sums = _run_totals(db, tenant_id, [row.id for row in found])
    return [_run_row(row, *sums.get(row.id, (0, 0, {}))) for row in found], total


def run_page(db: Session, tenant_id: UUID, run_id: UUID) -> RunPage:
    """Returns a run. Raises NotFound(`interest_run_not_found`)."""
    r = InterestRun
    row = db.execute(_runs(tenant_id).where(r.id == run_id)).first()
    if row is None:
        raise NotFound("interest_run_not_found")
    charges = _charges(db, tenant_id, InterestCharge.run_id == run_id)
    totals: dict[str, int] = {}
    for each in charges:
        totals[each.currency] = totals.get(each.currency, 0) + each.amount_minor
    return RunPage(_run_row(row, len(charges), sum(each.reversed for each in charges), totals), charges)


def charge_page(db: Session, tenant_id: UUID, charge_id: UUID) -> ChargePage:
    """Returns an interest document. Raises NotFound(`interest_charge_not_found`)."""
    found = _charges(db, tenant_id, InterestCharge.id == charge_id)
    if not found:
        raise NotFound("interest_charge_not_found")
    line, item = InterestLine, OpenItem
    rows = db.execute(
        select_view(
            LineRow,
            item_id=value(line.item_id),
            document_no=value(item.document_no),
            kind=value(item.kind),
            due_on=value(item.due_on),
            part=value(line.part),
            principal_minor=value(line.principal_minor),
            from_on=value(line.from_on),
            to_on=value(line.to_on),
            days=value(line.days),
            rate=LATER,
            exact_minor=value(line.exact_minor),
            amount_minor=value(line.amount_minor),
        )
        .add_columns(line.rate)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == line.item_id))
        .where(line.tenant_id == tenant_id, line.charge_id == charge_id)
        .order_by(line.position)
    )
    lines = [view(LineRow, row, rate=Rate.from_json(row.rate)) for row in rows]
    return ChargePage(found[0], lines, _waivers(db, tenant_id, charge_id))


def charges_of_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> list[ChargeRow]:
    """Returns the interest documents of a customer, the newest first."""
    return list(reversed(_charges(db, tenant_id, InterestCharge.customer_id == customer_id)))


def charge_of_waiver(db: Session, tenant_id: UUID, waiver_id: UUID) -> UUID:
    """Returns the charge of a waiver. Raises NotFound(`interest_waiver_not_found`)."""
    w = InterestWaiver
    found = db.execute(sa.select(w.charge_id).where(w.tenant_id == tenant_id, w.id == waiver_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("interest_waiver_not_found")
    return found


def recorded_terms(db: Session, tenant_id: UUID, customer_id: UUID | None) -> list[TermsView]:
    """Returns the terms of a customer, or of the company (None), the latest in force first."""
    t = InterestTerms
    owner = t.customer_id.is_(None) if customer_id is None else t.customer_id == customer_id
    rows = db.execute(
        sa.select(t)
        .where(t.tenant_id == tenant_id, owner)
        .order_by(t.from_on.desc(), t.recorded_at.desc(), t.id.desc())
    ).scalars()
    return [
        TermsView(
            id=row.id,
            currency=row.currency,
            from_on=row.from_on,
            terms=terms_of(row),
            note=row.note,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
        )
        for row in rows
    ]


def terms_version(recorded: Sequence[TermsView]) -> dict[str, list[str]]:
    """Returns what the version of a form for new terms is made of: the ids of the terms on its page."""
    return {"terms": [str(each.id) for each in recorded]}


def customer_number_and_name(db: Session, tenant_id: UUID, customer_id: UUID) -> tuple[str, str]:
    """Returns (number, name) of a customer. Raises NotFound(`customer_not_found`)."""
    c = Customer
    row = db.execute(sa.select(c.number, c.name).where(c.tenant_id == tenant_id, c.id == customer_id)).first()
    if row is None:
        raise NotFound("customer_not_found")
    return row.number, row.name


def _runs(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    run = InterestRun
    return select_view(
        RunRow,
        id=value(run.id),
        number=value(run.number),
        through_on=value(run.through_on),
        document_on=value(run.document_on),
        recorded_at=value(run.recorded_at),
        recorded_by=value(run.recorded_by),
        documents=LATER,
        reversed_count=LATER,
        totals=LATER,
    ).where(run.tenant_id == tenant_id)


def _run_row(row: DbRow, documents: int, reversed_count: int, totals: dict[str, int]) -> RunRow:
    return view(RunRow, row, documents=documents, reversed_count=reversed_count, totals=totals)


def _charges(db: Session, tenant_id: UUID, condition: sa.ColumnElement[bool]) -> list[ChargeRow]:
    charge, run, customer, item, mirror = InterestCharge, InterestRun, Customer, OpenItem, aliased(OpenItem)
    waiver, back = InterestWaiver, InterestReinstatement
    waived = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(waiver.amount_minor), 0), sa.BigInteger))
        .where(
            waiver.tenant_id == tenant_id,
            waiver.charge_id == charge.id,
            ~sa.exists().where(back.tenant_id == tenant_id, back.waiver_id == waiver.id),
        )
        .scalar_subquery()
    )
    rows = db.execute(
        select_view(
            ChargeRow,
            id=value(charge.id),
            run_id=value(charge.run_id),
            run_number=value(run.number),
            through_on=value(run.through_on),
            customer_id=value(charge.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            currency=value(charge.currency),
            item_id=value(charge.item_id),
            document_no=value(charge.document_no),
            document_on=value(item.document_on),
            due_on=value(item.due_on),
            amount_minor=value(charge.amount_minor),
            open_minor=value(item.open_minor),
            reversed=value(sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == charge.item_id)),
            waived_minor=value(waived),
        )
        .join(run, sa.and_(run.tenant_id == tenant_id, run.id == charge.run_id))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == charge.customer_id))
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == charge.item_id))
        .where(charge.tenant_id == tenant_id, condition)
        .order_by(charge.document_no)
    )
    return views(ChargeRow, rows)


def _waivers(db: Session, tenant_id: UUID, charge_id: UUID) -> list[WaiverRow]:
    waiver, back = InterestWaiver, InterestReinstatement
    rows = db.execute(
        select_view(
            WaiverRow,
            id=value(waiver.id),
            item_id=value(waiver.item_id),
            document_no=value(waiver.document_no),
            waived_on=value(waiver.waived_on),
            amount_minor=value(waiver.amount_minor),
            reason=value(waiver.reason),
            approval_id=value(waiver.approval_id),
            recorded_at=value(waiver.recorded_at),
            recorded_by=value(waiver.recorded_by),
            reinstated_at=value(back.recorded_at),
            reinstated_by=value(back.recorded_by),
            reinstated_reason=value(back.reason),
        )
        .outerjoin(back, sa.and_(back.tenant_id == tenant_id, back.waiver_id == waiver.id))
        .where(waiver.tenant_id == tenant_id, waiver.charge_id == charge_id)
        .order_by(waiver.recorded_at, waiver.id)
    )
    return views(WaiverRow, rows)


def _run_totals(db: Session, tenant_id: UUID, run_ids: list[UUID]) -> dict[UUID, tuple[int, int, dict[str, int]]]:
    """Returns per run: documents, reversed documents, and minor units per currency."""
    charge, mirror = InterestCharge, aliased(OpenItem)
    rows = db.execute(
        sa.select(
            charge.run_id,
            charge.currency,
            sa.func.count(),
            sa.func.count(mirror.id),
            sa.cast(sa.func.sum(charge.amount_minor), sa.BigInteger),
        )
        .outerjoin(mirror, sa.and_(mirror.tenant_id == tenant_id, mirror.reverses_id == charge.item_id))
        .where(charge.tenant_id == tenant_id, charge.run_id.in_(run_ids))
        .group_by(charge.run_id, charge.currency)
        .order_by(charge.currency)
    )
    sums: dict[UUID, tuple[int, int, dict[str, int]]] = {}
    for run_id, currency, count, reversed_count, minor in rows:
        before = sums.get(run_id, (0, 0, {}))
        sums[run_id] = (before[0] + count, before[1] + reversed_count, {**before[2], currency: minor})
    return sums
