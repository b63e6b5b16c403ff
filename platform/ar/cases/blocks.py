"""Blocks: a customer or one item is not to be chased until a day, with reason; disputes and promises alike.

May import this slice and the ledger. Invariants: a block is a row with who, when and why, lifted but never removed;
an item on hold keeps its level and goes on from it; a hold takes what waits in the queue out at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.inputs import PlaceBlock
from ar.cases.models import Block
from ar.cases.progress import lock_cases, withdraw_items
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record

#: Days that a promised payment may take through the banks before the promise counts as broken.
PROMISE_GRACE_DAYS: Final = 2
#: Why an item is held, by the kind of its block.
HELD_CODES: Final = {"block": "blocked", "dispute": "disputed", "promise": "promised"}


@dataclass(frozen=True, slots=True)
class ActiveBlock:
    """A block as it acts on a day; `ends_on` is its last day with any grace, None without end."""

    id: UUID
    customer_id: UUID
    item_id: UUID | None
    kind: str
    until_on: date | None
    reason: str

    @property
    def held_code(self) -> str:
        """The code under which an item is held."""
        return HELD_CODES[self.kind]

    @property
    def ends_on(self) -> date | None:
        """The last day on which nothing is sent."""
        return _last_day(self.kind, self.until_on)

    def params(self) -> dict[str, str | None]:
        """What the explanation needs, JSON-able."""
        return {"reason": self.reason, "until_on": self.until_on.isoformat() if self.until_on else None}


@dataclass(frozen=True)
class ActiveBlocks:
    """All blocks that act on a day, by item and by customer."""

    by_item: dict[UUID, ActiveBlock]
    by_customer: dict[UUID, ActiveBlock]

    def on(self, item_id: UUID, customer_id: UUID) -> ActiveBlock | None:
        """What holds the item, if anything; its own block comes before the customer's."""
        return self.by_item.get(item_id) or self.by_customer.get(customer_id)


def place_block(db: Session, actor: Actor, data: PlaceBlock) -> UUID:
    """Holds a customer or one item from now on; returns the block's id.

    Raises NotFound, RuleBroken(`promise_needs_day`, `block_until_past`, `item_not_of_customer`).
    """
    # Before the row that refers to the customer: letters take the case lock and then the customer.
    lock_cases(db, actor)
    _check(db, actor, data)
    block_id = new_id()
    db.execute(
        sa.insert(Block).values(
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
    withdraw_items(db, actor, data.customer_id, data.item_id, HELD_CODES[data.kind])
    return block_id


def lift_block(db: Session, actor: Actor, block_id: UUID) -> None:
    """Ends a block; the next run goes on at the level reached. Raises NotFound, Conflict(`block_lifted_before`)."""
    b = Block
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


def active_blocks(
    db: Session, tenant_id: UUID, today: date, *, customer_ids: Sequence[UUID] | None = None
) -> ActiveBlocks:
    """Blocks that act on `today`, in one statement. A hold until the 30th acts on the 30th and not on the 31st."""
    b = Block
    query = sa.select(b.id, b.customer_id, b.item_id, b.kind, b.until_on, b.reason).where(
        b.tenant_id == tenant_id,
        b.lifted_at.is_(None),
        sa.or_(b.until_on.is_(None), b.until_on >= today - timedelta(days=PROMISE_GRACE_DAYS)),
    )
    if customer_ids is not None:
        query = query.where(b.customer_id.in_(customer_ids))
    found = ActiveBlocks({}, {})
    for row in db.execute(query.order_by(b.id)):
        block = ActiveBlock(*row)
        if block.ends_on is not None and block.ends_on < today:
            continue
        if block.item_id is not None:
            found.by_item[block.item_id] = block
        else:
            found.by_customer[block.customer_id] = block
    return found


def _last_day(kind: str, until_on: date | None) -> date | None:
    if until_on is None or kind != "promise":
        return until_on
    return until_on + timedelta(days=PROMISE_GRACE_DAYS)


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
