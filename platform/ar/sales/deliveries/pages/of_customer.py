"""Reads the orders and delivery notes of one customer for its page: what moves first, then the latest.

Invariant: a constant number of statements; who sees only some customers sees only theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.deliveries.messages import STATE_NAMES as NOTE_STATES
from ar.sales.deliveries.models import Delivery
from ar.sales.orders.messages import STATE_NAMES as ORDER_STATES
from ar.sales.orders.models import Order
from kernel.binds import TENANT
from kernel.db import columns
from kernel.views import select_view, value, views

#: Rows of each kind on the page; the lists have the rest.
ROWS: Final = 6
_OPEN_ORDERS: Final = ("draft", "held", "released")
_OPEN_NOTES: Final = ("planned", "picked", "shipped")
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class CustomerOrder:
    """An order; `total_minor` with tax, in minor units of `currency`."""

    id: UUID
    number: str
    ordered_on: date
    currency: str
    total_minor: int
    state: str
    all: int

    @property
    def badge(self) -> tuple[str, str]:
        """Returns name (msgid) and tone of its state."""
        return ORDER_STATES[self.state]


@dataclass(frozen=True, slots=True)
class CustomerNote:
    """A delivery note; `amount_minor` with tax, of what was planned until it ships."""

    id: UUID
    number: str
    order_id: UUID
    order_no: str
    planned_on: date
    shipped_on: date | None
    currency: str
    amount_minor: int
    state: str
    all: int

    @property
    def badge(self) -> tuple[str, str]:
        """Returns name (msgid) and tone of its state."""
        return NOTE_STATES[self.state]


def orders_of_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> list[CustomerOrder]:
    """Returns open orders, then the latest others, at most `ROWS`; `all` is how many there are."""
    return views(CustomerOrder, columns(db, _orders(), {"tenant": tenant_id, "customer": customer_id}))


@cache
def _orders() -> sa.Select[Any]:
    order = Order
    return (
        select_view(
            CustomerOrder,
            id=value(order.id),
            number=value(order.number),
            ordered_on=value(order.ordered_on),
            currency=value(order.currency),
            total_minor=value(order.total_minor),
            state=value(order.state),
            all=value(sa.func.count().over()),
        )
        .where(order.tenant_id == TENANT, order.customer_id == _CUSTOMER)
        .order_by(order.state.not_in(_OPEN_ORDERS), order.ordered_on.desc(), order.number.desc())
        .limit(ROWS)
    )


def notes_of_customer(db: Session, tenant_id: UUID, customer_id: UUID) -> list[CustomerNote]:
    """Returns notes that wait or are out, then the latest others, at most `ROWS`; `all` is how many there are."""
    return views(CustomerNote, columns(db, _notes(), {"tenant": tenant_id, "customer": customer_id}))


@cache
def _notes() -> sa.Select[Any]:
    note, order = Delivery, Order
    return (
        select_view(
            CustomerNote,
            id=value(note.id),
            number=value(note.number),
            order_id=value(note.order_id),
            order_no=value(order.number),
            planned_on=value(note.planned_on),
            shipped_on=value(note.shipped_on),
            currency=value(order.currency),
            amount_minor=value(note.amount_minor),
            state=value(note.state),
            all=value(sa.func.count().over()),
        )
        .join(order, sa.and_(order.tenant_id == TENANT, order.id == note.order_id))
        .where(note.tenant_id == TENANT, note.customer_id == _CUSTOMER)
        .order_by(note.state.not_in(_OPEN_NOTES), note.planned_on.desc(), note.number.desc())
        .limit(ROWS)
    )
