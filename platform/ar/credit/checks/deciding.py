"""Asks the checks for an order, under the lock of its customer and of the group whose limit covers it.

Invariant: of two orders asked at once, the later sees what the earlier one commits; so no two pass on the same room.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.facts import customer_facts
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.decision import Decision, OrderFacts, decide
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from kernel.actor import Actor
from kernel.visibility import everything


def lock_credit(db: Session, actor: Actor, customer_id: UUID) -> Actor:
    """Locks a customer and the head of its group until COMMIT, before any check; returns the actor at the moment after.

    Raises NotFound(`customer_not_found`).
    """
    customer = Customer
    with everything(db):
        head_id = db.execute(
            sa.select(customer.group_head_id).where(customer.tenant_id == actor.tenant_id, customer.id == customer_id)
        ).scalar_one_or_none()
    return lock_customers(db, actor, [customer_id] if head_id is None else [customer_id, head_id])


def check_order(db: Session, actor: Actor, customer_id: UUID, order: OrderFacts) -> Decision:
    """Decides on an order by the facts of its customer. The caller holds `lock_credit` when it acts on the answer."""
    policy = credit_policy(db, actor.tenant_id)
    return decide(order, customer_facts(db, actor, customer_id, order, policy), policy, actor.today)
