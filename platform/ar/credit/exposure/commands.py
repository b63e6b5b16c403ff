"""Writes what an order commits, so that exposure counts each amount once on its way from order to invoice.

Invariant: under the customer's lock; the commitment is the sum of its changes.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.inputs import CommitOrder
from ar.credit.exposure.models import Commitment, CommitmentChange
from ar.credit.rules.commitment import Stages, stages_of
from ar.ledger.commands import lock_customers
from kernel.actor import Actor
from kernel.ids import new_id

_NOTHING: Final = Stages(0, 0, 0)


def commit_order(db: Session, actor: Actor, data: CommitOrder) -> Stages:
    """Sets what an order commits; returns it by stage. The same again changes nothing."""
    actor = lock_customers(db, actor, [data.customer_id])
    commitment = Commitment
    row = db.execute(
        sa.select(
            commitment.released_minor, commitment.shipped_minor, commitment.signed_minor, commitment.prepaid
        ).where(commitment.tenant_id == actor.tenant_id, commitment.order_id == data.order_id)
    ).first()
    before = (
        Stages(released_minor=row.released_minor, shipped_minor=row.shipped_minor, signed_minor=row.signed_minor)
        if row
        else _NOTHING
    )
    after = stages_of(data.amounts)
    if after == before and (row is None or row.prepaid == data.prepaid):
        return after
    values: dict[str, Any] = {
        "released_minor": after.released_minor,
        "shipped_minor": after.shipped_minor,
        "signed_minor": after.signed_minor,
        "prepaid": data.prepaid,
    }
    own = {"order_id": data.order_id, "customer_id": data.customer_id, "currency": data.currency}
    if row is None:
        db.execute(sa.insert(commitment).values(tenant_id=actor.tenant_id, **own, **values))
    else:
        db.execute(
            sa.update(commitment)
            .where(commitment.tenant_id == actor.tenant_id, commitment.order_id == data.order_id)
            .values(values)
        )
    if after == before:
        return after
    db.execute(
        sa.insert(CommitmentChange).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            **own,
            effective_on=data.effective_on,
            released_minor=after.released_minor - before.released_minor,
            shipped_minor=after.shipped_minor - before.shipped_minor,
            signed_minor=after.signed_minor - before.signed_minor,
            recorded_at=actor.now,
        )
    )
    return after
