"""Asks for the approval of limits that were taken over while nobody could give it (R070).

Invariant: one act decides on all of them; a limit is asked for once.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.models import CreditLimit
from ar.credit.limits.taken_over.queries import of_approval
from ar.credit.limits.taking_over import TAKE_OVER_KIND
from ar.ledger.commands import lock_customers
from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.visibility import everything
from tenants.approvals.engine import ApprovalRequest, request


def ask_for_taken_over(db: Session, actor: Actor, reason: str) -> UUID:
    """Asks by one approval for all limits taken over for which nobody was asked yet; returns the approval's id.

    Raises RuleBroken(`taken_over_none`), what requesting an approval raises.
    """
    limit = CreditLimit
    waiting = of_approval(actor.tenant_id, None)
    with everything(db):
        customers = list(db.execute(sa.select(limit.customer_id).where(*waiting).distinct()).scalars())
        actor = lock_customers(db, actor, customers)
        ids = list(db.execute(sa.select(limit.id).where(*waiting).order_by(limit.id)).scalars())
        if not ids:
            raise RuleBroken("taken_over_none")
        facts = {"limits": len(ids), "customers": len(customers)}
        subject_id = new_id()
        asked = ApprovalRequest(TAKE_OVER_KIND, subject_id, None, None, None, facts, reason)
        approval_id = request(db, actor, asked)
        chosen = limit.id == sa.any_(sa.cast(ids, sa.ARRAY(sa.Uuid)))
        db.execute(sa.update(limit).where(limit.tenant_id == actor.tenant_id, chosen).values(approval_id=approval_id))
    journal.record(db, actor, "limits_taken_over_asked", subject_id=subject_id, data=facts)
    return approval_id
