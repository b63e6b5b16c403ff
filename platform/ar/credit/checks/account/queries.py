"""Reads what the credit page of one customer shows beside its exposure.

Invariant: a constant number of statements, each by the customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.checks.models import CheckOverride, OverLimitRequest, ShippingHold
from ar.credit.limits.models import CreditLimit, Guarantee, LimitChange
from ar.customers.models import Customer
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views


@dataclass(frozen=True, slots=True)
class NamedCustomer:
    """The customer whose credit is shown."""

    id: UUID
    number: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as it was granted; one whose end lies before its first day never came into force."""

    id: UUID
    kind: str
    currency: str
    amount_minor: int | None
    unlimited: bool
    term_days: int | None
    grade: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reason: str
    recorded_at: datetime
    recorded_by: str
    approval_id: UUID | None

    def state(self, today: date) -> str:
        """Returns now, coming, over or never."""
        if self.valid_to is not None and self.valid_to < self.valid_from:
            return "never"
        if self.valid_from > today:
            return "coming"
        return "over" if self.valid_to is not None and self.valid_to < today else "now"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A limit that was asked for."""

    id: UUID
    kind: str
    currency: str
    amount_minor: int | None
    unlimited: bool
    term_days: int | None
    valid_from: date
    valid_to: date | None
    reason: str
    state: str
    source: str
    approval_id: UUID | None
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop of shipments; `lifted_at` None while nobody lifted it."""

    id: UUID
    kind: str
    reason: str
    until_on: date | None
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_reason: str | None
    notice_number: str | None
    notice_sha256: str | None


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A check that the customer passes through a day."""

    id: UUID
    code: str
    until_on: date
    reason: str
    granted_by: str
    granted_at: datetime
    ended_at: datetime | None
    ended_by: str | None

    def is_active(self, today: date) -> bool:
        """Whether it counts on a day."""
        return self.ended_at is None and today <= self.until_on


@dataclass(frozen=True, slots=True)
class GuaranteeRow:
    """A security of the customer's debts."""

    id: UUID
    kind: str
    provider: str
    reference: str
    currency: str
    amount_minor: int
    valid_from: date
    valid_to: date | None
    claim_by_on: date | None
    file_name: str
    note: str
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None

    def is_in_force(self, on: date) -> bool:
        """Whether it secures anything on a day."""
        return self.ended_at is None and (self.valid_to is None or self.valid_to >= on)


@dataclass(frozen=True, slots=True)
class RequestRow:
    """An over-limit request of the customer."""

    id: UUID
    number: str
    order_no: str
    currency: str
    order_minor: int
    excess_minor: int | None
    excess_bps: int | None
    valid_until_on: date
    state: str
    requested_by: str
    requested_at: datetime


def named_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> NamedCustomer:
    """Returns the customer. Raises NotFound(`customer_not_found`)."""
    c = Customer
    row = db.execute(
        select_view(
            NamedCustomer, id=value(c.id), number=value(c.number), name=value(c.name), language=value(c.language)
        ).where(c.tenant_id == tenant_id, c.id == customer_id)
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(NamedCustomer, row)


def limits_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[LimitRow]:
    """Returns every limit that was granted, the newest first."""
    x = CreditLimit
    rows = db.execute(
        select_view(
            LimitRow,
            id=value(x.id),
            kind=value(x.kind),
            currency=value(x.currency),
            amount_minor=value(x.amount_minor),
            unlimited=value(x.unlimited),
            term_days=value(x.term_days),
            grade=value(x.grade),
            valid_from=value(x.valid_from),
            valid_to=value(x.valid_to),
            source=value(x.source),
            reason=value(x.reason),
            recorded_at=value(x.recorded_at),
            recorded_by=value(x.recorded_by),
            approval_id=value(x.approval_id),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id)
        .order_by(x.recorded_at.desc(), x.id.desc())
    )
    return views(LimitRow, rows)


def changes_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[ChangeRow]:
    """Returns the limits that were asked for and wait, or were refused, the newest first."""
    x = LimitChange
    rows = db.execute(
        select_view(
            ChangeRow,
            id=value(x.id),
            kind=value(x.kind),
            currency=value(x.currency),
            amount_minor=value(x.amount_minor),
            unlimited=value(x.unlimited),
            term_days=value(x.term_days),
            valid_from=value(x.valid_from),
            valid_to=value(x.valid_to),
            reason=value(x.reason),
            state=value(x.state),
            source=value(x.source),
            approval_id=value(x.approval_id),
            requested_by=value(x.requested_by),
            requested_at=value(x.requested_at),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id, x.state != "approved")
        .order_by(x.requested_at.desc(), x.id.desc())
    )
    return views(ChangeRow, rows)


def stops_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[StopRow]:
    """Returns the stops of shipments, those not lifted first, then the newest."""
    x = ShippingHold
    rows = db.execute(
        select_view(
            StopRow,
            id=value(x.id),
            kind=value(x.kind),
            reason=value(x.reason),
            until_on=value(x.until_on),
            placed_by=value(x.placed_by),
            placed_at=value(x.placed_at),
            lifted_by=value(x.lifted_by),
            lifted_at=value(x.lifted_at),
            lifted_reason=value(x.lifted_reason),
            notice_number=value(x.notice_number),
            notice_sha256=value(x.notice_sha256),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id)
        .order_by(x.lifted_at.desc().nulls_first(), x.placed_at.desc(), x.id)
    )
    return views(StopRow, rows)


def overrides_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[OverrideRow]:
    """Returns the overrides of checks, the newest first."""
    x = CheckOverride
    rows = db.execute(
        select_view(
            OverrideRow,
            id=value(x.id),
            code=value(x.code),
            until_on=value(x.until_on),
            reason=value(x.reason),
            granted_by=value(x.granted_by),
            granted_at=value(x.granted_at),
            ended_at=value(x.ended_at),
            ended_by=value(x.ended_by),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id)
        .order_by(x.granted_at.desc(), x.id)
    )
    return views(OverrideRow, rows)


def guarantees_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[GuaranteeRow]:
    """Returns the guarantees, those in force first, then by their end."""
    x = Guarantee
    rows = db.execute(
        select_view(
            GuaranteeRow,
            id=value(x.id),
            kind=value(x.kind),
            provider=value(x.provider),
            reference=value(x.reference),
            currency=value(x.currency),
            amount_minor=value(x.amount_minor),
            valid_from=value(x.valid_from),
            valid_to=value(x.valid_to),
            claim_by_on=value(x.claim_by_on),
            file_name=value(x.file_name),
            note=value(x.note),
            ended_at=value(x.ended_at),
            ended_by=value(x.ended_by),
            ended_reason=value(x.ended_reason),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id)
        .order_by(x.ended_at.desc().nulls_first(), x.valid_to.asc().nulls_last(), x.id)
    )
    return views(GuaranteeRow, rows)


def requests_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[RequestRow]:
    """Returns the over-limit requests of a customer, the newest first."""
    x = OverLimitRequest
    rows = db.execute(
        select_view(
            RequestRow,
            id=value(x.id),
            number=value(x.number),
            order_no=value(x.order_no),
            currency=value(x.currency),
            order_minor=value(x.order_minor),
            excess_minor=value(x.excess_minor),
            excess_bps=value(x.excess_bps),
            valid_until_on=value(x.valid_until_on),
            state=value(x.state),
            requested_by=value(x.requested_by),
            requested_at=value(x.requested_at),
        )
        .where(x.tenant_id == tenant_id, x.customer_id == customer_id)
        .order_by(x.requested_at.desc(), x.id)
        .limit(20)
    )
    return views(RequestRow, rows)
