"""Takes over deliveries that another system shipped, all of a file at once, and takes one back.

Invariants: they come in as history with the codes of what would have held them, each asked after those before it; a
constant number of statements, whatever the number of notes, save for orders under contracts of limited quantities.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.sales.deliveries.inputs import TakeOverDelivery
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.deliveries.notes import LineProgress, locked_delivery, orders_progress, record_event, update_note
from ar.sales.deliveries.planning import amounts_of
from ar.sales.deliveries.shipping import shipped
from ar.sales.orders.commands import recommit
from ar.sales.orders.facts import find_orders
from ar.sales.orders.following import FollowedOrders
from ar.sales.rules.shipping import lines_over
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.views import DbRow


class _Notes:
    """The notes of a file, written in bulk before what follows from them for their orders."""

    def __init__(self, db: Session, actor: Actor, followed: FollowedOrders) -> None:
        self._db, self._actor, self._followed = db, actor, followed
        self._rows: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []

    def add_note(self, order: DbRow, data: TakeOverDelivery, amounts: Sequence[int], codes: Sequence[str]) -> UUID:
        """Adds a note that left on its day, with the amount of each line and the codes of what would have held it."""
        delivery_id, actor = new_id(), self._actor
        self._rows.append(
            {
                "tenant_id": actor.tenant_id,
                "id": delivery_id,
                "number": data.number,
                "order_id": order.id,
                "customer_id": order.customer_id,
                "mode": data.mode,
                "amount_minor": sum(amounts),
                "carrier": "",
                "tracking_no": "",
                "driver_id": None,
                "picker_up": "",
                "planned_on": data.shipped_on,
                "is_history": True,
                "held_codes": codes,
                "recorded_at": actor.now,
                "recorded_by": actor.name,
                **shipped(actor, data.shipped_on),
            }
        )
        self._lines += [
            {
                "tenant_id": actor.tenant_id,
                "delivery_id": delivery_id,
                "position": place,
                "order_id": order.id,
                "order_line_no": line.order_line_no,
                "quantity": line.quantity,
                "amount_minor": amount,
                "batch": line.batch,
                "dropped": False,
            }
            for place, (line, amount) in enumerate(zip(data.lines, amounts, strict=True), start=1)
        ]
        return delivery_id

    def write(self) -> None:
        """Writes the notes added since the last time. Raises Conflict(`delivery_number_taken`)."""
        if self._rows:
            statement = insert(Delivery).on_conflict_do_nothing().returning(Delivery.number)
            written = set(self._db.execute(statement, self._rows).scalars())
            taken = next((row["number"] for row in self._rows if row["number"] not in written), None)
            if taken is not None:
                raise Conflict("delivery_number_taken", number=taken)
            self._db.execute(sa.insert(DeliveryLine), self._lines)
        self._followed.write()
        self._rows, self._lines = [], []


def take_over_deliveries(db: Session, actor: Actor, deliveries: Sequence[tuple[UUID, TakeOverDelivery]]) -> list[UUID]:
    """Takes over deliveries (each with the id of its order) in this order; returns the id of each.

    Raises NotFound(`order_not_found`), Conflict(`delivery_number_taken`), RuleBroken (`delivery_line_unknown`,
    `delivery_ship_day`).
    """
    if not deliveries:
        return []
    actor, orders = _locked_orders(db, actor, {order_id for order_id, _data in deliveries})
    progress = orders_progress(db, actor.tenant_id, orders)
    followed = FollowedOrders(db, actor, list(orders.values()), asks=True)
    notes = _Notes(db, actor, followed)
    ids = []
    for order_id, data in deliveries:
        of_order = progress.get(order_id, {})
        _require_possible(actor, of_order, data)
        parts = [(line.order_line_no, line.quantity) for line in data.lines]
        if followed.needs_books(order_id):
            notes.write()
        decision = followed.ask(order_id, "ship", lines_over(of_order, parts))
        amounts = amounts_of(of_order, parts)
        codes = [reason.code.value for reason in decision.reasons]
        ids.append(notes.add_note(orders[order_id], data, amounts, codes))
        facts = {"number": data.number, "on": data.shipped_on.isoformat()}
        customer_id = orders[order_id].customer_id
        followed.record(journal.NewEvent("delivery_taken_over", customer_id, ids[-1], facts))
        for (line_no, quantity), amount in zip(parts, amounts, strict=True):
            of_order[line_no] = _further(of_order[line_no], quantity, amount)
        followed.recommit(order_id, data.shipped_on, shipped_minor=sum(amounts))
    notes.write()
    return ids


def take_back_delivery(db: Session, actor: Actor, delivery_id: UUID, reason: str) -> None:
    """Cancels a note of history and frees its number. Raises NotFound(`delivery_not_found`)."""
    actor, note = locked_delivery(db, actor, delivery_id)
    update_note(db, actor, delivery_id, state="cancelled", number=f"{note.number}~{str(delivery_id)[-6:]}")
    record_event(db, actor, "delivery_cancelled", note, reason=reason)
    recommit(db, actor, note.order_id, effective_on=note.shipped_on)


def _locked_orders(db: Session, actor: Actor, order_ids: Collection[UUID]) -> tuple[Actor, dict[UUID, DbRow]]:
    """Locks orders after their customers; returns the actor at the moment after, and the orders by id."""
    seen = find_orders(db, actor.tenant_id, order_ids)
    actor = lock_credit(db, actor, {order.customer_id for order in seen})
    return actor, {order.id: order for order in find_orders(db, actor.tenant_id, order_ids, locked=True)}


def _require_possible(actor: Actor, progress: dict[int, LineProgress], data: TakeOverDelivery) -> None:
    if data.shipped_on > actor.today:
        raise RuleBroken("delivery_ship_day", today=actor.today.isoformat())
    unknown = [line.order_line_no for line in data.lines if line.order_line_no not in progress]
    if unknown:
        raise RuleBroken("delivery_line_unknown", line_no=unknown[0])


def _further(line: LineProgress, quantity: Decimal, amount_minor: int) -> LineProgress:
    shipped_minor = line.shipped_minor + amount_minor
    return replace(line, shipped=line.shipped + quantity, shipped_minor=shipped_minor)
