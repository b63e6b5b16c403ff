"""Finds interest that was charged and is not right any more, line by line: corrections are proposed, never silent.

A payment unapplied, applied elsewhere or returned, a receipt entered later for a day already charged, a price error, an
invoice taken back: each changes what was owed on days that a charge covers (ADR 0028). Invariants: read only; a fixed
number of statements; the fingerprint covers every figure, so that what is posted is what was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.interest.late_debts import paid_by_item, terms_book
from ar.interest.models import (
    InterestCharge,
    InterestCorrection,
    InterestCorrectionLine,
    InterestLine,
    InterestReinstatement,
    InterestRun,
    InterestWaiver,
)
from ar.interest.rules.accrual import ONE_DAY, Debt, Rate
from ar.interest.rules.correction import ChargedDays, RightSegment, limited_to_claim, right_segments
from ar.ledger.lookups import counts_from
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.rules.due_dates import last_day_in_time
from kernel.views import DbRow, select_view, value, views
from tenants.queries import work_calendar


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A charged line and its difference. Amounts in minor units; `principal_minor`: as charged.

    `before_minor`: charged, with earlier corrections; `right_minor`: the sum of `segments`; `amount_minor`: what to
    charge (above 0) or to credit (below 0).
    """

    line_id: UUID
    charge_id: UUID
    charge_no: str
    charge_item_id: UUID
    item_id: UUID
    document_no: str
    kind: str
    due_on: date
    part: str
    from_on: date
    to_on: date
    days: int
    principal_minor: int
    rate: Rate
    before_minor: int
    right_minor: int
    amount_minor: int
    segments: tuple[RightSegment, ...]

    @property
    def right_days(self) -> int:
        """Returns the number of days that do bear interest."""
        return sum(segment.days for segment in self.segments)


