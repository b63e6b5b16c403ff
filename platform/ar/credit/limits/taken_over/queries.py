"""Reads the limits that were taken over: those of one approval, or those for which nobody was asked yet (R070).

Invariant: two statements whatever the number of limits; who sees only some customers gets only their limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.models import CreditLimit
from ar.customers.models import Customer
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class TakenOverLine:
    """A limit that stood before this product; minor units of `currency`, None: unlimited."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    amount_minor: int | None
    term_days: int | None
    grade: str | None
    valid_from: date
    valid_to: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """How many limits there are in a currency, how many of them unlimited, and the sum of the others."""

    currency: str
    limits: int
    unlimited: int
    amount_minor: int


def taken_over_lines(
    db: Session, tenant_id: UUID, approval_id: UUID | None, *, offset: int = 0, limit: int = 50
) -> list[TakenOverLine]:
    """Returns a page of the limits of an approval (None: of none), the largest first."""
    x, c = CreditLimit, Customer
    rows = db.execute(
        select_view(
            TakenOverLine,
            customer_id=value(c.id),
            customer_no=value(c.number),
            customer_name=value(c.name),
            currency=value(x.currency),
            amount_minor=value(x.amount_minor),
            term_days=value(x.term_days),
            grade=value(x.grade),
            valid_from=value(sa.type_coerce(x.valid_from, sa.Date)),
            valid_to=value(x.valid_to),
            reason=value(x.reason),
        )
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == x.customer_id))
        .where(*of_approval(tenant_id, approval_id))
        .order_by(x.amount_minor.desc().nulls_first(), c.sort_key, c.number, x.valid_from)
        .offset(offset)
        .limit(limit)
    )
    return views(TakenOverLine, rows)


def taken_over_sums(db: Session, tenant_id: UUID, approval_id: UUID | None) -> list[CurrencySum]:
    """Returns the sums of the limits of an approval (None: of none), by currency."""
    x, c = CreditLimit, Customer
    rows = db.execute(
        select_view(
            CurrencySum,
            currency=value(x.currency),
            limits=value(sa.func.count()),
            unlimited=value(sa.func.count().filter(x.unlimited)),
            amount_minor=value(sa.cast(sa.func.coalesce(sa.func.sum(x.amount_minor), 0), sa.BigInteger)),
        )
        .select_from(x)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == x.customer_id))
        .where(*of_approval(tenant_id, approval_id))
        .group_by(x.currency)
        .order_by(x.currency)
    )
    return views(CurrencySum, rows)


def of_approval(tenant_id: UUID, approval_id: UUID | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of the limits taken over of an approval (None: of none) that count on any day."""
    limit = CreditLimit
    asked = limit.approval_id.is_(None) if approval_id is None else limit.approval_id == approval_id
    return (
        limit.tenant_id == tenant_id,
        limit.source == "taken_over",
        asked,
        sa.or_(limit.valid_to.is_(None), limit.valid_to >= limit.valid_from),
    )
