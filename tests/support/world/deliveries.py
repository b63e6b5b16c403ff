"""Delivery notes: planned, shipped, signed for, returned, invoiced."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.exposure.parts import NO_PARTS
from ar.credit.rules.decision import Decision
from ar.sales.deliveries.billing.commands import invoice_delivery, register_invoice
from ar.sales.deliveries.billing.inputs import InvoiceDelivery, RegisterInvoice
from ar.sales.deliveries.billing.proposals import deliveries_to_invoice
from ar.sales.deliveries.inputs import NoteLine, PlanDelivery, ReturnedLine, ReturnGoods, ShipDelivery
from ar.sales.deliveries.models import Delivery, DeliveryLine
from ar.sales.deliveries.planning import plan_delivery, remaining_lines
from ar.sales.deliveries.returns import return_goods
from ar.sales.deliveries.shipping import pick_delivery, ship_delivery
from ar.sales.deliveries.signing.commands import counter_sign_off, sign_off
from ar.sales.deliveries.signing.inputs import CounterSignOff, SignedLine, SignOffDelivery
from kernel.uploads import UploadedFile
from tests.support.world.sales import Sales

SCAN = UploadedFile("签收单.pdf", b"%PDF-1.7 signed")


class Deliveries(Sales):
    """Makers of delivery notes."""

    def note(
        self, order_id: UUID, *parts: tuple[int, str], number: str = "", mode: str = "direct", **more: Any
    ) -> UUID:
        """Plans a note of (order line, quantity) parts, or of all that is left of the order; returns its id."""
        with self.transaction() as db:
            lines = [NoteLine(order_line_no=line, quantity=Decimal(part)) for line, part in parts]
            data = PlanDelivery(
                number=number,
                mode=mode,  # type: ignore[arg-type]
                planned_on=self.today,
                lines=lines or remaining_lines(db, self.tenant_id, order_id),
                **more,
            )
            return plan_delivery(db, self.actor(), order_id, data)

    def pick(self, delivery_id: UUID) -> Decision:
        """Picks a note."""
        with self.transaction() as db:
            return pick_delivery(db, self.actor(), delivery_id)

    def ship(self, delivery_id: UUID) -> Decision:
        """Ships a note, if the checks let it."""
        with self.transaction() as db:
            return ship_delivery(db, self.actor(), delivery_id, ShipDelivery())

    def shipped_note(self, order_id: UUID, *parts: tuple[int, str], **more: Any) -> UUID:
        """Plans and ships a note; it must pass."""
        delivery_id = self.note(order_id, *parts, **more)
        decision = self.ship(delivery_id)
        assert decision.passes, decision.reasons
        return delivery_id

    def sign(
        self,
        delivery_id: UUID,
        *parts: tuple[int, str],
        on: date | None = None,
        short: str = "少发",
        file: UploadedFile | None = SCAN,
        **more: Any,
    ) -> UUID:
        """Signs (position, quantity) parts of a note, or all that is out; returns the signature's id."""
        lines = [SignedLine(position=at, quantity=Decimal(part), short_reason=short) for at, part in parts]
        data = SignOffDelivery.model_validate(
            {"signed_on": on or self.today, "signed_by": "王芳", "lines": lines or None, **more}
        )
        with self.transaction() as db:
            return sign_off(db, self.actor(), delivery_id, data, file)

    def counter(self, sign_off_id: UUID, reason: str = "wrong note") -> UUID:
        """Takes a signature back."""
        with self.transaction() as db:
            return counter_sign_off(db, self.actor(), sign_off_id, CounterSignOff(reason=reason))

    def take_back(self, delivery_id: UUID, *parts: tuple[int, str], reason: str = "damaged") -> UUID | None:
        """Takes (position, quantity) parts of a note back; returns the (first) item that gives them back, if any."""
        lines = [ReturnedLine(position=at, quantity=Decimal(part)) for at, part in parts]
        with self.transaction() as db:
            data = ReturnGoods(returned_on=self.today, reason=reason, lines=lines)
            return next(iter(return_goods(db, self.actor(), delivery_id, data)), None)

    def invoice_note(self, delivery_id: UUID, number: str = "") -> UUID:
        """Posts the invoice of what was signed for; returns its item."""
        with self.transaction() as db:
            return invoice_delivery(db, self.actor(), delivery_id, InvoiceDelivery(number=number))

    def invoice_with_goods(self, delivery_id: UUID, number: str) -> None:
        """Notes the invoice that went with the goods."""
        with self.transaction() as db:
            data = RegisterInvoice(number=number, invoiced_on=self.today)
            register_invoice(db, self.actor(), delivery_id, data)

    def delivery(self, delivery_id: UUID) -> Delivery:
        """Returns a note as it stands."""
        with self.reading() as db:
            found = sa.select(Delivery).where(Delivery.tenant_id == self.tenant_id, Delivery.id == delivery_id)
            return db.execute(found).scalar_one()

    def amounts_of_note(self, delivery_id: UUID) -> list[int]:
        """Returns the amounts of a note's lines."""
        line = DeliveryLine
        with self.reading() as db:
            rows = db.execute(
                sa.select(line.amount_minor)
                .where(line.tenant_id == self.tenant_id, line.delivery_id == delivery_id, line.dropped.is_(False))
                .order_by(line.position)
            )
            return list(rows.scalars())

    def to_invoice(self, order_ids: Iterable[UUID]) -> int:
        """Returns what is left to invoice of orders, in minor units."""
        with self.reading() as db:
            found = deliveries_to_invoice(db, self.tenant_id, list(order_ids))
        return sum(each.left_minor for each in found.values())

    def exposed(self, customer_id: UUID) -> tuple[int, int, int, int]:
        """Returns of the exposure: open receivables, signed not invoiced, shipped not signed, released orders."""
        parts = self.credit_account(customer_id).by_currency.get("CNY", NO_PARTS).parts
        return (
            parts.open_receivables_minor,
            parts.signed_not_invoiced_minor,
            parts.shipped_not_signed_minor,
            parts.released_orders_minor,
        )
