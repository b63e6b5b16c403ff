"""Asks the checks for an order, under the lock of its customer and of the group whose limit covers it.

Invariant: of two orders asked at once, the later sees what the earlier one commits; so no two pass on the same room.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID
from weakref import ref

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.standing import read_standing
from ar.credit.rules.decision import Decision, OrderFacts
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from kernel.actor import Actor
from kernel.errors import Conflict
from kernel.visibility import everything

_CACHE_KEY: Final = "credit.held"


def lock_credit(db: Session, actor: Actor, customer_ids: Collection[UUID]) -> Actor:
    """Locks customers and the heads of their groups until COMMIT, before any check; returns the actor after it.

    All in one order: who works on several customers calls it once, with all of them. Raises
    NotFound(`customer_not_found`), Conflict(`group_changed`) when a customer got another head while it waited.
    """
    held = _held(db)
    if held is not None and held.issuperset(customer_ids):
        return lock_customers(db, actor, customer_ids)
    wanted = {*customer_ids, *_heads(db, actor.tenant_id, customer_ids)}
    actor = lock_customers(db, actor, wanted)
    if not wanted.issuperset(_heads(db, actor.tenant_id, customer_ids)):
        # To lock the new head after its member would cross who locks it before.
        raise Conflict("group_changed")
    inner = db.get_nested_transaction() or db.get_transaction()
    db.info[_CACHE_KEY] = (ref(inner), (held or frozenset()) | set(customer_ids))
    return actor


def _held(db: Session) -> frozenset[UUID] | None:
    """Returns the customers that this transaction holds with their heads, which nobody changes meanwhile."""
    inner, known = db.get_nested_transaction() or db.get_transaction(), db.info.get(_CACHE_KEY)
    return known[1] if known is not None and inner is not None and known[0]() is inner else None


def _heads(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> set[UUID]:
    customer = Customer
    with everything(db):
        found = db.execute(
            sa.select(customer.group_head_id).where(
                customer.tenant_id == tenant_id,
                customer.id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),
                customer.group_head_id.is_not(None),
            )
        ).scalars()
        return {head_id for head_id in found if head_id is not None}


def check_order(db: Session, actor: Actor, customer_id: UUID, order: OrderFacts) -> Decision:
    """Decides on an order by the facts of its customer. The caller holds `lock_credit` when it acts on the answer."""
    return read_standing(db, actor, [customer_id], [order.order_id]).decide(customer_id, order)
