"""Contracts, orders, and what the checks answer to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.models import Commitment
from ar.credit.rules.decision import Decision
from ar.sales.commands import (
    bill_order,
    cancel_order,
    close_order_short,
    confirm_order,
    edit_order,
    enter_order,
    recommit,
    reopen_order,
)
from ar.sales.inputs import BillOrder, CloseOrder, EditOrder, EnterOrder, LineInput
from ar.sales.lookups import preview_check
from ar.sales.models import Contract, ContractLine, Delivery, DeliveryLine, Order, SignOff, SignOffLine
from ar.sales.orders.facts import find_order, lines_of
from ar.sales.rules.amounts import line_amount_minor
from kernel.ids import new_id
from tests.support.world.base import fresh_number
from tests.support.world.credit import Credit
from tests.support.world.customers import Customers

#: product, quantity, price, and the rate of tax in basis points where it matters
Line = tuple[str, str, str] | tuple[str, str, str, int]


class Sales(Credit, Customers):
    """Makers of contracts and orders."""

    def buyer(self, limit_minor: int | None, number: str = "00001") -> UUID:
        """Makes a customer whose file is complete, with a limit (None: unlimited); returns its id."""
        customer_id = self.customer(number)
        self.complete_file(customer_id)
        self.limit(customer_id, limit_minor)
        return customer_id

    def contract(
        self,
        customer_id: UUID,
        prices: Sequence[tuple[str, str]] = (),
        *,
        number: str = "",
        currency: str = "CNY",
        term_days: int | None = 30,
        start: date = date(2026, 1, 1),
        end: date | None = None,
        quantity: str | None = None,
        state: str = "sealed",
    ) -> UUID:
        """Writes a contract as its sealing leaves it, with (product, price) each; returns its id."""
        contract_id, actor = new_id(), self.actor()
        columns: dict[str, Any] = {
            "form": "own",
            "title": "Framework contract",
            "deal_ref": "",
            "their_number": "",
            "checklist": {},
            "clauses": "",
            "file_name": "",
            "recorded_at": actor.now,
            "recorded_by": actor.name,
        }
        with self.transaction() as db:
            db.execute(
                sa.insert(Contract).values(
                    tenant_id=self.tenant_id,
                    id=contract_id,
                    customer_id=customer_id,
                    number=number or f"CT-{fresh_number()}",
                    state="draft",
                    currency=currency,
                    term_days=term_days,
                    starts_on=start,
                    ends_on=end,
                    **columns,
                )
            )
            for line_no, (product, price) in enumerate(prices, start=1):
                db.execute(
                    sa.insert(ContractLine).values(
                        tenant_id=self.tenant_id,
                        contract_id=contract_id,
                        line_no=line_no,
                        product=product,
                        specification="",
                        unit="",
                        quantity=None if quantity is None else Decimal(quantity),
                        unit_price=Decimal(price),
                    )
                )
            sealed = {"sealed_at": actor.now, "sealed_by": actor.name} if state == "sealed" else {}
            db.execute(
                sa.update(Contract)
                .where(Contract.tenant_id == self.tenant_id, Contract.id == contract_id)
                .values(state=state, **sealed)
            )
        return contract_id

    def order(
        self,
        customer_id: UUID,
        *lines: Line,
        contract_id: UUID | None = None,
        number: str = "",
        currency: str = "CNY",
        term_days: int | None = 30,
        prepaid: bool = False,
        on: date | None = None,
    ) -> UUID:
        """Enters an order of (product, quantity, price) lines, under a framework contract unless told; its id."""
        if contract_id is None:
            contract_id = self.contract(customer_id, currency=currency)
        with self.transaction() as db:
            data = EnterOrder(
                customer_id=customer_id,
                number=number or f"SO-{fresh_number()}",
                contract_id=contract_id,
                ordered_on=on or self.today,
                currency=currency,
                term_days=term_days,
                prepaid=prepaid,
                lines=_lines(lines),
            )
            return enter_order(db, self.actor(), data)

    def released_order(self, customer_id: UUID, *lines: Line, **more: Any) -> UUID:
        """Enters an order and confirms it; it must pass."""
        order_id = self.order(customer_id, *lines, **more)
        decision = self.confirm(order_id)
        assert decision.passes, decision.reasons
        return order_id

    def confirm(self, order_id: UUID) -> Decision:
        """Confirms an order."""
        with self.transaction() as db:
            return confirm_order(db, self.actor(), order_id)

    def change_order(self, order_id: UUID, *lines: Line, **more: Any) -> Decision | None:
        """Changes an order to these lines, and whatever else is given; what is not stays."""
        with self.transaction() as db:
            order = db.execute(
                sa.select(Order.contract_id, Order.ordered_on, Order.currency, Order.term_days, Order.prepaid).where(
                    Order.tenant_id == self.tenant_id, Order.id == order_id
                )
            ).one()
            data = EditOrder.model_validate({**order._mapping, "lines": _lines(lines), **more})
            return edit_order(db, self.actor(), order_id, data)

    def close_short(self, order_id: UUID, reason: str = "the rest is given up") -> None:
        """Closes an order short."""
        with self.transaction() as db:
            close_order_short(db, self.actor(), order_id, CloseOrder(reason=reason))

    def cancel_order(self, order_id: UUID, reason: str = "not wanted any more") -> None:
        """Cancels an order."""
        with self.transaction() as db:
            cancel_order(db, self.actor(), order_id, CloseOrder(reason=reason))

    def reopen(self, order_id: UUID, reason: str = "wanted after all") -> Decision:
        """Opens an order again."""
        with self.transaction() as db:
            return reopen_order(db, self.actor(), order_id, CloseOrder(reason=reason))

    def bill_order(
        self, order_id: UUID, item_id: UUID, minor: int | None = None, *, delivery_id: UUID | None = None
    ) -> UUID:
        """Links the invoice of an item to an order."""
        with self.transaction() as db:
            entry_id = self.open_item(item_id).entry_id
            data = BillOrder(order_id=order_id, entry_id=entry_id, delivery_id=delivery_id, amount_minor=minor)
            return bill_order(db, self.actor(), data)

    def ship_goods(self, order_id: UUID, *parts: tuple[str, str], mode: str = "direct") -> UUID:
        """Writes a shipped note of (line number, quantity) parts as shipping leaves it, with no check; its id."""
        delivery_id, actor = new_id(), self.actor()
        with self.transaction() as db:
            order = find_order(db, self.tenant_id, order_id)
            prices = {str(line.line_no): line.unit_price for line in lines_of(db, self.tenant_id, order_id)}
            amounts = [line_amount_minor(Decimal(part), prices[line], order.currency) for line, part in parts]
            db.execute(
                sa.insert(Delivery).values(
                    tenant_id=self.tenant_id,
                    id=delivery_id,
                    number=f"DN-{fresh_number()}",
                    order_id=order_id,
                    customer_id=order.customer_id,
                    mode=mode,
                    state="shipped",
                    amount_minor=sum(amounts),
                    carrier="",
                    tracking_no="",
                    picker_up="",
                    planned_on=actor.today,
                    shipped_on=actor.today,
                    is_history=False,
                    held_codes=[],
                    recorded_at=actor.now,
                    recorded_by=actor.name,
                )
            )
            for position, ((line, part), minor) in enumerate(zip(parts, amounts, strict=True), start=1):
                db.execute(
                    sa.insert(DeliveryLine).values(
                        tenant_id=self.tenant_id,
                        delivery_id=delivery_id,
                        position=position,
                        order_id=order_id,
                        order_line_no=int(line),
                        quantity=Decimal(part),
                        amount_minor=minor,
                        batch="",
                    )
                )
            recommit(db, actor, order_id)
        return delivery_id

    def sign_goods(self, order_id: UUID) -> None:
        """Writes that every note of an order was signed for whole today, as a sign-off leaves it."""
        actor = self.actor()
        with self.transaction() as db:
            notes = db.execute(
                sa.select(Delivery.id, Delivery.customer_id, Delivery.amount_minor).where(
                    Delivery.tenant_id == self.tenant_id, Delivery.order_id == order_id, Delivery.state == "shipped"
                )
            ).all()
            for note in notes:
                sign_off_id, line = new_id(), DeliveryLine
                db.execute(
                    sa.insert(SignOff).values(
                        tenant_id=self.tenant_id,
                        id=sign_off_id,
                        delivery_id=note.id,
                        customer_id=note.customer_id,
                        signed_on=actor.today,
                        signed_by="王五",
                        channel="scan",
                        amount_minor=note.amount_minor,
                        file_name="",
                        note="",
                        recorded_at=actor.now,
                        recorded_by=actor.name,
                    )
                )
                shipped = db.execute(
                    sa.select(line.position, line.delivery_id, line.quantity, line.amount_minor).where(
                        line.tenant_id == self.tenant_id, line.delivery_id == note.id, line.dropped.is_(False)
                    )
                )
                own = {"tenant_id": self.tenant_id, "sign_off_id": sign_off_id, "short_reason": ""}
                db.execute(sa.insert(SignOffLine), [{**own, **each._mapping} for each in shipped])
                db.execute(
                    sa.update(Delivery)
                    .where(Delivery.tenant_id == self.tenant_id, Delivery.id == note.id)
                    .values(state="signed")
                )
            recommit(db, actor, order_id)

    def answer(self, order_id: UUID) -> list[str]:
        """Returns the codes that hold an order now; nothing is stored."""
        with self.reading() as db:
            return [reason.code.value for reason in preview_check(db, self.actor(), order_id).reasons]

    def order_state(self, order_id: UUID) -> str:
        """Returns the state of an order."""
        with self.reading() as db:
            found = sa.select(Order.state).where(Order.tenant_id == self.tenant_id, Order.id == order_id)
            return str(db.execute(found).scalar_one())

    def commits(self, order_id: UUID) -> tuple[int, int, int]:
        """Returns what an order commits: released, shipped, signed."""
        with self.reading() as db:
            columns = (Commitment.released_minor, Commitment.shipped_minor, Commitment.signed_minor)
            row = db.execute(
                sa.select(*columns).where(Commitment.tenant_id == self.tenant_id, Commitment.order_id == order_id)
            ).first()
        return (0, 0, 0) if row is None else (row[0], row[1], row[2])


def _lines(lines: Sequence[Line]) -> list[LineInput]:
    names = ("product", "quantity", "unit_price", "tax_rate_bps")
    return [
        LineInput.model_validate({"line_no": number} | dict(zip(names, line, strict=False)))
        for number, line in enumerate(lines, start=1)
    ]


def held_by(decision: Decision) -> list[str]:
    """Returns the codes of a decision's reasons, in their order."""
    return [reason.code.value for reason in decision.reasons]
