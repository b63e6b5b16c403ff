"""Enters and changes orders: their head, their lines, their total.

Invariants: under the customer's lock, so a change and a decision never cross; a line that was delivered stays what it
is, and what is on a note is not given another price; nothing is deleted, a line taken off is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.credit.commands import lock_credit
from ar.customers.models import Customer
from ar.sales.contracts.models import Contract
from ar.sales.orders.facts import find_order, lines_of
from ar.sales.orders.inputs import EnterOrder, LineInput, OrderFields, TakeOverOrder
from ar.sales.orders.models import Order, OrderLine
from ar.sales.rules.amounts import line_amount_minor
from ar.sales.rules.changes import LineTerms, OrderTerms
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import MAX_MINOR
from kernel.views import DbRow

NUMBER_PREFIX: Final = "SO"
#: How many numbers in a row that somebody else gave away are passed over.
_TRIES: Final = 50

# What stands on notes of an order line, cancelled ones apart, and what of it was shipped.
_ON_NOTES: Final = sa.text("""
    SELECT l.order_line_no AS line_no,
        coalesce(sum(l.quantity) FILTER (WHERE d.state NOT IN ('planned', 'picked')), 0) AS shipped
    FROM delivery_line AS l JOIN delivery AS d ON d.tenant_id = l.tenant_id AND d.id = l.delivery_id
    WHERE l.tenant_id = :tenant AND l.order_id = :order AND NOT l.dropped AND d.state <> 'cancelled'
    GROUP BY l.order_line_no
""")


def enter_order(db: Session, actor: Actor, data: EnterOrder, *, is_history: bool = False) -> UUID:
    """Enters an order as a draft, which commits nothing yet; returns its id.

    `is_history`: taken over from a file, so it stands on the contract it was made under there. Raises NotFound
    (`customer_not_found`), Conflict(`order_number_taken`), RuleBroken (`customer_retired`, `order_contract_unknown`,
    `order_line_twice`, `order_too_large`).
    """
    customer = _customer(db, actor.tenant_id, data.customer_id)
    actor = lock_credit(db, actor, [data.customer_id])
    amounts = line_amounts(data)
    if data.contract_id is not None:
        _require_contract(db, actor.tenant_id, data.customer_id, data.contract_id)
    order_id = new_id()
    values = {
        "tenant_id": actor.tenant_id,
        "id": order_id,
        "customer_id": data.customer_id,
        **_head(data, sum(amounts.values())),
        "state": "draft",
        "is_history": is_history,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
        "recorded_by_id": actor.user_id,
    }
    number = _insert(db, actor, values, data.number)
    _write_lines(db, actor.tenant_id, order_id, data.lines, amounts)
    facts = {"number": number, "currency": data.currency, "amount_minor": values["total_minor"]}
    journal.record(db, actor, "order_entered", customer_id=customer.id, subject_id=order_id, data=facts)
    return order_id


def rewrite_order(db: Session, actor: Actor, order: DbRow, data: OrderFields) -> tuple[OrderTerms, OrderTerms]:
    """Writes what the form says into an order that the caller has locked; returns its terms before and after.

    Raises RuleBroken (`order_currency_fixed`, `order_line_shipped`, `order_line_noted`, and as `enter_order`).
    """
    amounts = line_amounts(data)
    if data.contract_id is not None and data.contract_id != order.contract_id:
        _require_contract(db, actor.tenant_id, order.customer_id, data.contract_id)
    before = terms_of(order, lines_of(db, actor.tenant_id, order.id))
    if data.currency != order.currency and order.released_at is not None:
        raise RuleBroken("order_currency_fixed", currency=order.currency)
    after = OrderTerms(
        data.currency,
        data.term_days,
        data.prepaid,
        data.contract_id,
        {each.line_no: LineTerms(each.product, each.unit, each.quantity, each.unit_price) for each in data.lines},
    )
    _require_delivered_lines(db, actor.tenant_id, order, before, after)
    table = Order
    db.execute(
        sa.update(table)
        .where(table.tenant_id == actor.tenant_id, table.id == order.id)
        .values(**_head(data, sum(amounts.values())))
    )
    _write_lines(db, actor.tenant_id, order.id, data.lines, amounts)
    _drop_lines(db, actor.tenant_id, order.id, [line_no for line_no in before.lines if line_no not in after.lines])
    return before, after


def terms_of(order: DbRow, lines: Sequence[DbRow]) -> OrderTerms:
    """Returns what an order says that the checks ask about."""
    return OrderTerms(
        order.currency,
        order.term_days,
        order.prepaid,
        order.contract_id,
        {line.line_no: LineTerms(line.product, line.unit, line.quantity, line.unit_price) for line in lines},
    )


def order_values(db: Session, tenant_id: UUID, order: DbRow) -> dict[str, Any]:
    """Returns what the form of an order shows, as text, for `kernel.versions`."""
    lines = lines_of(db, tenant_id, order.id)
    return {
        "contract_id": str(order.contract_id or ""),
        "their_number": order.their_number,
        "ordered_on": order.ordered_on.isoformat(),
        "currency": order.currency,
        "term_days": "" if order.term_days is None else str(order.term_days),
        "prepaid": order.prepaid,
        "note": order.note,
        "lines": [_line_values(line) for line in lines],
    }


def _line_values(line: DbRow) -> dict[str, str]:
    return {
        "line_no": str(line.line_no),
        "product": line.product,
        "unit": line.unit,
        "quantity": format(line.quantity.normalize(), "f"),
        "unit_price": format(line.unit_price.normalize(), "f"),
        "tax_rate_bps": "" if line.tax_rate_bps is None else str(line.tax_rate_bps),
    }


def _customer(db: Session, tenant_id: UUID, customer_id: UUID) -> DbRow:
    customer = Customer
    row = db.execute(
        sa.select(customer.id, customer.number, customer.retired_at).where(
            customer.tenant_id == tenant_id, customer.id == customer_id
        )
    ).first()
    if row is None:
        raise NotFound("customer_not_found")
    if row.retired_at is not None:
        raise RuleBroken("customer_retired", number=row.number)
    return row


def _require_contract(db: Session, tenant_id: UUID, customer_id: UUID, contract_id: UUID) -> None:
    """Refuses a contract of another customer, a supplement, and one that ended; whether it is sealed is asked later."""
    contract = Contract
    found = db.execute(
        sa.select(contract.id).where(
            contract.tenant_id == tenant_id,
            contract.id == contract_id,
            contract.customer_id == customer_id,
            contract.form != "supplement",
            contract.state.not_in(("ended", "cancelled")),
        )
    ).first()
    if found is None:
        raise RuleBroken("order_contract_unknown")


def line_amounts(data: OrderFields | TakeOverOrder) -> dict[int, int]:
    """Returns the minor units of each line. Raises RuleBroken (`order_line_twice`, `order_too_large`)."""
    amounts: dict[int, int] = {}
    for line in data.lines:
        if line.line_no in amounts:
            raise RuleBroken("order_line_twice", line_no=line.line_no)
        amounts[line.line_no] = line_amount_minor(line.quantity, line.unit_price, data.currency)
    if sum(amounts.values()) > MAX_MINOR:
        raise RuleBroken("order_too_large")
    return amounts


def _head(data: OrderFields, total_minor: int) -> dict[str, Any]:
    return {
        "contract_id": data.contract_id,
        "their_number": data.their_number,
        "ordered_on": data.ordered_on,
        "currency": data.currency,
        "total_minor": total_minor,
        "term_days": data.term_days,
        "prepaid": data.prepaid,
        "note": data.note,
    }


def _insert(db: Session, actor: Actor, values: Mapping[str, Any], number: str) -> str:
    """Inserts the order under its number, or the next free one; returns the number."""
    year = actor.today.year
    for _try in range(_TRIES):
        asked = number or document_number(
            NUMBER_PREFIX, year, take_numbers(db, actor.tenant_id, f"sales_order:{year}")[0]
        )
        statement = insert(Order).values(**values, number=asked).on_conflict_do_nothing().returning(Order.id)
        if db.execute(statement).first() is not None:
            return asked
        if number:
            break
    raise Conflict("order_number_taken", number=number)


def line_rows(
    tenant_id: UUID, order_id: UUID, lines: Sequence[LineInput], amounts: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Returns the rows of an order's lines, with their amounts by line number."""
    return [
        {
            "tenant_id": tenant_id,
            "order_id": order_id,
            "line_no": line.line_no,
            "product": line.product,
            "unit": line.unit,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "tax_rate_bps": line.tax_rate_bps,
            "amount_minor": amounts[line.line_no],
            "dropped": False,
        }
        for line in lines
    ]


