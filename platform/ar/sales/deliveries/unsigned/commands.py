"""Says why a note has not come back signed, and which measure the sales manager orders (R102).

Invariants: a reason is inserted and stays; a measure is chosen once for a reason, by a day from today on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.deliveries.models import UnsignedReason
from ar.sales.deliveries.notes import locked_delivery, record_event, require_own_note
from ar.sales.deliveries.unsigned.inputs import ChooseMeasure, ExplainUnsigned
from ar.sales.deliveries.unsigned.mails import queue_measure
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.views import DbRow

MEASURE_DAYS_MAX: Final = 366


def explain_unsigned(db: Session, actor: Actor, delivery_id: UUID, data: ExplainUnsigned) -> None:
    """Records why a note is still out.

    Raises NotFound(`delivery_not_found`), Forbidden(`delivery_other_driver`), RuleBroken(`unsigned_not_out`).
    """
    actor, note = _out(db, actor, delivery_id)
    require_own_note(actor, note)
    db.execute(
        sa.insert(UnsignedReason).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            delivery_id=delivery_id,
            reason=data.reason,
            given_by=actor.name,
            given_at=actor.now,
        )
    )
    record_event(db, actor, "delivery_unsigned_explained", note, reason=data.reason)


def choose_measure(db: Session, actor: Actor, delivery_id: UUID, data: ChooseMeasure) -> None:
    """Orders a measure for the latest reason of a note that is out, and tells the accountants.

    Raises NotFound(`delivery_not_found`), RuleBroken (`unsigned_not_out`, `unsigned_reason_unknown`,
    `unsigned_measure_day`).
    """
    actor, note = _out(db, actor, delivery_id)
    last = actor.today + timedelta(days=MEASURE_DAYS_MAX)
    if not actor.today <= data.due_on <= last:
        raise RuleBroken("unsigned_measure_day", today=actor.today.isoformat(), last=last.isoformat())
    said = UnsignedReason
    latest = db.execute(
        sa.select(said.id, said.reason)
        .where(said.tenant_id == actor.tenant_id, said.delivery_id == delivery_id)
        .order_by(said.given_at.desc(), said.id.desc())
        .limit(1)
    ).first()
    if latest is None:
        raise RuleBroken("unsigned_reason_unknown", number=note.number)
    db.execute(
        sa.update(said)
        .where(said.tenant_id == actor.tenant_id, said.id == latest.id)
        .values(measure=data.measure, measure_due_on=data.due_on, decided_by=actor.name, decided_at=actor.now)
    )
    facts = {"measure": data.measure, "on": data.due_on.isoformat()}
    record_event(db, actor, "delivery_measure_chosen", note, **facts)
    queue_measure(db, actor, note.id, note.number, latest.reason, data)


def _out(db: Session, actor: Actor, delivery_id: UUID) -> tuple[Actor, DbRow]:
    actor, note = locked_delivery(db, actor, delivery_id)
    if note.state != "shipped":
        raise RuleBroken("unsigned_not_out", number=note.number)
    return actor, note
