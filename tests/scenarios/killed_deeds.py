"""What the killed process was doing, and what must hold after each kill. Called by `tests.support.killed`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.bills.checks import bills_checks
from ar.bills.commands import take_step
from ar.bills.inputs import Dishonour
from ar.bills.rules import State, StepKind
from ar.credit.checks.examination import credit_checks
from ar.credit.models import Commitment, CommitmentChange, ReviewLine
from ar.credit.reviews.opening import open_review
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.sales.deliveries.inputs import ReturnedLine, ReturnGoods, ShipDelivery
from ar.sales.deliveries.returns import return_goods
from ar.sales.deliveries.shipping import ship_delivery
from ar.sales.deliveries.signing.commands import sign_off
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from ar.sales.models import Delivery, DeliveryReturn, Order, OrderDecision, OrderInvoice, SignOff, SignOffLine
from ar.sales.orders.examination import sales_checks
from kernel.actor import Actor, system_actor
from kernel.db import read_only_transaction, transaction

ZONE = "Asia/Shanghai"


def _actor(tenant_id: UUID) -> Actor:
    return system_actor(tenant_id, ZONE)


def receive(tenant_id: UUID, customer: str, invoice: str, **_: Any) -> None:
    """A receipt of 400.00 that pays 300.00 of an invoice."""
    with transaction(tenant_id) as db:
        new = NewReceipt(UUID(customer), date(2026, 6, 30), "CNY", 400_00, ((UUID(invoice), 300_00),))
        post_receipts(db, _actor(tenant_id), [new])


def reverse(tenant_id: UUID, invoice: str, **_: Any) -> None:
    """An invoice by instalments is taken back."""
    with transaction(tenant_id) as db:
        reverse_item(db, _actor(tenant_id), UUID(invoice), effective_on=date(2026, 7, 1))


def dishonour(tenant_id: UUID, bill: str, key: str, **_: Any) -> None:
    """A bill that had paid an invoice comes back."""
    with transaction(tenant_id) as db:
        data = Dishonour(on=date(2026, 8, 3), seen=State.HELD, key=key, proof="拒绝付款证明")
        take_step(db, _actor(tenant_id), UUID(bill), StepKind.DISHONOUR, data)


def figures(tenant_id: UUID) -> list[Any]:
    """How many documents and allocations there are, and what is open: a half-done deed changes one of them."""
    i, a = OpenItem, Allocation
    with read_only_transaction(tenant_id) as db:
        items = db.execute(
            sa.select(sa.func.count(), sa.func.sum(i.open_minor), sa.func.sum(i.amount_minor)).where(
                i.tenant_id == tenant_id
            )
        ).one()
        allocations = db.execute(sa.select(sa.func.count()).where(a.tenant_id == tenant_id)).scalar_one()
        return [int(items[0]), int(items[1] or 0), int(items[2] or 0), int(allocations)]


def as_before(tenant_id: UUID, before: list[int], **_: Any) -> str | None:
    """Nothing has happened: the figures are those of before."""
    now = figures(tenant_id)
    return f"half done: {before} became {now}" if now != before else None


def whole(tenant_id: UUID, **_: Any) -> str | None:
    """The examination finds nothing."""
    with read_only_transaction(tenant_id) as db:
        bad = [c for c in (*ledger_checks(db, tenant_id), *bills_checks(db, tenant_id)) if not c.ok]
    return f"{bad}" if bad else None


def ship(tenant_id: UUID, note: str, **_: Any) -> None:
    """A held order's note is shipped, which releases the order."""
    with transaction(tenant_id) as db:
        assert ship_delivery(db, _actor(tenant_id), UUID(note), ShipDelivery()).passes


def sign(tenant_id: UUID, note: str, **_: Any) -> None:
    """A note is signed for, and the invoice that went with it gets into the books."""
    with transaction(tenant_id) as db:
        data = SignOffDelivery(signed_on=_actor(tenant_id).today, signed_by="王芳", channel="import")
        sign_off(db, _actor(tenant_id), UUID(note), data)


def give_back(tenant_id: UUID, note: str, **_: Any) -> None:
    """Goods that were signed for and invoiced come back."""
    with transaction(tenant_id) as db:
        lines = [ReturnedLine(position=1, quantity=Decimal(1))]
        data = ReturnGoods(returned_on=_actor(tenant_id).today, reason="damaged", lines=lines)
        return_goods(db, _actor(tenant_id), UUID(note), data)


def open_half_year(tenant_id: UUID, **_: Any) -> None:
    """A review of every customer with a limit is opened."""
    with transaction(tenant_id) as db:
        open_review(db, _actor(tenant_id))


def goods(tenant_id: UUID) -> list[Any]:
    """How many papers of sales and credit there are, and what is committed: a half-done deed changes one of them."""
    counted = (OrderDecision, SignOff, SignOffLine, DeliveryReturn, OrderInvoice, CommitmentChange, ReviewLine)
    with read_only_transaction(tenant_id) as db:
        found: list[Any] = [
            int(db.execute(sa.select(sa.func.count()).where(each.tenant_id == tenant_id)).scalar_one())
            for each in counted
        ]
        c = Commitment
        total = sa.func.coalesce(sa.func.sum(c.released_minor + c.shipped_minor + c.signed_minor), 0)
        found.append(int(db.execute(sa.select(total).where(c.tenant_id == tenant_id)).scalar_one()))
        states = sa.select(Order.state, Delivery.state).join(Delivery, Delivery.order_id == Order.id)
        rows = db.execute(states.where(Order.tenant_id == tenant_id, Delivery.tenant_id == tenant_id))
        return [*figures(tenant_id), *found, *sorted(f"{order} {note}" for order, note in rows)]


def goods_as_before(tenant_id: UUID, before: list[Any], **_: Any) -> str | None:
    """Nothing has happened, and the examination finds nothing."""
    now = goods(tenant_id)
    with read_only_transaction(tenant_id) as db:
        bad = [c for c in (*credit_checks(db, tenant_id), *sales_checks(db, tenant_id)) if not c.ok]
    return f"half done: {before} became {now}; {bad}" if now != before or bad else None
