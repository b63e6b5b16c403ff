"""Gathers the facts of an order that the checks of credit ask for, and asks them.

Invariant: an order commits in the question what it would commit once released, whatever its state, so that asking
twice asks the same; what it breaks of its contract is read with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import check_order
from ar.credit.rules.commitment import OrderAmounts, stages_of
from ar.credit.rules.decision import Decision, OrderFacts
from ar.sales.contracts.basis import ContractBasis, basis_of
from ar.sales.orders.against_contract import prices_off, quantities_over
from ar.sales.orders.amounts import order_amounts, prepaid_open_minor
from ar.sales.orders.models import Order, OrderLine
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.views import DbRow

#: States in which nothing of an order moves any more.
ENDED: Final = ("closed_short", "cancelled")


_COLUMNS: Final = (
    Order.id,
    Order.number,
    Order.customer_id,
    Order.contract_id,
    Order.their_number,
    Order.ordered_on,
    Order.currency,
    Order.total_minor,
    Order.term_days,
    Order.prepaid,
    Order.note,
    Order.state,
    Order.is_history,
    Order.recorded_at,
    Order.released_at,
)


def find_order(db: Session, tenant_id: UUID, order_id: UUID, *, locked: bool = False) -> DbRow:
    """Returns the columns of an order that its commands need. Raises NotFound(`order_not_found`)."""
    statement = sa.select(*_COLUMNS).where(Order.tenant_id == tenant_id, Order.id == order_id)
    row = db.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NotFound("order_not_found")
    return row


def find_orders(db: Session, tenant_id: UUID, order_ids: Collection[UUID], *, locked: bool = False) -> list[DbRow]:
    """Returns the columns of these orders as `find_order`, by id. Raises NotFound(`order_not_found`) if one is not."""
    wanted = sa.cast(sorted(order_ids), sa.ARRAY(sa.Uuid))
    statement = sa.select(*_COLUMNS).where(Order.tenant_id == tenant_id, Order.id == sa.any_(wanted)).order_by(Order.id)
    rows = list(db.execute(statement.with_for_update() if locked else statement))
    if len(rows) != len(set(order_ids)):
        raise NotFound("order_not_found")
    return rows


def order_id_of(db: Session, tenant_id: UUID, number: str) -> UUID:
    """Returns the id of the order with that number. Raises NotFound(`order_number_unknown`)."""
    found = db.execute(sa.select(Order.id).where(Order.tenant_id == tenant_id, Order.number == number)).scalar()
    if found is None:
        raise NotFound("order_number_unknown", number=number)
    return found


def lines_of(db: Session, tenant_id: UUID, order_id: UUID) -> list[DbRow]:
    """Returns the lines of an order in the order of their numbers, without those taken off."""
    line = OrderLine
    return list(
        db.execute(
            sa.select(
                line.line_no,
                line.product,
                line.unit,
                line.quantity,
                line.unit_price,
                line.tax_rate_bps,
                line.amount_minor,
            )
            .where(line.tenant_id == tenant_id, line.order_id == order_id, line.dropped.is_(False))
            .order_by(line.line_no)
        )
    )


def order_facts(db: Session, tenant_id: UUID, order_id: UUID) -> OrderFacts:
    """Returns the facts of an order as it is now. Raises NotFound(`order_not_found`).

    The term is that of the order, else of its contract (R065). An order taken over from a file stands on the contract
    under which it was made there. A quantity over the contract's is among `quantities_over`.
    """
    order = find_order(db, tenant_id, order_id)
    basis = basis_of(db, tenant_id, order)
    facts = facts_from(order, order_amounts(db, tenant_id, order_id), basis)
    return replace(
        facts,
        prepaid_open_minor=prepaid_open_minor(db, tenant_id, order) if order.prepaid else 0,
        prices_off=prices_off(basis, order.currency, lines_of(db, tenant_id, order_id)),
        quantities_over=quantities_over(db, tenant_id, basis, order_id),
    )


def facts_from(
    order: DbRow, amounts: OrderAmounts, basis: ContractBasis | None, state: str | None = None
) -> OrderFacts:
    """Returns what an order itself says, in a `state` (None: its own), without what its lines and its invoices say."""
    state = state or order.state
    return OrderFacts(
        order_id=order.id,
        order_no=order.number,
        currency=order.currency,
        total_minor=order.total_minor,
        committed_minor=_committed_minor(order, state, amounts),
        term_days=_term_days(order, basis),
        prepaid=order.prepaid,
        has_basis=_has_basis(order, basis),
        state_fault=state if state in ENDED else None,
    )


def preview_check(db: Session, actor: Actor, order_id: UUID) -> Decision:
    """Returns what the checks answer to an order now; nothing is stored. Raises NotFound(`order_not_found`)."""
    order = find_order(db, actor.tenant_id, order_id)
    return check_order(db, actor, order.customer_id, order_facts(db, actor.tenant_id, order_id))


def _term_days(order: DbRow, basis: ContractBasis | None) -> int | None:
    own: int | None = order.term_days
    return basis.term_days if own is None and basis is not None else own


def _has_basis(order: DbRow, basis: ContractBasis | None) -> bool:
    if basis is None:
        return bool(order.is_history)
    return basis.covers(order.customer_id, order.currency, order.ordered_on, order.recorded_at)


def _committed_minor(order: DbRow, state: str, amounts: OrderAmounts) -> int:
    ordered_minor = amounts.ordered_minor if state in ENDED else order.total_minor
    asked = OrderAmounts(ordered_minor, amounts.shipped_minor, amounts.signed_minor, amounts.invoiced_minor)
    return stages_of(asked).total_minor