def _write_lines(
    db: Session, tenant_id: UUID, order_id: UUID, lines: Sequence[LineInput], amounts: Mapping[int, int]
) -> None:
    statement = insert(OrderLine).values(line_rows(tenant_id, order_id, lines, amounts))
    changing = ("product", "unit", "quantity", "unit_price", "tax_rate_bps", "amount_minor", "dropped")
    keys = [OrderLine.tenant_id, OrderLine.order_id, OrderLine.line_no]
    db.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={name: statement.excluded[name] for name in changing})
    )


def _drop_lines(db: Session, tenant_id: UUID, order_id: UUID, line_nos: Sequence[int]) -> None:
    if not line_nos:
        return
    line = OrderLine
    db.execute(
        sa.update(line)
        .where(line.tenant_id == tenant_id, line.order_id == order_id, line.line_no.in_(line_nos))
        .values(dropped=True)
    )


def _require_delivered_lines(db: Session, tenant_id: UUID, order: DbRow, before: OrderTerms, after: OrderTerms) -> None:
    """What was shipped of a line stays ordered, and a line on a note keeps its product and its price."""
    for row in db.connection().execute(_ON_NOTES, {"tenant": tenant_id, "order": order.id}):
        known, line = before.lines.get(row.line_no), after.lines.get(row.line_no)
        quantity = line.quantity if line is not None else Decimal(0)
        if quantity < row.shipped:
            shipped = format(row.shipped.normalize(), "f")
            raise RuleBroken("order_line_shipped", line_no=row.line_no, quantity=shipped)
        if line is None or known is None:
            raise RuleBroken("order_line_noted", line_no=row.line_no)
        if (line.product, line.unit, line.unit_price) != (known.product, known.unit, known.unit_price):
            raise RuleBroken("order_line_noted", line_no=row.line_no)
        if after.currency != before.currency:
            raise RuleBroken("order_currency_fixed", currency=before.currency)


def locked_order(db: Session, actor: Actor, order_id: UUID) -> tuple[Actor, DbRow]:
    """Locks an order after its customer; returns the actor at the moment after, and the order. Raises NotFound."""
    customer_id = find_order(db, actor.tenant_id, order_id).customer_id
    actor = lock_credit(db, actor, [customer_id])
    return actor, find_order(db, actor.tenant_id, order_id, locked=True)
