"""Plans, changes and cancels delivery notes of orders; nothing is committed or checked before a note is picked.

Invariants: one note alone never holds more of an order line than is left of it (R099); what other notes took meanwhile
is asked when it ships.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.sales.deliveries.inputs import CancelDelivery, EditDelivery, NoteFields, NoteLine, PlanDelivery
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.deliveries.notes import (
    OPEN_STATES,
    LineProgress,
    find_delivery,
    locked_delivery,
    order_progress,
    record_event,
    require_state,
    update_note,
)
from ar.sales.orders.entering import locked_order
from ar.sales.rules.shipping import lines_over, part_of_line, plain
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.versions import check_version
from kernel.views import DbRow
from tenants.recipients import active_person

NUMBER_PREFIX: Final = "DL"
#: How many numbers in a row that somebody else gave away are passed over.
_TRIES: Final = 50


def plan_delivery(db: Session, actor: Actor, order_id: UUID, data: PlanDelivery) -> UUID:
    """Plans a delivery note of an order; returns its id. Raises NotFound(`order_not_found`).

    Raises Conflict(`delivery_number_taken`), RuleBroken (`delivery_order_draft`, `delivery_order_ended`,
    `delivery_too_much`, `delivery_driver_unknown`).
    """
    actor, order = locked_order(db, actor, order_id)
    if order.state == "draft":
        raise RuleBroken("delivery_order_draft", number=order.number)
    if order.state in ("closed_short", "cancelled"):
        raise RuleBroken("delivery_order_ended", number=order.number)
    _require_driver(db, actor, data.driver_id)
    progress = order_progress(db, actor.tenant_id, order_id)
    require_fits(progress, data.lines)
    delivery_id, number = insert_note(db, actor, order, data.number, **_fields(data), state="planned")
    write_lines(db, actor, delivery_id, order_id, data.lines, progress)
    note = find_delivery(db, actor.tenant_id, delivery_id)
    record_event(db, actor, "delivery_planned", note, order_no=order.number, number=number)
    return delivery_id


def remaining_lines(db: Session, tenant_id: UUID, order_id: UUID) -> list[NoteLine]:
    """Returns what is neither shipped nor on an open note of an order, as the lines of a new note."""
    lines = []
    for each in order_progress(db, tenant_id, order_id).values():
        left = each.left - each.noted
        if left > 0:
            lines.append(NoteLine(order_line_no=each.line_no, quantity=left))
    return lines


def edit_delivery(db: Session, actor: Actor, delivery_id: UUID, data: EditDelivery) -> None:
    """Changes a note that has not been shipped; a picked one has to be picked again.

    Raises NotFound, Conflict (`delivery_moved_on`, `changed_meanwhile`), and as `plan_delivery`.
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    check_version(data, note_values(db, actor.tenant_id, note))
    require_state(note, OPEN_STATES)
    _require_driver(db, actor, data.driver_id)
    progress = order_progress(db, actor.tenant_id, note.order_id)
    require_fits(progress, data.lines)
    update_note(db, actor, delivery_id, **_fields(data), state="planned")
    write_lines(db, actor, delivery_id, note.order_id, data.lines, progress)
    record_event(db, actor, "delivery_changed", note)


def cancel_delivery(db: Session, actor: Actor, delivery_id: UUID, data: CancelDelivery) -> None:
    """Cancels a note that has not been shipped. Raises NotFound, Conflict(`delivery_moved_on`)."""
    actor, note = locked_delivery(db, actor, delivery_id)
    require_state(note, OPEN_STATES)
    update_note(db, actor, delivery_id, state="cancelled")
    record_event(db, actor, "delivery_cancelled", note, reason=data.reason)


def note_values(db: Session, tenant_id: UUID, note: DbRow) -> dict[str, Any]:
    """Returns what the form of a note shows, as text, for `kernel.versions`."""
    line = DeliveryLine
    rows = db.execute(
        sa.select(line.order_line_no, line.quantity, line.batch)
        .where(line.tenant_id == tenant_id, line.delivery_id == note.id, line.dropped.is_(False))
        .order_by(line.position)
    )
    return {
        "mode": note.mode,
        "planned_on": note.planned_on.isoformat(),
        "carrier": note.carrier,
        "tracking_no": note.tracking_no,
        "driver_id": str(note.driver_id or ""),
        "picker_up": note.picker_up,
        "lines": [
            {"order_line_no": str(row.order_line_no), "quantity": plain(row.quantity), "batch": row.batch}
            for row in rows
        ],
    }


