"""Gives customers to their owners, one or many at once, and keeps the history (R003, R004).

Invariant: every change of an owner has its row, whichever way it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.models import OwnerChange
from ar.customers.inputs import HandOver
from ar.customers.models import Customer
from ar.customers.register import bulk
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_ids
from tenants.models import Membership


class NewOwner(NamedTuple):
    """A customer changes hands; None: nobody."""

    customer_id: UUID
    from_id: UUID | None
    to_id: UUID | None


def hand_over(db: Session, actor: Actor, data: HandOver) -> int:
    """Gives customers to another owner from a day on; returns how many changed hands. Those that are theirs stay.

    A constant number of statements. Raises RuleBroken (`hand_over_nobody_ticked`, `hand_over_later`, `owner_unknown`).
    """
    if not data.customer_ids:
        raise RuleBroken("hand_over_nobody_ticked")
    if data.changed_on > actor.today:
        raise RuleBroken("hand_over_later")
    if not is_member(db, actor.tenant_id, data.to_id):
        raise RuleBroken("owner_unknown", email=str(data.to_id))
    customer = Customer
    rows = db.execute(
        sa.select(customer.id, customer.owner_id)
        .where(
            customer.tenant_id == actor.tenant_id,
            customer.id == sa.any_(sa.cast(sorted(set(data.customer_ids)), sa.ARRAY(sa.Uuid))),
            customer.retired_at.is_(None),
            customer.owner_id.is_distinct_from(data.to_id),
        )
        .order_by(customer.id)
        .with_for_update(key_share=True)
    ).all()
    changes = [NewOwner(customer_id=row.id, from_id=row.owner_id, to_id=data.to_id) for row in rows]
    if not changes:
        return 0
    db.execute(
        sa.update(customer)
        .where(
            customer.tenant_id == actor.tenant_id,
            customer.id == sa.any_(sa.cast([each.customer_id for each in changes], sa.ARRAY(sa.Uuid))),
        )
        .values(owner_id=data.to_id, updated_at=actor.now)
    )
    record_owners(db, actor, changes, data.reason, changed_on=data.changed_on)
    facts = {"reason": data.reason, "changed_on": data.changed_on.isoformat(), "to_id": str(data.to_id)}
    bulk.record_events(
        db,
        actor,
        [(each.customer_id, "customer_handed_over", {**facts, "from_id": str(each.from_id or "")}) for each in changes],
    )
    return len(changes)


def record_owners(
    db: Session, actor: Actor, changes: Sequence[NewOwner], reason: str = "", changed_on: Any = None
) -> None:
    """Keeps the history of owners; `changed_on` None: today."""
    if not changes:
        return
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": row_id,
            "customer_id": each.customer_id,
            "from_id": each.from_id,
            "to_id": each.to_id,
            "changed_on": changed_on or actor.today,
            "reason": reason,
            "changed_by": actor.name,
            "changed_at": actor.now,
        }
        for row_id, each in zip(new_ids(len(changes)), changes, strict=True)
    ]
    db.execute(sa.insert(OwnerChange), rows)


def owner_changes(changes: Iterable[tuple[UUID, Mapping[str, Any], Mapping[str, Any]]]) -> list[NewOwner]:
    """Returns the changes of owner among customers' (id, values before, values after)."""
    return [
        NewOwner(customer_id, before.get("owner_id"), after.get("owner_id"))
        for customer_id, before, after in changes
        if before.get("owner_id") != after.get("owner_id")
    ]


def is_member(db: Session, tenant_id: UUID, user_id: UUID) -> bool:
    """Whether somebody is an active member of the company, who may own a customer."""
    query = sa.select(Membership.user_id).where(
        Membership.tenant_id == tenant_id, Membership.user_id == user_id, Membership.active.is_(True)
    )
    return db.execute(query).first() is not None
