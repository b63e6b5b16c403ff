"""Stops shipments to a customer and lets them go on; lets a customer pass one check for a time.

Invariants: under the customer's lock, so that no shipment passes meanwhile; each stop has a cause of its own, and
lifting one touches no other; nothing is deleted.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.holds.inputs import OF_GENERAL_MANAGER, GrantOverride, LiftStop, StopShipments
from ar.credit.checks.models import CheckOverride, ShippingHold
from ar.ledger.commands import lock_customers
from ar.ledger.models import OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.visibility import everything
from tenants.permissions import Role

#: The longest override of a check, in days.
OVERRIDE_DAYS_MAX: Final = 92


def stop_shipments(
    db: Session, actor: Actor, data: StopShipments, *, kind: str = "hand", source_id: UUID | None = None
) -> UUID:
    """Stops shipments to a customer at once; returns the id of the stop.

    `kind` is one of HOLD_KINDS, `source_id` the ladder's action, the signal or the review behind it: while a stop of
    the same source is in force, it is returned and nothing changes. Raises NotFound(`customer_not_found`),
    RuleBroken(`stop_until_past`).
    """
    actor = lock_customers(db, actor, [data.customer_id])
    if data.until_on is not None and data.until_on < actor.today:
        raise RuleBroken("stop_until_past")
    hold = ShippingHold
    if source_id is not None:
        standing = db.execute(
            sa.select(hold.id).where(
                hold.tenant_id == actor.tenant_id,
                hold.kind == kind,
                hold.source_id == source_id,
                hold.lifted_at.is_(None),
            )
        ).scalar_one_or_none()
        if standing is not None:
            return standing
    hold_id = new_id()
    db.execute(
        sa.insert(hold).values(
            tenant_id=actor.tenant_id,
            id=hold_id,
            customer_id=data.customer_id,
            kind=kind,
            source_id=source_id,
            reason=data.reason,
            until_on=data.until_on,
            placed_by=actor.name,
            placed_at=actor.now,
        )
    )
    facts = {"kind": kind, "reason": data.reason, "until_on": _iso(data.until_on)}
    journal.record(db, actor, "shipments_stopped", customer_id=data.customer_id, subject_id=hold_id, data=facts)
    return hold_id


def lift_stop(db: Session, actor: Actor, hold_id: UUID, data: LiftStop) -> UUID:
    """Lets shipments go on as far as this stop is concerned; returns the customer's id.

    Raises NotFound(`stop_not_found`), Forbidden(`stop_not_yours`) of one that the general manager signed with a review,
    Conflict(`stop_lifted_before`).
    """
    hold = ShippingHold
    found = sa.select(hold.customer_id, hold.lifted_at, hold.kind).where(
        hold.tenant_id == actor.tenant_id, hold.id == hold_id
    )
    row = db.execute(found).first()
    if row is None:
        raise NotFound("stop_not_found")
    if row.kind == "review" and not _is_manager(actor):
        raise Forbidden("stop_not_yours")
    actor = lock_customers(db, actor, [row.customer_id])
    row = db.execute(found).one()
    if row.lifted_at is not None:
        raise Conflict("stop_lifted_before")
    _lift(db, actor, hold_id, row.customer_id, row.kind, data.reason)
    return UUID(str(row.customer_id))


def lift_stops_of(db: Session, actor: Actor, kind: str, source_id: UUID, reason: str) -> int:
    """Lifts the stops that one source placed (a signal, a review); returns how many. None in force: nothing changes."""
    hold = ShippingHold
    rows = db.execute(
        sa.select(hold.id, hold.customer_id).where(
            hold.tenant_id == actor.tenant_id,
            hold.kind == kind,
            hold.source_id == source_id,
            hold.lifted_at.is_(None),
        )
    ).all()
    actor = lock_customers(db, actor, [row.customer_id for row in rows])
    for row in rows:
        _lift(db, actor, row.id, row.customer_id, kind, reason)
    return len(rows)


def end_paid_stops(db: Session, actor: Actor, reason: str) -> int:
    """Lifts the ladder's stops of customers who had paid everything overdue by the end of yesterday; returns how many.

    What falls due meanwhile is a new default with steps of its own. Stops of other causes are not touched.
    """
    hold, item = ShippingHold, OpenItem
    owes = (
        sa.select(item.id)
        .where(
            item.tenant_id == actor.tenant_id,
            item.customer_id == hold.customer_id,
            item.side == 1,
            item.open_minor > 0,
            item.due_on < actor.today - timedelta(days=1),
        )
        .exists()
    )
    with everything(db):
        rows = db.execute(
            sa.select(hold.id, hold.customer_id)
            .where(hold.tenant_id == actor.tenant_id, hold.kind == "ladder", hold.lifted_at.is_(None), sa.not_(owes))
            .order_by(hold.customer_id, hold.id)
        ).all()
        actor = lock_customers(db, actor, sorted({row.customer_id for row in rows}))
        for row in rows:
            _lift(db, actor, row.id, row.customer_id, "ladder", reason)
    return len(rows)


def grant_override(db: Session, actor: Actor, data: GrantOverride) -> UUID:
    """Lets a customer pass one check through a day; returns the override's id.

    Raises NotFound(`customer_not_found`), Forbidden(`override_not_yours`), RuleBroken(`override_day`).
    """
    if data.code in OF_GENERAL_MANAGER and not _is_manager(actor):
        raise Forbidden("override_not_yours")
    actor = lock_customers(db, actor, [data.customer_id])
    last_on = actor.today + timedelta(days=OVERRIDE_DAYS_MAX)
    if not actor.today <= data.until_on <= last_on:
        raise RuleBroken("override_day", first=actor.today.isoformat(), last=last_on.isoformat())
    override_id = new_id()
    db.execute(
        sa.insert(CheckOverride).values(
            tenant_id=actor.tenant_id,
            id=override_id,
            customer_id=data.customer_id,
            code=data.code,
            until_on=data.until_on,
            reason=data.reason,
            granted_by=actor.name,
            granted_by_id=actor.user_id,
            granted_at=actor.now,
        )
    )
    facts = {"code": data.code, "until_on": data.until_on.isoformat(), "reason": data.reason}
    journal.record(db, actor, "check_overridden", customer_id=data.customer_id, subject_id=override_id, data=facts)
    return override_id


def end_override(db: Session, actor: Actor, override_id: UUID) -> UUID:
    """Ends an override at once; returns the customer's id.

    Raises NotFound(`override_not_found`), Conflict(`override_ended`).
    """
    override = CheckOverride
    found = sa.select(override.customer_id, override.ended_at, override.code).where(
        override.tenant_id == actor.tenant_id, override.id == override_id
    )
    row = db.execute(found).first()
    if row is None:
        raise NotFound("override_not_found")
    actor = lock_customers(db, actor, [row.customer_id])
    if db.execute(found).one().ended_at is not None:
        raise Conflict("override_ended")
    db.execute(
        sa.update(override)
        .where(override.tenant_id == actor.tenant_id, override.id == override_id)
        .values(ended_at=actor.now, ended_by=actor.name)
    )
    facts = {"code": row.code}
    journal.record(db, actor, "override_ended", customer_id=row.customer_id, subject_id=override_id, data=facts)
    return UUID(str(row.customer_id))


def _is_manager(actor: Actor) -> bool:
    return actor.kind != "person" or Role.GENERAL_MANAGER in actor.roles


def _lift(db: Session, actor: Actor, hold_id: UUID, customer_id: UUID, kind: str, reason: str) -> None:
    hold = ShippingHold
    db.execute(
        sa.update(hold)
        .where(hold.tenant_id == actor.tenant_id, hold.id == hold_id)
        .values(lifted_by=actor.name, lifted_at=actor.now, lifted_reason=reason)
    )
    facts: dict[str, Any] = {"kind": kind, "reason": reason}
    journal.record(db, actor, "shipments_released", customer_id=customer_id, subject_id=hold_id, data=facts)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