def require_fits(progress: Mapping[int, LineProgress], lines: Sequence[NoteLine]) -> None:
    """Raises RuleBroken(`delivery_too_much`) when a note holds more of an order line than is left of it."""
    over = lines_over(progress, [(line.order_line_no, line.quantity) for line in lines])
    if over:
        raise RuleBroken("delivery_too_much", **over[0])


def insert_note(db: Session, actor: Actor, order: DbRow, number: str, **values: object) -> tuple[UUID, str]:
    """Inserts a note of an order under its number, or the next free one; returns id and number.

    Raises Conflict(`delivery_number_taken`).
    """
    year, delivery_id = actor.today.year, new_id()
    row = {
        "amount_minor": 0,
        "is_history": False,
        "held_codes": [],
        **values,
        "tenant_id": actor.tenant_id,
        "id": delivery_id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }
    for _try in range(1 if number else _TRIES):
        asked = number or document_number(NUMBER_PREFIX, year, take_numbers(db, actor.tenant_id, f"delivery:{year}")[0])
        statement = insert(Delivery).values(**row, number=asked).on_conflict_do_nothing().returning(Delivery.id)
        if db.execute(statement).first() is not None:
            return delivery_id, asked
    raise Conflict("delivery_number_taken", number=number)


def amounts_of(progress: Mapping[int, LineProgress], parts: Sequence[tuple[int, Decimal]]) -> list[int]:
    """Returns the minor units of each part (order line, quantity) that follows what was shipped so far."""
    done = {line_no: (each.shipped, each.shipped_minor) for line_no, each in progress.items()}
    amounts = []
    for line_no, quantity in parts:
        line, before = progress.get(line_no), done.get(line_no)
        if line is None or before is None:
            amounts.append(0)
            continue
        amount = part_of_line(line.amount_minor, line.ordered, before, quantity)
        done[line_no] = (before[0] + quantity, before[1] + amount)
        amounts.append(amount)
    return amounts


def write_lines(
    db: Session,
    actor: Actor,
    delivery_id: UUID,
    order_id: UUID,
    lines: Sequence[NoteLine],
    progress: Mapping[int, LineProgress],
) -> None:
    """Writes new lines after those that stand, which are dropped: a line once written keeps its order line."""
    line = DeliveryLine
    of_note = (line.tenant_id == actor.tenant_id, line.delivery_id == delivery_id)
    last = db.execute(sa.select(sa.func.coalesce(sa.func.max(line.position), 0)).where(*of_note)).scalar_one()
    if last:
        db.execute(sa.update(line).where(*of_note).values(dropped=True))
    amounts = amounts_of(progress, [(each.order_line_no, each.quantity) for each in lines])
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "delivery_id": delivery_id,
            "position": last + place,
            "order_id": order_id,
            "order_line_no": each.order_line_no,
            "quantity": each.quantity,
            "amount_minor": amount,
            "batch": each.batch,
            "dropped": False,
        }
        for place, (each, amount) in enumerate(zip(lines, amounts, strict=True), start=1)
    ]
    db.execute(sa.insert(line), rows)
    update_note(db, actor, delivery_id, amount_minor=sum(amounts))


def _fields(data: NoteFields) -> dict[str, object]:
    return {
        "mode": data.mode,
        "planned_on": data.planned_on,
        "carrier": data.carrier,
        "tracking_no": data.tracking_no,
        "driver_id": data.driver_id,
        "picker_up": data.picker_up,
    }


def _require_driver(db: Session, actor: Actor, driver_id: UUID | None) -> None:
    if driver_id is not None and active_person(db, actor.tenant_id, driver_id) is None:
        raise RuleBroken("delivery_driver_unknown")
