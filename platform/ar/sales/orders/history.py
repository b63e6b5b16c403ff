"""Answers imports on orders by their numbers: what stands in the books, and what a delivery may name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.sales.orders.models import Order, OrderLine
from ar.sales.rules.taken_over import OrderLineTerms, StoredOrder


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order that a delivery may name: its customer, day, currency and the numbers of its lines."""

    id: UUID
    customer_id: UUID
    ordered_on: date
    currency: str
    line_nos: frozenset[int]


def stored_orders(db: Session, tenant_id: UUID, numbers: Collection[str]) -> dict[str, StoredOrder]:
    """Returns the orders of these numbers with their lines, by number."""
    order, customer = Order, Customer
    rows = db.execute(
        sa.select(
            order.id,
            order.number,
            customer.number.label("customer_no"),
            order.ordered_on,
            order.currency,
            order.term_days,
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == order.customer_id))
        .where(order.tenant_id == tenant_id, order.number == sa.any_(_texts(numbers)))
    ).all()
    lines = _lines(db, tenant_id, [row.id for row in rows])
    return {
        row.number: StoredOrder(
            customer_no=row.customer_no,
            ordered_on=row.ordered_on,
            currency=row.currency,
            term_days=row.term_days,
            lines=lines.get(row.id, {}),
        )
        for row in rows
    }


def known_orders(db: Session, tenant_id: UUID, numbers: Collection[str]) -> dict[str, KnownOrder]:
    """Returns the orders of these numbers, by number."""
    order = Order
    rows = db.execute(
        sa.select(order.id, order.number, order.customer_id, order.ordered_on, order.currency).where(
            order.tenant_id == tenant_id, order.number == sa.any_(_texts(numbers))
        )
    ).all()
    lines = _lines(db, tenant_id, [row.id for row in rows])
    return {
        row.number: KnownOrder(
            id=row.id,
            customer_id=row.customer_id,
            ordered_on=row.ordered_on,
            currency=row.currency,
            line_nos=frozenset(lines.get(row.id, {})),
        )
        for row in rows
    }


def _lines(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> dict[UUID, dict[int, OrderLineTerms]]:
    line = OrderLine
    rows = db.execute(
        sa.select(
            line.order_id,
            line.line_no,
            line.product,
            line.quantity,
            line.unit,
            line.unit_price,
            line.tax_rate_bps,
        ).where(
            line.tenant_id == tenant_id,
            line.order_id == sa.any_(sa.cast(sorted(order_ids), sa.ARRAY(sa.Uuid))),
            line.dropped.is_(False),
        )
    )
    found: dict[UUID, dict[int, OrderLineTerms]] = {}
    for row in rows:
        found.setdefault(row.order_id, {})[row.line_no] = OrderLineTerms(
            product=row.product,
            quantity=row.quantity,
            unit=row.unit,
            unit_price=row.unit_price,
            tax_rate_bps=row.tax_rate_bps,
        )
    return found


def _texts(numbers: Collection[str]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(numbers), sa.ARRAY(sa.Text))
