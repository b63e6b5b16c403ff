"""Takes goods of a shipped note back: before they were signed for, or after, then given back by the ledger (R100).

Invariants: a return is never refused for credit; what was invoiced is given back by a document of the ledger,
what was not is taken off what was signed for, so that nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.deliveries.billing.crediting import billed_of_note, credit_goods
from ar.sales.deliveries.billing.proposals import deliveries_to_invoice
from ar.sales.deliveries.inputs import ReturnedLine, ReturnGoods
from ar.sales.deliveries.models import DeliveryReturn
from ar.sales.deliveries.notes import (
    GONE_STATES,
    NotePosition,
    locked_delivery,
    note_positions,
    record_event,
    require_no_seller,
    require_own_note,
    require_state,
    require_unmoved,
    settled_state,
    update_note,
)
from ar.sales.orders.commands import recommit
from ar.sales.rules.returns import Piece, split_return
from ar.sales.rules.shipping import part_of_line, plain, sums_by_line
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id


def return_goods(db: Session, actor: Actor, delivery_id: UUID, data: ReturnGoods) -> tuple[UUID, ...]:
    """Takes goods back; returns the items of the ledger that give them back, none where nothing was invoiced.

    Raises NotFound(`delivery_not_found`), Forbidden (`delivery_other_driver`, `delivery_return_credits`), Conflict
    (`delivery_moved_on`, `delivery_counts_changed`), RuleBroken (`return_day`, `return_too_much`), what posting the
    document raises.
    """
    actor, note = locked_delivery(db, actor, delivery_id)
    require_own_note(actor, note)
    require_state(note, GONE_STATES)
    if not note.shipped_on <= data.returned_on <= actor.today:
        days = {"shipped_on": note.shipped_on.isoformat(), "today": actor.today.isoformat()}
        raise RuleBroken("return_day", **days)
    standing = note_positions(db, actor.tenant_id, delivery_id)
    require_unmoved(note, standing, data.seen)
    positions = {each.position: each for each in standing}
    rows, signed = _rows(positions, data.lines)
    given_back: dict[str | None, UUID] = {}
    if signed:
        waiting = deliveries_to_invoice(db, actor.tenant_id, [note.order_id])[delivery_id]
        pieces = split_return(signed, billed_of_note(db, actor, note, waiting))
        if any(each.document_no is not None for each in pieces):
            require_no_seller(actor, note)
            given_back = credit_goods(db, actor, note, data, pieces)
        rows += [_row_of(each, given_back.get(each.document_no)) for each in pieces]
    own = {
        "tenant_id": actor.tenant_id,
        "delivery_id": delivery_id,
        "customer_id": note.customer_id,
        "returned_on": data.returned_on,
        "reason": data.reason,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }
    for row in rows:
        db.execute(sa.insert(DeliveryReturn).values(**own, **row, id=new_id()))
    update_note(db, actor, delivery_id, state=settled_state(note_positions(db, actor.tenant_id, delivery_id)))
    facts = {"on": data.returned_on.isoformat(), "reason": data.reason}
    record_event(db, actor, "delivery_goods_returned", note, **facts)
    recommit(db, actor, note.order_id, effective_on=data.returned_on)
    return tuple(given_back.values())


def _rows(
    positions: Mapping[int, NotePosition], lines: Sequence[ReturnedLine]
) -> tuple[list[dict[str, Any]], dict[int, Decimal]]:
    """Returns the rows of what was out, which comes back first, and what beyond it had been signed for, by position."""
    rows, signed = [], {}
    for position, quantity in sorted(sums_by_line((line.position, line.quantity) for line in lines).items()):
        each = positions.get(position)
        at_them = each.outstanding + each.kept if each is not None else Decimal(0)
        if each is None or quantity > at_them:
            raise RuleBroken("return_too_much", position=position, out=plain(at_them))
        unsigned = min(quantity, each.outstanding)
        if unsigned > 0:
            amount = part_of_line(each.amount_minor, each.quantity, each.settled, unsigned)
            rows.append(_row(position, unsigned, amount, was_signed=False))
        if quantity > unsigned:
            signed[position] = quantity - unsigned
    return rows, signed


def _row_of(piece: Piece, credit_item_id: UUID | None) -> dict[str, Any]:
    row = _row(piece.position, piece.quantity, piece.amount_minor, was_signed=True)
    return row | {"credit_item_id": credit_item_id}


def _row(position: int, quantity: Decimal, amount_minor: int, *, was_signed: bool) -> dict[str, Any]:
    amounts = {"position": position, "quantity": quantity, "amount_minor": amount_minor}
    return amounts | {"was_signed": was_signed, "credit_item_id": None}
