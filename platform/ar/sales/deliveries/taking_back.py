"""Takes back delivery notes that an import took over, so that their numbers are free for the corrected file.

Invariant: the caller knows that nothing depends on them: no signature that stands, no invoice, nothing returned.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from ar.sales.deliveries.notes import locked_delivery, record_event, update_note
from ar.sales.orders.commands import recommit
from kernel.actor import Actor


def take_back_delivery(db: Session, actor: Actor, delivery_id: UUID, reason: str) -> None:
    """Cancels a note of history and frees its number. Raises NotFound(`delivery_not_found`)."""
    actor, note = locked_delivery(db, actor, delivery_id)
    update_note(db, actor, delivery_id, state="cancelled", number=f"{note.number}~{str(delivery_id)[-6:]}")
    record_event(db, actor, "delivery_cancelled", note, reason=reason)
    recommit(db, actor, note.order_id, effective_on=note.shipped_on)
