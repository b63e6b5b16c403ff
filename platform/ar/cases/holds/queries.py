"""Loads the holds in force on a day, and those of one customer for its page.

Invariant: one statement each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.cases.models import CollectionHold
from ar.cases.rules.holds import PROMISE_GRACE_DAYS, ActiveHold, ActiveHolds, last_held_day
from ar.ledger.lookups import last_came_on
from ar.ledger.models import OpenItem
from kernel.db import columns
from tenants.models import Tenant

_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold of a customer as its page lists it; `state` active, ended, lifted, kept or broken."""

    id: UUID
    kind: str
    document_no: str | None
    until_on: date | None
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    state: str
    promised_minor: int | None = None
    currency: str | None = None


def hold_views(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> list[HoldView]:
    """Returns the newest 100 holds of a customer, active ones first; the ledger says whether a promise was kept."""
    rows = columns(db, _holds_statement(), {"tenant": tenant_id, "customer": customer_id})
    views = [_hold_view(row, today) for row in rows]
    return sorted(views, key=lambda view: view.state != "active")


@cache
def _holds_statement() -> Any:
    """Selects a customer's holds; built once, since a page waits for it."""
    hold, item = CollectionHold, OpenItem
    return (
        sa.select(
            hold.id,
            hold.kind,
            item.document_no,
            hold.until_on,
            hold.reason,
            hold.placed_by,
            hold.placed_at,
            hold.lifted_by,
            hold.lifted_at,
            hold.promised_minor,
            hold.currency,
            sa.case((hold.promised_minor.is_not(None), _came_in(hold))).label("came_minor"),
            # A promise is kept by the day the money came, whenever it was applied (ADR 0028).
            sa.case((item.open_minor == 0, last_came_on(_TENANT, item))).label("paid_on"),
        )
        .outerjoin(item, sa.and_(item.tenant_id == hold.tenant_id, item.id == hold.item_id))
        .where(hold.tenant_id == _TENANT, hold.customer_id == _CUSTOMER)
        .order_by(hold.id.desc())
        .limit(100)
    )


def _came_in(hold: Any) -> sa.ScalarSelect[int]:
    """Selects what came from the customer from the day of a promise through its last, in minor units, and stands."""
    receipt, back = aliased(OpenItem), aliased(OpenItem)
    placed_on = sa.cast(
        sa.func.timezone(sa.select(Tenant.timezone).where(Tenant.id == _TENANT).scalar_subquery(), hold.placed_at),
        sa.Date,
    )
    reversed_since = sa.exists().where(back.tenant_id == _TENANT, back.reverses_id == receipt.id)
    return (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(receipt.amount_minor), 0), sa.BigInteger))
        .where(
            receipt.tenant_id == _TENANT,
            receipt.customer_id == hold.customer_id,
            receipt.kind == "receipt",
            receipt.currency == hold.currency,
            receipt.came_on >= placed_on,
            receipt.came_on <= hold.until_on + PROMISE_GRACE_DAYS,
            ~reversed_since,
        )
        .correlate(hold)
        .scalar_subquery()
    )


def _hold_view(row: sa.Row[Any], today: date) -> HoldView:
    return HoldView(
        id=row.id,
        kind=row.kind,
        document_no=row.document_no,
        until_on=row.until_on,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
        state=_hold_state(row, today),
        promised_minor=row.promised_minor,
        currency=row.currency,
    )


def _hold_state(row: sa.Row[Any], today: date) -> str:
    if row.lifted_at is not None:
        return "lifted"
    last_on = last_held_day(row.kind, row.until_on)
    if row.kind == "promise" and last_on is not None:
        if row.paid_on is not None:
            return "kept" if row.paid_on <= last_on else "broken"
        if row.promised_minor is not None and row.came_minor >= row.promised_minor:
            return "kept"
        return "active" if today <= last_on else "broken"
    return "active" if last_on is None or today <= last_on else "ended"


def currencies_of(db: Session, tenant_id: UUID, customer_id: UUID) -> list[str]:
    """Returns the currencies in which a customer owes, in order."""
    item = OpenItem
    query = (
        sa.select(item.currency)
        .where(item.tenant_id == tenant_id, item.customer_id == customer_id, item.side > 0, item.open_minor > 0)
        .distinct()
        .order_by(item.currency)
    )
    return [str(code) for code in db.execute(query).scalars()]


def active_holds(
    db: Session, tenant_id: UUID, today: date, *, customer_ids: Sequence[UUID] | None = None
) -> ActiveHolds:
    """Returns the holds in force on `today`, in one statement; a hold until the 30th includes the 30th."""
    hold = CollectionHold
    query = sa.select(hold.id, hold.customer_id, hold.item_id, hold.kind, hold.until_on, hold.reason).where(
        hold.tenant_id == tenant_id,
        hold.lifted_at.is_(None),
        sa.or_(hold.until_on.is_(None), hold.until_on >= today - timedelta(days=PROMISE_GRACE_DAYS)),
    )
    if customer_ids is not None:
        query = query.where(hold.customer_id.in_(customer_ids))
    holds = ActiveHolds({}, {})
    for row in db.execute(query.order_by(hold.id)):
        active = ActiveHold(**row._mapping)
        if active.ends_on is not None and active.ends_on < today:
            continue
        if active.item_id is not None:
            holds.by_item[active.item_id] = active
        else:
            holds.by_customer[active.customer_id] = active
    return holds
