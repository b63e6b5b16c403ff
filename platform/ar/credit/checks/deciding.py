"""Asks the checks for an order, under the lock of its customer and of the group whose limit covers it.

Invariant: of two orders asked at once, the later sees what the earlier one commits; so no two pass on the same room.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.standing import read_standing
from ar.credit.rules.decision import Decision, OrderFacts
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from kernel.actor import Actor
from kernel.visibility import everything


def lock_credit(db: Session, actor: Actor, customer_ids: Collection[UUID]) -> Actor:
    """Locks customers and the heads of their groups until COMMIT, before any check.

    Returns the actor at the moment after. Raises NotFound(`customer_not_found`).
    """
    customer = Customer
    with everything(db):
        heads = db.execute(
            sa.select(customer.group_head_id).where(
                customer.tenant_id == actor.tenant_id,
                customer.id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),
                customer.group_head_id.is_not(None),
            )
        ).scalars()
        return lock_customers(db, actor, {*customer_ids, *(head for head in heads if head is not None)})


def check_order(db: Session, actor: Actor, customer_id: UUID, order: OrderFacts) -> Decision:
    """Decides on an order by the facts of its customer. The caller holds `lock_credit` when it acts on the answer."""
    return read_standing(db, actor, [customer_id], [order.order_id]).decide(customer_id, order)
