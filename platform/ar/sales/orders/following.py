"""Follows many orders through one import: their states, amounts, commitments and answers, read once, written in bulk.

Invariants: under the locks of their customers; the rules are those of one order at a time, and an order sees what the
ones before it commit; nothing is in the books before `write`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import Commitments, CommitOrder, Standing, read_standing
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import Decision, OrderFacts
from ar.sales.contracts.basis import ContractBasis, contract_basis
from ar.sales.orders.against_contract import prices_off, quantities_over
from ar.sales.orders.amounts import amounts_of_orders, ordered_minor, prepaid_open_minor
from ar.sales.orders.commands import decision_row, order_event
from ar.sales.orders.facts import facts_from, lines_of
from ar.sales.orders.models import Order, OrderDecision
from ar.sales.rules.states import state_after_answer, state_by_amounts
from kernel import journal
from kernel.actor import Actor
from kernel.views import DbRow

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Followed:
    """An order by now: its row as it was read, its state, and what was shipped, signed for and invoiced of it."""

    row: DbRow
    state: str
    shipped_minor: int
    signed_minor: int
    invoiced_minor: int

    @property
    def amounts(self) -> OrderAmounts:
        return OrderAmounts(
            ordered_minor=ordered_minor(self.state, self.row.total_minor, self.shipped_minor),
            shipped_minor=self.shipped_minor,
            signed_minor=self.signed_minor,
            invoiced_minor=self.invoiced_minor,
        )


class FollowedOrders:
    """Orders whose customers the caller has locked; `asks`: the checks will be asked for them."""

    def __init__(self, db: Session, actor: Actor, orders: Sequence[DbRow], *, asks: bool) -> None:
        self._db, self._actor = db, actor
        ids = [order.id for order in orders]
        amounts = amounts_of_orders(db, actor.tenant_id, ids)
        self._orders = {order.id: _followed(order, amounts[order.id]) for order in orders}
        self._standing: Standing | None = None
        if asks:
            self._standing = read_standing(db, actor, {order.customer_id for order in orders}, ids)
        self._commitments = Commitments(db, actor, ids, past=True)
        self._basis: dict[UUID, ContractBasis | None] = {}
        self._prices_off: dict[UUID, Sequence[dict[str, Any]]] = {}
        self._prepaid_open: dict[tuple[UUID, str], int] = {}
        self._decisions: list[dict[str, Any]] = []
        self._events: list[journal.NewEvent] = []
        self._moved: dict[UUID, bool] = {}

    def state_of(self, order_id: UUID) -> str:
        """Returns the state of an order by now."""
        return self._orders[order_id].state

    def needs_books(self, order_id: UUID) -> bool:
        """Whether the answer for an order hangs on other orders of its contract, so that all must be written before."""
        basis = self._basis_of(self._orders[order_id].row)
        return basis is not None and any(each.quantity is not None for each in basis.prices)

    def record(self, *events: journal.NewEvent) -> None:
        """Adds events of the caller to those of the orders, in this order."""
        self._events += events

    def record_order(self, event: str, order_id: UUID) -> None:
        """Adds an event of an order."""
        self._events.append(order_event(event, self._orders[order_id].row))

    def ask(self, order_id: UUID, checkpoint: str, quantities_more: Sequence[Mapping[str, Any]] = ()) -> Decision:
        """Asks the checks as `orders.commands.check`: the answer is kept, and releases or holds an order by it."""
        if self._standing is None:
            raise ValueError("these orders were not read to be asked for")
        order, row = self._orders[order_id], self._orders[order_id].row
        facts = self._facts(order)
        facts = replace(
            facts,
            quantities_over=[*facts.quantities_over, *(dict(line) for line in quantities_more)],
            state_fault=facts.state_fault or ("draft" if order.state == "draft" else None),
        )
        decision = self._standing.decide(row.customer_id, facts)
        self._decisions.append(decision_row(self._actor, order_id, checkpoint, decision))
        state = state_after_answer(order.state, passes=decision.passes, holds=False)
        if state != order.state:
            self._move(order, state, released=state == "released")
            codes = {} if state == "released" else {"codes": [reason.code for reason in decision.reasons]}
            self._events.append(order_event(f"order_{state}", row, **codes))
        if decision.passes:
            self.recommit(order_id, self._actor.today)
        return decision

    def recommit(self, order_id: UUID, effective_on: date, *, shipped_minor: int = 0, signed_minor: int = 0) -> None:
        """Commits what an order comes to from a day on, after so much more of it was shipped and signed for."""
        order = self._orders[order_id]
        row = order.row
        order.shipped_minor += shipped_minor
        order.signed_minor += signed_minor
        data = CommitOrder(
            order_id=order_id,
            customer_id=row.customer_id,
            currency=row.currency,
            amounts=order.amounts,
            effective_on=effective_on,
            prepaid=row.prepaid,
        )
        before = self._commitments.of(order_id)
        after = self._commitments.set_commitment(data)
        if self._standing is not None:
            self._standing.follow(data, before, after)
        state = state_by_amounts(order.state, row.total_minor, order.signed_minor, order.invoiced_minor)
        if state != order.state:
            self._move(order, state, released=False)

    def write(self) -> None:
        """Writes what changed since it was read, or written last. Papers of the caller come before."""
        self._commitments.write()
        if self._decisions:
            self._db.execute(sa.insert(OrderDecision), self._decisions)
        for state in sorted({self._orders[each].state for each in self._moved}):
            for released in (False, True):
                ids = [
                    order_id
                    for order_id, was_released in self._moved.items()
                    if was_released is released and self._orders[order_id].state == state
                ]
                self._write_state(ids, state, released=released)
        journal.record_many(self._db, self._actor, self._events)
        self._decisions, self._events, self._moved = [], [], {}

    def _write_state(self, order_ids: Sequence[UUID], state: str, *, released: bool) -> None:
        if not order_ids:
            return
        values: dict[str, Any] = {"state": state} | ({"released_at": self._actor.now} if released else {})
        wanted = sa.cast(sorted(order_ids), sa.ARRAY(sa.Uuid))
        own = (Order.tenant_id == self._actor.tenant_id, Order.id == sa.any_(wanted))
        self._db.execute(sa.update(Order).where(*own).values(**values))

    def _move(self, order: _Followed, state: str, *, released: bool) -> None:
        order.state = state
        self._moved[order.row.id] = released or self._moved.get(order.row.id, False)

    def _facts(self, order: _Followed) -> OrderFacts:
        row, tenant_id = order.row, self._actor.tenant_id
        basis = self._basis_of(row)
        facts = facts_from(row, order.amounts, basis, order.state)
        if basis is not None:
            find = lambda: prices_off(basis, row.currency, lines_of(self._db, tenant_id, row.id))  # noqa: E731
            over = quantities_over(self._db, tenant_id, basis, row.id)
            facts = replace(facts, prices_off=_once(self._prices_off, row.id, find), quantities_over=over)
        if row.prepaid:
            key = (row.customer_id, row.currency)
            open_minor = _once(self._prepaid_open, key, lambda: prepaid_open_minor(self._db, tenant_id, row))
            facts = replace(facts, prepaid_open_minor=open_minor)
        return facts

    def _basis_of(self, row: DbRow) -> ContractBasis | None:
        if row.contract_id is None:
            return None
        contract_id: UUID = row.contract_id
        return _once(self._basis, contract_id, lambda: contract_basis(self._db, self._actor.tenant_id, contract_id))


def _followed(row: DbRow, amounts: OrderAmounts) -> _Followed:
    return _Followed(row, row.state, amounts.shipped_minor, amounts.signed_minor, amounts.invoiced_minor)


def _once(known: dict[K, V], key: K, find: Callable[[], V]) -> V:
    if key not in known:
        known[key] = find()
    return known[key]
