"""Picks and ships delivery notes: one decision that names every reason, asked again at each of them (R013).

Invariants: what is refused moves nothing, and its decision is kept; of two notes shipped at once the later sees what
the earlier took of quantity and limit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import check_order
from ar.credit.rules.decision import Decision
from ar.sales.deliveries.inputs import PlanDelivery, ShipDelivery
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.deliveries.notes import (
    OPEN_STATES,
    find_delivery,
    line_parts,
    locked_delivery,
    order_progress,
    record_event,
    require_state,
    update_note,
)
from ar.sales.deliveries.planning import amounts_of, plan_delivery, remaining_lines
from ar.sales.orders.commands import check, recommit
from ar.sales.orders.entering import locked_order
from ar.sales.orders.facts import find_order, order_facts
from ar.sales.rules.shipping import lines_over
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.views import DbRow


def pick_delivery(db: Session, actor: Actor, delivery_id: UUID) -> Decision:
    """Takes a planned note to be picked, if the checks let it; the same rules are asked again when it ships.

    Raises NotFound(`delivery_not_found`), Conflict(`delivery_moved_on`).
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    require_state(note, ("planned",))
    decision = _ask(db, actor, note, "pick")
    if decision.passes:
        update_note(db, actor, delivery_id, state="picked")
        record_event(db, actor, "delivery_picked", note)
    return decision


def ship_delivery(db: Session, actor: Actor, delivery_id: UUID, data: ShipDelivery) -> Decision:
    """Ships a planned or picked note, if the checks let it, on a day until today; returns their answer.

    Raises NotFound(`delivery_not_found`), Conflict(`delivery_moved_on`), RuleBroken(`delivery_ship_day`).
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    require_state(note, OPEN_STATES)
    shipped_on = data.on or actor.today
    if shipped_on > actor.today:
        raise RuleBroken("delivery_ship_day", today=actor.today.isoformat())
    decision = _ask(db, actor, note, "ship")
    if not decision.passes:
        codes = [reason.code.value for reason in decision.reasons]
        record_event(db, actor, "delivery_held", note, codes=codes)
        return decision
    _leave(db, actor, note, shipped_on)
    return decision


def preview_note(db: Session, actor: Actor, delivery_id: UUID) -> Decision:
    """Returns what the checks would answer if a note shipped now; nothing is stored. Raises NotFound."""
    note = find_delivery(db, actor.tenant_id, delivery_id)
    order = find_order(db, actor.tenant_id, note.order_id)
    facts = order_facts(db, actor.tenant_id, note.order_id)
    facts = replace(
        facts,
        quantities_over=[*facts.quantities_over, *_lines_over(db, actor, note)],
        state_fault=facts.state_fault or ("draft" if order.state == "draft" else None),
    )
    return check_order(db, actor, note.customer_id, facts)


def ship_order(db: Session, actor: Actor, order_id: UUID, number: str | None = None) -> tuple[str, Decision]:
    """Ships one note of an order, or all that is left of it on a new note where none is open; returns its number.

    A new note that is held is not kept, its decision is. Raises RuleBroken (`delivery_nothing_left`,
    `delivery_several_open`), and as `ship_delivery`, `plan_delivery`.
    """
    actor, order = locked_order(db, actor, order_id)
    delivery_id = _open_note(db, actor, order, number)
    if delivery_id is not None:
        return find_delivery(db, actor.tenant_id, delivery_id).number, ship_delivery(
            db, actor, delivery_id, ShipDelivery()
        )
    lines = remaining_lines(db, actor.tenant_id, order_id)
    if not lines:
        raise RuleBroken("delivery_nothing_left", number=order.number)
    decision = check(db, actor, order_id, "ship")
    if not decision.passes:
        return "", decision
    delivery_id = plan_delivery(db, actor, order_id, PlanDelivery(planned_on=actor.today, lines=lines))
    return find_delivery(db, actor.tenant_id, delivery_id).number, ship_delivery(db, actor, delivery_id, ShipDelivery())


def _open_note(db: Session, actor: Actor, order: DbRow, number: str | None) -> UUID | None:
    note = Delivery
    statement = sa.select(note.id).where(note.tenant_id == actor.tenant_id, note.order_id == order.id)
    if number is not None:
        found = db.execute(statement.where(note.number == number)).scalar_one_or_none()
        if found is None:
            raise RuleBroken("delivery_not_of_order", number=number, order_no=order.number)
        return found
    open_notes = list(db.execute(statement.where(note.state.in_(OPEN_STATES)).order_by(note.number)).scalars())
    if len(open_notes) > 1:
        raise RuleBroken("delivery_several_open", number=order.number, count=len(open_notes))
    return open_notes[0] if open_notes else None


def _ask(db: Session, actor: Actor, note: DbRow, checkpoint: str) -> Decision:
    """Asks the checks for the quantities of a note on top of all that was shipped of its order."""
    over = _lines_over(db, actor, note)
    return check(db, actor, note.order_id, checkpoint, delivery_id=note.id, quantities_over=over)


def _lines_over(db: Session, actor: Actor, note: DbRow) -> list[dict[str, Any]]:
    progress = order_progress(db, actor.tenant_id, note.order_id)
    parts = [(line_no, quantity) for _position, line_no, quantity in line_parts(db, actor.tenant_id, note.id)]
    return lines_over(progress, parts)


def _leave(db: Session, actor: Actor, note: DbRow, shipped_on: date) -> None:
    """Writes the amounts that follow what was shipped before, and lets the note leave."""
    progress = order_progress(db, actor.tenant_id, note.order_id)
    lines = line_parts(db, actor.tenant_id, note.id)
    amounts = amounts_of(progress, [(line_no, quantity) for _position, line_no, quantity in lines])
    line = DeliveryLine
    for (position, _line_no, _quantity), amount in zip(lines, amounts, strict=True):
        db.execute(
            sa.update(line)
            .where(line.tenant_id == actor.tenant_id, line.delivery_id == note.id, line.position == position)
            .values(amount_minor=amount)
        )
    update_note(db, actor, note.id, amount_minor=sum(amounts), **shipped(actor, shipped_on))
    record_event(db, actor, "delivery_shipped", note, on=shipped_on.isoformat())
    recommit(db, actor, note.order_id, effective_on=shipped_on)


def shipped(actor: Actor, on: date) -> dict[str, object]:
    """Returns the columns of a note that says who let it leave, and on which day."""
    return {"state": "shipped", "shipped_on": on, "shipped_by": actor.name, "shipped_at": actor.now}
