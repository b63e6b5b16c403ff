"""What follows once a letter has gone out: the stop of shipments that its step of the policy names (R175).

Invariant: one stop a letter; it ends by itself once everything overdue is paid (`ar.credit`).
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.step_texts import step_name
from ar.cases.models import Action
from ar.cases.rules.policy import Effect
from ar.credit.commands import StopShipments, stop_shipments
from kernel.actor import Actor
from kernel.i18n import gettext as _


def stop_if_said(db: Session, actor: Actor, action_id: UUID) -> None:
    """Stops shipments to the customer of a letter that went out, when its step says so."""
    a = Action
    row = db.execute(
        sa.select(a.customer_id, a.number, a.code, a.effects).where(a.tenant_id == actor.tenant_id, a.id == action_id)
    ).one()
    if Effect.PROPOSE_STOP_SHIPMENT.value not in row.effects:
        return
    reason = _("%(step)s %(number)s went out", step=step_name(row.code), number=row.number or "")
    data = StopShipments(customer_id=row.customer_id, reason=reason)
    stop_shipments(db, actor, data, kind="ladder", source_id=action_id)
