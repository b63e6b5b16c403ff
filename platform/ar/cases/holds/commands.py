"""Places and lifts holds: a customer or one item is not chased until a day; disputes and promises are holds too.

Invariants: a hold is a row with who, when and why, lifted but never removed; an item on hold keeps its level and goes
on from it; placing a hold takes waiting letters and tasks out of the queue at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.state import lock_cases, withdraw_items
from ar.cases.models import CollectionHold
from ar.cases.queue.inputs import PlaceBlock
from ar.cases.rules.holds import HOLD_CODES, PROMISE_GRACE_DAYS, ActiveHold, ActiveHolds
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record


def place_block(db: Session, actor: Actor, data: PlaceBlock) -> UUID:
    """Places a hold on a customer or one item from now on; returns its id.

    Raises NotFound, RuleBroken(`promise_needs_day`, `block_until_past`, `item_not_of_customer`).
    """
    # Before the row that refers to the customer: letters take the case lock and then the customer.
    lock_cases(db, actor)
    _check(db, actor, data)
    block_id = new_id()
    db.execute(
        sa.insert(CollectionHold).values(
            tenant_id=actor.tenant_id,
            id=block_id,
            customer_id=data.customer_id,
            item_id=data.item_id,
            kind=data.kind,
            until_on=data.until_on,
            reason=data.reason,
            placed_by=actor.name,
            placed_at=actor.now,
        )
    )
    until = data.until_on.isoformat() if data.until_on else None
    facts = {"kind": data.kind, "until_on": until, "reason": data.reason}
    if data.item_id is not None:
        facts["item_id"] = str(data.item_id)
    record(db, actor, "block_placed", customer_id=data.customer_id, subject_id=block_id, data=facts)
    withdraw_items(db, actor, data.customer_id, data.item_id, HOLD_CODES[data.kind])
    return block_id


def lift_block(db: Session, actor: Actor, block_id: UUID) -> None:
    """Lifts a hold; the next run goes on at the level reached. Raises NotFound, Conflict(`block_lifted_before`)."""
    b = CollectionHold
    row = db.execute(
        sa.select(b.customer_id, b.lifted_at).where(b.tenant_id == actor.tenant_id, b.id == block_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("block_not_found")
    if row.lifted_at is not None:
        raise Conflict("block_lifted_before")
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == block_id)
        .values(lifted_by=actor.name, lifted_at=actor.now)
    )
    record(db, actor, "block_lifted", customer_id=row.customer_id, subject_id=block_id)


def active_holds(
    db: Session, tenant_id: UUID, today: date, *, customer_ids: Sequence[UUID] | None = None
) -> ActiveHolds:
    """Returns the holds in force on `today`, in one statement; a hold until the 30th includes the 30th."""
    b = CollectionHold
    query = sa.select(b.id, b.customer_id, b.item_id, b.kind, b.until_on, b.reason).where(
        b.tenant_id == tenant_id,
        b.lifted_at.is_(None),
        sa.or_(b.until_on.is_(None), b.until_on >= today - timedelta(days=PROMISE_GRACE_DAYS)),
    )
    if customer_ids is not None:
        query = query.where(b.customer_id.in_(customer_ids))
    found = ActiveHolds({}, {})
    for row in db.execute(query.order_by(b.id)):
        hold = ActiveHold(**row._mapping)
        if hold.ends_on is not None and hold.ends_on < today:
            continue
        if hold.item_id is not None:
            found.by_item[hold.item_id] = hold
        else:
            found.by_customer[hold.customer_id] = hold
    return found


def _check(db: Session, actor: Actor, data: PlaceBlock) -> None:
    if data.kind == "promise" and data.until_on is None:
        raise RuleBroken("promise_needs_day")
    if data.until_on is not None and data.until_on < actor.today:
        raise RuleBroken("block_until_past")
    known = db.execute(
        sa.select(Customer.id).where(Customer.tenant_id == actor.tenant_id, Customer.id == data.customer_id)
    ).first()
    if known is None:
        raise NotFound("customer_not_found")
    if data.item_id is None:
        return
    i = OpenItem
    own = db.execute(
        sa.select(i.id).where(i.tenant_id == actor.tenant_id, i.id == data.item_id, i.customer_id == data.customer_id)
    ).first()
    if own is None:
        raise NotFound("item_not_of_customer")
