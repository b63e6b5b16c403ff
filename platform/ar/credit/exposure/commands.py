"""Writes what an order commits, so that exposure counts each amount once on its way from order to invoice.

Invariants: under the customer's lock; the commitment is the sum of its changes, and negative on no day.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.inputs import CommitOrder
from ar.credit.exposure.models import Commitment, CommitmentChange
from ar.credit.rules.commitment import Stages, dated_changes, stages_of
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
    history = [(data.effective_on, before)]
    if data.effective_on < actor.today:
        history = _history(db, actor.tenant_id, data.order_id, data.effective_on)
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": actor.tenant_id,
            "id": new_id(),
            **own,
            "effective_on": day,
            "released_minor": change.released_minor,
            "shipped_minor": change.shipped_minor,
            "signed_minor": change.signed_minor,
            "recorded_at": actor.now,
        }
        for day, change in dated_changes(history, after - before)
    ]
    db.execute(sa.insert(CommitmentChange), rows)
    return after


def _history(db: Session, tenant_id: UUID, order_id: UUID, on: date) -> list[tuple[date, Stages]]:
    """Returns what an order committed at the end of a day, and of each later day on which that changed."""
    change = CommitmentChange
    rows = db.execute(
        sa.select(change.effective_on, change.released_minor, change.shipped_minor, change.signed_minor)
        .where(change.tenant_id == tenant_id, change.order_id == order_id)
        .order_by(change.effective_on)
    )
    committed, history = _NOTHING, {on: _NOTHING}
    for row in rows:
        committed += Stages(
            released_minor=row.released_minor, shipped_minor=row.shipped_minor, signed_minor=row.signed_minor
        )
        history[max(row.effective_on, on)] = committed
    return list(history.items())
