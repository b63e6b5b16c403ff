"""Reads guarantees for their list and for Today: the nearest deadline first, and the file of one (R047).

Invariant: a deadline is the end of a guarantee, or of the time to claim against the guarantor, whichever comes first of
those that are not over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.models import Guarantee
from ar.credit.rules.guarantees import REMIND_DAYS
from ar.customers.models import Customer
from kernel.binds import TENANT, TODAY
from kernel.errors import NotFound
from kernel.views import select_view, value, views

VIEWS: Final = ("due", "all", "over")


@dataclass(frozen=True, slots=True)
class GuaranteeLine:
    """A guarantee in the list; amount in minor units of `currency`."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    kind: str
    provider: str
    reference: str
    currency: str
    amount_minor: int
    valid_to: date | None
    claim_by_on: date | None
    ended: bool

    def deadline(self, today: date) -> date | None:
        """Returns the nearest day that is not over; None when there is none, or the guarantee was ended."""
        days = [day for day in (self.valid_to, self.claim_by_on) if day is not None and day >= today]
        return None if self.ended else min(days, default=None)


def guarantee_lines(
    db: Session, tenant_id: UUID, today: date, shown: str, *, offset: int = 0, limit: int = 50
) -> tuple[list[GuaranteeLine], dict[str, int]]:
    """Returns a page of the guarantees of one of VIEWS, the nearest deadline first, and how many each view has."""
    g, c = Guarantee, Customer
    conditions = _conditions(today)
    customer = sa.and_(c.tenant_id == tenant_id, c.id == g.customer_id)
    counted = [sa.func.count().filter(conditions[name]).label(name) for name in VIEWS]
    counts = db.execute(sa.select(*counted).select_from(g).join(c, customer).where(g.tenant_id == tenant_id)).one()
    rows = db.execute(
        select_view(
            GuaranteeLine,
            id=value(g.id),
            customer_id=value(g.customer_id),
            customer_no=value(c.number),
            customer_name=value(c.name),
            kind=value(g.kind),
            provider=value(g.provider),
            reference=value(g.reference),
            currency=value(g.currency),
            amount_minor=value(g.amount_minor),
            valid_to=value(g.valid_to),
            claim_by_on=value(g.claim_by_on),
            ended=value(g.ended_at.is_not(None)),
        )
        .join(c, customer)
        .where(g.tenant_id == tenant_id, conditions[shown])
        .order_by(_deadline(today).asc().nulls_last(), c.sort_key, c.number, g.id)
        .offset(offset)
        .limit(limit)
    )
    return views(GuaranteeLine, rows), dict(counts._mapping)


def guarantees_due() -> sa.Select[Any]:
    """Selects the ids of the guarantees with a deadline within a month (binds: tenant, today)."""
    return sa.select(Guarantee.id).where(Guarantee.tenant_id == TENANT, _is_due(TODAY))


def guarantee_file(db: Session, tenant_id: UUID, customer_id: UUID, guarantee_id: UUID) -> tuple[str, str]:
    """Returns hash and name of the file of a guarantee. Raises NotFound(`guarantee_not_found`) where there is none."""
    g, c = Guarantee, Customer
    row = db.execute(
        sa.select(g.file_sha256, g.file_name)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == g.customer_id))
        .where(g.tenant_id == tenant_id, g.customer_id == customer_id, g.id == guarantee_id)
    ).first()
    if row is None or row.file_sha256 is None:
        raise NotFound("guarantee_not_found")
    return row.file_sha256, row.file_name


def _conditions(today: date) -> dict[str, sa.ColumnElement[bool]]:
    """Returns what belongs to each of VIEWS: near a deadline, in force or to be claimed, over."""
    g, on = Guarantee, sa.bindparam("on", today, sa.Date)
    lasts = sa.or_(g.valid_to.is_(None), g.valid_to >= on, g.claim_by_on >= on)
    in_force = sa.and_(g.ended_at.is_(None), lasts)
    return {"due": _is_due(on), "all": in_force, "over": sa.not_(sa.func.coalesce(in_force, sa.false()))}


def _is_due(today: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    g, through = Guarantee, today + timedelta(days=max(REMIND_DAYS))
    near = sa.or_(g.valid_to.between(today, through), g.claim_by_on.between(today, through))
    return sa.and_(g.ended_at.is_(None), near)


def _deadline(today: date) -> sa.ColumnElement[Any]:
    g, on = Guarantee, sa.bindparam("deadline_on", today, sa.Date)
    ends, claim = (sa.case((day >= on, day)) for day in (g.valid_to, g.claim_by_on))
    return sa.func.least(ends, claim)
