"""Reads over-limit requests for their list and their page.

Invariant: a constant number of statements; the figures are those that the deciders saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import OverLimitRequest
from ar.customers.models import Customer
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views


@dataclass(frozen=True, slots=True)
class OverLimitRow:
    """One request. `facts`: the figures of the day on which it was asked for."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    order_id: UUID
    order_no: str
    currency: str
    order_minor: int
    order_term_days: int | None
    excess_minor: int | None
    excess_bps: int | None
    excess_days: int | None
    reason: str
    payment_expected_on: date | None
    guarantee: str
    valid_until_on: date
    state: str
    conditions: str
    approval_id: UUID | None
    requested_by: str
    requested_at: datetime
    decided_at: datetime | None
    reasons: list[dict[str, Any]]
    facts: dict[str, Any]


def over_limit_requests(
    db: Session, tenant_id: UUID, *, state: str, offset: int, limit: int
) -> tuple[list[OverLimitRow], dict[str, int]]:
    """Returns one page of requests, the newest first, and their number by state."""
    x = OverLimitRequest
    where = (x.tenant_id == tenant_id,)
    counts = {
        row.state: row.number
        for row in db.execute(sa.select(x.state, sa.func.count().label("number")).where(*where).group_by(x.state))
    }
    chosen = where if state == "all" else (*where, x.state == state)
    rows = db.execute(
        _select(tenant_id).where(*chosen).order_by(x.requested_at.desc(), x.id.desc()).offset(offset).limit(limit)
    )
    return views(OverLimitRow, rows), counts


def over_limit_request(db: Session, tenant_id: UUID, request_id: UUID) -> OverLimitRow:
    """Returns one request. Raises NotFound(`over_limit_not_found`)."""
    x = OverLimitRequest
    row = db.execute(_select(tenant_id).where(x.tenant_id == tenant_id, x.id == request_id)).first()
    if row is None:
        raise NotFound("over_limit_not_found")
    return view(OverLimitRow, row)


def _select(tenant_id: UUID) -> sa.Select[Any]:
    x, c = OverLimitRequest, Customer
    return select_view(
        OverLimitRow,
        id=value(x.id),
        number=value(x.number),
        customer_id=value(x.customer_id),
        customer_no=value(c.number),
        customer_name=value(c.name),
        order_id=value(x.order_id),
        order_no=value(x.order_no),
        currency=value(x.currency),
        order_minor=value(x.order_minor),
        order_term_days=value(x.order_term_days),
        excess_minor=value(x.excess_minor),
        excess_bps=value(x.excess_bps),
        excess_days=value(x.excess_days),
        reason=value(x.reason),
        payment_expected_on=value(x.payment_expected_on),
        guarantee=value(x.guarantee),
        valid_until_on=value(x.valid_until_on),
        state=value(x.state),
        conditions=value(x.conditions),
        approval_id=value(x.approval_id),
        requested_by=value(x.requested_by),
        requested_at=value(x.requested_at),
        decided_at=value(x.decided_at),
        reasons=value(x.reasons),
        facts=value(x.facts),
    ).join(c, sa.and_(c.tenant_id == tenant_id, c.id == x.customer_id))
