"""Takes back orders that an import took over, so that their numbers are free for the corrected file."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.orders.commands import cancel_order
from ar.sales.orders.entering import locked_order
from ar.sales.orders.inputs import CloseOrder
from ar.sales.orders.models import Order
from kernel.actor import Actor


def take_back_order(db: Session, actor: Actor, order_id: UUID, reason: str) -> None:
    """Cancels an order of history and frees its number. Raises NotFound, Conflict and RuleBroken as `cancel_order`."""
    actor, order = locked_order(db, actor, order_id)
    if order.state not in ("closed_short", "cancelled"):
        cancel_order(db, actor, order_id, CloseOrder(reason=reason))
    table = Order
    db.execute(
        sa.update(table)
        .where(table.tenant_id == actor.tenant_id, table.id == order_id)
        .values(number=f"{order.number}~{str(order_id)[-6:]}")
    )
