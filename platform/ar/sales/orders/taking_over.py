"""Takes over orders that were confirmed in another system, all of a file at once, and takes one back.

Invariants: they commit their amounts from their own day on without being asked, and are asked when they ship; what the
checks answer to each is kept with it; a constant number of statements, whatever the number of orders.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.credit.rules.decision import Decision
from ar.customers.models import Customer
from ar.sales.orders.commands import cancel_order
from ar.sales.orders.entering import line_amounts, line_rows, locked_order
from ar.sales.orders.facts import find_orders
from ar.sales.orders.following import FollowedOrders
from ar.sales.orders.inputs import CloseOrder, TakeOverOrder
from ar.sales.orders.models import Order, OrderLine
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id


def take_over_orders(db: Session, actor: Actor, orders: Sequence[TakeOverOrder]) -> list[tuple[UUID, Decision]]:
    """Takes over orders as released; returns the id of each, and what the checks answer to it after those before it.

    Raises NotFound(`customer_not_found`), Conflict(`order_number_taken`), RuleBroken (`customer_retired`,
    `order_line_twice`, `order_too_large`).
    """
    if not orders:
        return []
    customer_ids = {each.customer_id for each in orders}
    actor = lock_credit(db, actor, customer_ids)
    _require_customers(db, actor.tenant_id, customer_ids)
    ids = [new_id() for _order in orders]
    amounts = [line_amounts(each) for each in orders]
    rows = [
        _row(actor, order_id, order, sum(minor.values()))
        for order_id, order, minor in zip(ids, orders, amounts, strict=True)
    ]
    _insert(db, rows)
    lines: list[dict[str, Any]] = []
    for order_id, order, minor in zip(ids, orders, amounts, strict=True):
        lines += line_rows(actor.tenant_id, order_id, order.lines, minor)
    db.execute(sa.insert(OrderLine), lines)
    followed = FollowedOrders(db, actor, find_orders(db, actor.tenant_id, ids), asks=True)
    answers = []
    for order_id, order, row in zip(ids, orders, rows, strict=True):
        facts = {"number": order.number, "currency": order.currency, "amount_minor": row["total_minor"]}
        followed.record(journal.NewEvent("order_entered", order.customer_id, order_id, facts))
        followed.record_order("order_taken_over", order_id)
        followed.recommit(order_id, min(order.ordered_on, actor.today))
        answers.append((order_id, followed.ask(order_id, "confirm")))
    followed.write()
    return answers


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


def _require_customers(db: Session, tenant_id: UUID, customer_ids: Collection[UUID]) -> None:
    customer = Customer
    wanted = sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(customer.number, customer.retired_at).where(
            customer.tenant_id == tenant_id, customer.id == sa.any_(wanted)
        )
    ).all()
    if len(rows) != len(customer_ids):
        raise NotFound("customer_not_found")
    retired = sorted(row.number for row in rows if row.retired_at is not None)
    if retired:
        raise RuleBroken("customer_retired", number=retired[0])


def _insert(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    statement = insert(Order).on_conflict_do_nothing().returning(Order.number)
    written = set(db.execute(statement, rows).scalars())
    taken = next((row["number"] for row in rows if row["number"] not in written), None)
    if taken is not None:
        raise Conflict("order_number_taken", number=taken)


def _row(actor: Actor, order_id: UUID, order: TakeOverOrder, total_minor: int) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "id": order_id,
        "number": order.number,
        "customer_id": order.customer_id,
        "contract_id": None,
        "their_number": "",
        "ordered_on": order.ordered_on,
        "currency": order.currency,
        "total_minor": total_minor,
        "term_days": order.term_days,
        "prepaid": False,
        "note": "",
        "state": "released",
        "is_history": True,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
        "recorded_by_id": actor.user_id,
        "released_at": actor.now,
    }