@dataclass(frozen=True, slots=True)
class CorrectionGroup:
    """The lines to put right of a customer and currency."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    lines: tuple[CorrectionLine, ...]

    @property
    def credit_minor(self) -> int:
        """Returns what is to be credited, in minor units, as a positive number."""
        return -sum(line.amount_minor for line in self.lines if line.amount_minor < 0)

    @property
    def charge_minor(self) -> int:
        """Returns what is to be charged in addition, in minor units."""
        return sum(line.amount_minor for line in self.lines if line.amount_minor > 0)


@dataclass(frozen=True, slots=True)
class Corrections:
    """All that is to be put right, by customer number, currency and charge.

    `claims`: charge → what is claimed of it in minor units, less what was waived; no more is given back.
    """

    groups: tuple[CorrectionGroup, ...]
    claims: Mapping[UUID, int]

    @property
    def count(self) -> int:
        """Returns the number of lines."""
        return sum(len(group.lines) for group in self.groups)

    @property
    def fingerprint(self) -> str:
        """Returns the SHA-256 over every figure."""
        digest = hashlib.sha256()
        for group in self.groups:
            for line in group.lines:
                digest.update(f"|{line.line_id}{line.before_minor},{line.right_minor},{line.amount_minor}".encode())
        return digest.hexdigest()

    def only(self, line_ids: Iterable[UUID]) -> tuple[CorrectionGroup, ...]:
        """Returns the groups with these lines alone, their credits limited anew to what is claimed of each charge.

        A further charge that was not chosen makes no room for a credit.
        """
        wanted, groups = set(line_ids), []
        for group in self.groups:
            lines = _limited([line for line in group.lines if line.line_id in wanted], self.claims)
            if lines:
                groups.append(replace(group, lines=lines))
        return tuple(groups)

    def as_json(self) -> dict[str, Any]:
        """Returns the proposal for a program, line by line."""
        return {
            "lines": [
                {
                    "customer_no": group.customer_no,
                    "currency": group.currency,
                    "charge_no": line.charge_no,
                    "document_no": line.document_no,
                    "part": line.part,
                    "from_on": line.from_on,
                    "to_on": line.to_on,
                    "days": line.days,
                    "right_days": line.right_days,
                    "before_minor": line.before_minor,
                    "right_minor": line.right_minor,
                    "amount_minor": line.amount_minor,
                }
                for group in self.groups
                for line in group.lines
            ]
        }


@dataclass(frozen=True, slots=True)
class PostedCorrection:
    """A correction that was posted; `amount_minor` above 0: charged in addition, below 0: credited."""

    item_id: UUID
    document_no: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    document_on: date
    amount_minor: int
    reason: str
    reversed: bool
    recorded_at: datetime
    recorded_by: str


def posted_corrections(db: Session, tenant_id: UUID, *, limit: int = 50) -> list[PostedCorrection]:
    """Returns the last corrections posted, the newest first."""
    c = InterestCorrection
    rows = db.execute(_posted(tenant_id).order_by(c.recorded_at.desc(), c.document_no.desc()).limit(limit))
    return views(PostedCorrection, rows)


def documents_of_batch(db: Session, tenant_id: UUID, batch_id: UUID) -> list[PostedCorrection]:
    """Returns the corrections that were posted together, by number."""
    c = InterestCorrection
    rows = db.execute(_posted(tenant_id).where(c.batch_id == batch_id).order_by(c.document_no))
    return views(PostedCorrection, rows)


def _posted(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    c, customer = InterestCorrection, Customer
    return (
        select_view(
            PostedCorrection,
            item_id=value(c.item_id),
            document_no=value(c.document_no),
            customer_id=value(c.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            currency=value(c.currency),
            document_on=value(c.document_on),
            amount_minor=value(c.amount_minor),
            reason=value(c.reason),
            reversed=value(_is_reversed(tenant_id, c.item_id)),
            recorded_at=value(c.recorded_at),
            recorded_by=value(c.recorded_by),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == c.customer_id))
        .where(c.tenant_id == tenant_id)
    )


def corrections(
    db: Session, tenant_id: UUID, *, customer_id: UUID | None = None, currency: str | None = None
) -> Corrections:
    """Returns the charged lines that what is known now contradicts, of one customer or all. Five statements."""
    rows = db.execute(_charged_lines(tenant_id, customer_id, currency)).all()
    if not rows:
        return Corrections((), {})
    claims = _claims(db, tenant_id, {row.charge_id for row in rows})
    paid = paid_by_item(db, tenant_id, list({row.item_id for row in rows}))
    terms = terms_book(db, tenant_id, {row.customer_id for row in rows})
    is_working_day = work_calendar(db, tenant_id).is_working_day
    through: dict[UUID, date] = {}
    for row in rows:
        through[row.item_id] = max(row.to_on, through.get(row.item_id, row.to_on))
    wrong: dict[tuple[UUID, str, str, str], list[CorrectionLine]] = {}
    for _charge_id, several in groupby(rows, key=lambda row: row.charge_id):
        of_charge = list(several)
        lines = []
        for row in of_charge:
            debt = Debt(
                amount_minor=row.item_minor,
                currency=row.currency,
                due_on=last_day_in_time(row.due_on, row.roll, is_working_day),
                paid=tuple(paid.get(row.item_id, ())),
            )
            grace_days = terms.in_force(row.customer_id, row.currency, debt.due_on + ONE_DAY).grace_days
            lines.append(_correction_line(row, debt, grace_days, through[row.item_id]))
        first = of_charge[0]
        group = wrong.setdefault((first.customer_id, first.customer_no, first.customer_name, first.currency), [])
        group += _limited(lines, claims)
    groups = [
        CorrectionGroup(customer_id, number, name, code, tuple(lines))
        for (customer_id, number, name, code), lines in wrong.items()
        if lines
    ]
    return Corrections(tuple(groups), claims)


def _limited(lines: Sequence[CorrectionLine], claims: Mapping[UUID, int]) -> tuple[CorrectionLine, ...]:
    """Returns the lines that say a difference, the credits of each charge within what is claimed of it."""
    found: list[CorrectionLine] = []
    for charge_id, several in groupby(lines, key=lambda line: line.charge_id):
        of_charge = list(several)
        limited = limited_to_claim([line.amount_minor for line in of_charge], claims[charge_id])
        found += [replace(line, amount_minor=minor) for line, minor in zip(of_charge, limited, strict=True) if minor]
    return tuple(found)


def _correction_line(row: DbRow, debt: Debt, grace_days: int, through_on: date) -> CorrectionLine:
    rate = Rate.from_json(row.rate)
    segments: tuple[RightSegment, ...] = ()
    if not row.charge_reversed and not row.item_reversed:
        days = ChargedDays(part=row.part, from_on=row.from_on, to_on=row.to_on, rate=rate)
        segments = right_segments(days, debt, grace_days, through_on)
    before = row.corrected_minor + (0 if row.charge_reversed else row.amount_minor)
    right = sum(segment.amount_minor for segment in segments)
    return CorrectionLine(
        line_id=row.line_id,
        charge_id=row.charge_id,
        charge_no=row.charge_no,
        charge_item_id=row.charge_item_id,
        item_id=row.item_id,
        document_no=f"{row.document_no}/{row.instalment_no}" if row.instalment_no else row.document_no,
        kind=row.kind,
        due_on=row.due_on,
        part=row.part,
        from_on=row.from_on,
        to_on=row.to_on,
        days=row.days,
        principal_minor=row.principal_minor,
        rate=rate,
        before_minor=before,
        right_minor=right,
        amount_minor=right - before,
        segments=segments,
    )


def _charged_lines(tenant_id: UUID, customer_id: UUID | None, currency: str | None) -> sa.Select[*tuple[Any, ...]]:
    """Selects the charged lines that may be wrong, by customer number, currency and charge.

    Those are the lines of charges on which something was applied after the run, or counts from another day than it was
    applied; lines of reversed documents; and lines corrected before. A charge is selected whole.
    """
    line, charge, run, customer = InterestLine, InterestCharge, InterestRun, Customer
    item, document = aliased(OpenItem), aliased(OpenItem)
    select = (
        sa.select(
            *(line.id.label("line_id"), line.item_id, line.part, line.from_on, line.to_on, line.days, line.rate),
            *(line.principal_minor, line.amount_minor, charge.id.label("charge_id"), charge.customer_id),
            *(charge.document_no.label("charge_no"), charge.item_id.label("charge_item_id"), charge.currency),
            *(customer.number.label("customer_no"), customer.name.label("customer_name"), document.kind),
            *(document.document_no, document.instalment_no, document.due_on, document.roll),
            document.amount_minor.label("item_minor"),
            _is_reversed(tenant_id, charge.item_id).label("charge_reversed"),
            _is_reversed(tenant_id, line.item_id).label("item_reversed"),
            _corrected_minor(tenant_id, line.id).label("corrected_minor"),
        )
        .join(charge, sa.and_(charge.tenant_id == tenant_id, charge.id == line.charge_id))
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == charge.customer_id))
        .join(document, sa.and_(document.tenant_id == tenant_id, document.id == line.item_id))
        .where(line.tenant_id == tenant_id)
        .order_by(customer.number, charge.customer_id, charge.currency, charge.document_no, line.position)
    )
    if customer_id is not None:
        select = select.where(charge.customer_id == customer_id)
    if currency is not None:
        select = select.where(charge.currency == currency)
    touched = aliased(InterestLine)
    allocation, credit = aliased(Allocation), aliased(OpenItem)
    applied_since = (
        sa.select(sa.literal_column("1"))
        .select_from(allocation)
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == allocation.credit_item_id))
        .where(
            allocation.tenant_id == tenant_id,
            allocation.debit_item_id == touched.item_id,
            sa.or_(
                allocation.recorded_at >= run.recorded_at,
                allocation.effective_on != counts_from(item, credit),
            ),
        )
        .exists()
    )
    suspect = (
        sa.select(touched.charge_id)
        .join(InterestCharge, sa.and_(charge.tenant_id == tenant_id, charge.id == touched.charge_id))
        .join(run, sa.and_(run.tenant_id == tenant_id, run.id == charge.run_id))
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == touched.item_id))
        .where(
            touched.tenant_id == tenant_id,
            sa.or_(
                applied_since,
                _is_reversed(tenant_id, touched.item_id),
                _corrected_minor(tenant_id, touched.id) != 0,
            ),
        )
    )
    return select.where(charge.id.in_(suspect))


def _is_reversed(tenant_id: UUID, item_id: Any) -> sa.ColumnElement[bool]:
    mirror = aliased(OpenItem)
    return sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item_id)


def _corrected_minor(tenant_id: UUID, line_id: Any) -> sa.ScalarSelect[int]:
    """Returns the sum of the corrections in force on a line, in minor units."""
    part, whole = aliased(InterestCorrectionLine), aliased(InterestCorrection)
    return (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(part.amount_minor), 0), sa.BigInteger))
        .select_from(part)
        .join(whole, sa.and_(whole.tenant_id == tenant_id, whole.id == part.correction_id))
        .where(part.tenant_id == tenant_id, part.line_id == line_id, ~_is_reversed(tenant_id, whole.item_id))
        .scalar_subquery()
    )


def _claims(db: Session, tenant_id: UUID, charge_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Returns per charge what is claimed of it in minor units: with its corrections, less what was waived of it."""
    charge, line, waiver, back = InterestCharge, aliased(InterestLine), InterestWaiver, InterestReinstatement
    waived = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(waiver.amount_minor), 0), sa.BigInteger))
        .where(
            waiver.tenant_id == tenant_id,
            waiver.charge_id == charge.id,
            ~sa.exists().where(back.tenant_id == tenant_id, back.waiver_id == waiver.id),
        )
        .scalar_subquery()
    )
    corrected = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(_corrected_minor(tenant_id, line.id)), 0), sa.BigInteger))
        .where(line.tenant_id == tenant_id, line.charge_id == charge.id)
        .scalar_subquery()
    )
    charged = sa.case((_is_reversed(tenant_id, charge.item_id), 0), else_=charge.amount_minor)
    rows = db.execute(
        sa.select(charge.id, (charged + corrected - waived).label("claim")).where(
            charge.tenant_id == tenant_id, charge.id.in_(sorted(charge_ids))
        )
    )
    return {row.id: row.claim for row in rows}
