"""Answers imports on delivery notes: what stands in the books, what may be signed for, what was taken over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.sales.deliveries.models import Delivery, DeliveryLine, SignOff
from ar.sales.orders.models import Order
from ar.sales.rules.taken_over import StoredNote


@dataclass(frozen=True, slots=True)
class NoteToSign:
    """A delivery note that a signature names; `signed_on` and `signed_by` of its last signature that stands."""

    id: UUID
    customer_id: UUID
    state: str
    shipped_on: date | None
    signed_on: date | None
    signed_by: str


@dataclass(frozen=True, slots=True)
class TakenOverNote:
    """A delivery note that came in by import: its amount, and the codes of what would have held it."""

    number: str
    currency: str
    amount_minor: int
    held_codes: Sequence[str]


def stored_notes(db: Session, tenant_id: UUID, numbers: Collection[str]) -> dict[str, StoredNote]:
    """Returns the delivery notes of these numbers with what they hold of each order line, by number."""
    note, order, line = Delivery, Order, DeliveryLine
    rows = db.execute(
        sa.select(note.id, note.number, order.number.label("order_no"), note.shipped_on, note.mode)
        .join(order, sa.and_(order.tenant_id == tenant_id, order.id == note.order_id))
        .where(note.tenant_id == tenant_id, note.number == sa.any_(_texts(numbers)))
    ).all()
    held = db.execute(
        sa.select(line.delivery_id, line.order_line_no, sa.func.sum(line.quantity))
        .where(
            line.tenant_id == tenant_id,
            line.delivery_id == sa.any_(_ids([row.id for row in rows])),
            line.dropped.is_(False),
        )
        .group_by(line.delivery_id, line.order_line_no)
    )
    quantities: dict[UUID, dict[int, Decimal]] = {}
    for delivery_id, line_no, quantity in held:
        quantities.setdefault(delivery_id, {})[line_no] = quantity
    return {
        row.number: StoredNote(
            order_no=row.order_no,
            shipped_on=row.shipped_on,
            mode=row.mode,
            quantities=quantities.get(row.id, {}),
        )
        for row in rows
    }


def notes_to_sign(db: Session, tenant_id: UUID, numbers: Collection[str]) -> dict[str, NoteToSign]:
    """Returns the delivery notes of these numbers with their last signature, by number."""
    note, signed, counter = Delivery, SignOff, aliased(SignOff)
    rows = db.execute(
        sa.select(
            note.number, note.id, note.customer_id, note.state, note.shipped_on, signed.signed_on, signed.signed_by
        )
        .outerjoin(
            signed,
            sa.and_(
                signed.tenant_id == tenant_id,
                signed.delivery_id == note.id,
                signed.reverses_id.is_(None),
                ~sa.exists().where(counter.tenant_id == tenant_id, counter.reverses_id == signed.id),
            ),
        )
        .where(note.tenant_id == tenant_id, note.number == sa.any_(_texts(numbers)))
        .order_by(note.number, signed.signed_on.nulls_first(), signed.id)
    )
    return {
        row.number: NoteToSign(
            id=row.id,
            customer_id=row.customer_id,
            state=row.state,
            shipped_on=row.shipped_on,
            signed_on=row.signed_on,
            signed_by=row.signed_by or "",
        )
        for row in rows
    }


def taken_over_notes(db: Session, tenant_id: UUID, delivery_ids: Collection[UUID]) -> list[TakenOverNote]:
    """Returns what was taken over of these notes, in the order of their numbers."""
    note, order = Delivery, Order
    rows = db.execute(
        sa.select(note.number, order.currency, note.amount_minor, note.held_codes)
        .join(order, sa.and_(order.tenant_id == tenant_id, order.id == note.order_id))
        .where(note.tenant_id == tenant_id, note.id == sa.any_(_ids(delivery_ids)))
        .order_by(note.number)
    )
    return [TakenOverNote(**row._mapping) for row in rows]


def signed_amounts(db: Session, tenant_id: UUID, sign_off_ids: Collection[UUID]) -> list[tuple[str, int]]:
    """Returns (currency, minor units) of each of these signatures."""
    signed, note, order = SignOff, Delivery, Order
    rows = db.execute(
        sa.select(order.currency, signed.amount_minor)
        .join(note, sa.and_(note.tenant_id == tenant_id, note.id == signed.delivery_id))
        .join(order, sa.and_(order.tenant_id == tenant_id, order.id == note.order_id))
        .where(signed.tenant_id == tenant_id, signed.id == sa.any_(_ids(sign_off_ids)))
    )
    return [(row.currency, row.amount_minor) for row in rows]


def _ids(ids: Collection[UUID]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(ids), sa.ARRAY(sa.Uuid))


def _texts(numbers: Collection[str]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(numbers), sa.ARRAY(sa.Text))
