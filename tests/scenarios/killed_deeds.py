"""What the killed process was doing, and what must hold after each kill. Called by `tests.support.killed`."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.bills.checks import bills_checks
from ar.bills.commands import take_step
from ar.bills.inputs import Dishonour
from ar.bills.rules import State, StepKind
from ar.credit.models import Commitment
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.models import Allocation, OpenItem
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.sales.commands import sign_off
from ar.sales.deliveries.inputs import ShipDelivery
from ar.sales.deliveries.shipping import ship_delivery
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from ar.sales.models import Delivery, OrderDecision, SignOff
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


def ship(tenant_id: UUID, note: str, **_: Any) -> None:
    """A note leaves, with its amounts, its decision and what the order commits."""
    with transaction(tenant_id) as db:
        ship_delivery(db, _actor(tenant_id), UUID(note), ShipDelivery())


def sign(tenant_id: UUID, note: str, on: str, **_: Any) -> None:
    """A note is signed for, which posts the invoice that went with it."""
    with transaction(tenant_id) as db:
        data = SignOffDelivery(signed_on=date.fromisoformat(on), signed_by="王芳", channel="import")
        sign_off(db, _actor(tenant_id), UUID(note), data)


def goods(tenant_id: UUID) -> list[Any]:
    """How many notes are planned and out, decisions kept, signatures and documents, and what all orders commit."""
    d, c = Delivery, Commitment
    counted = (OrderDecision, SignOff, OpenItem)
    with read_only_transaction(tenant_id) as db:
        found = db.execute(sa.select(d.state, sa.func.count()).where(d.tenant_id == tenant_id).group_by(d.state)).all()
        states = {each[0]: each[1] for each in found}
        numbers = [
            int(db.execute(sa.select(sa.func.count()).where(table.tenant_id == tenant_id)).scalar_one())
            for table in counted
        ]
        sums = (sa.func.sum(c.released_minor), sa.func.sum(c.shipped_minor), sa.func.sum(c.signed_minor))
        commits = db.execute(sa.select(*sums).where(c.tenant_id == tenant_id)).one()
        return [states.get("planned", 0), states.get("shipped", 0), *numbers, *map(int, commits)]


def goods_as_before(tenant_id: UUID, before: list[int], **_: Any) -> str | None:
    """Nothing has happened to the goods."""
    now = goods(tenant_id)
    return f"half done: {before} became {now}" if now != before else None


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
        return [int(items[0]), int(items[1]), int(items[2]), int(allocations)]


def as_before(tenant_id: UUID, before: list[int], **_: Any) -> str | None:
    """Nothing has happened: the figures are those of before."""
    now = figures(tenant_id)
    return f"half done: {before} became {now}" if now != before else None


def whole(tenant_id: UUID, **_: Any) -> str | None:
    """The examination finds nothing."""
    with read_only_transaction(tenant_id) as db:
        bad = [c for c in (*ledger_checks(db, tenant_id), *bills_checks(db, tenant_id)) if not c.ok]
    return f"{bad}" if bad else None
