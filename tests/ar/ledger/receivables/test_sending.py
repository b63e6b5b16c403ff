"""An invoice on its way: sent, confirmed by the customer, and on the list until then (R108)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.books.posting import NewItem
from ar.ledger.receivables.sending.commands import RecordSending, record_sending
from ar.ledger.receivables.sending.queries import sending_of, unconfirmed_invoices
from kernel.errors import RuleBroken
from tests.support.world import World

MAY = date(2026, 5, 4)


def waiting(world: World, *, unsent: bool = False) -> list[str]:
    with world.reading() as db:
        return [
            each.document_no for each in unconfirmed_invoices(db, world.tenant_id, unsent=unsent, offset=0, limit=20)
        ]


def record(world: World, item: UUID, kind: str, on: date, detail: str = "") -> None:
    with world.transaction() as db:
        data = RecordSending.model_validate({"kind": kind, "happened_on": on, "detail": detail})
        record_sending(db, world.actor(), item, data)


def test_an_invoice_is_sent_confirmed_and_off_the_list(world: World) -> None:
    world = world.on(date(2026, 5, 20))
    customer = world.customer()
    first = world.invoice(customer, number="INV-1", on=MAY)
    world.invoice(customer, number="INV-2", on=date(2026, 5, 6))
    paid = world.invoice(customer, number="INV-3", on=MAY, minor=10_00)
    world.allocate(paid, world.receipt(customer, number="RC-1", minor=10_00), minor=10_00)
    assert (waiting(world), waiting(world, unsent=True)) == (["INV-1", "INV-2"], ["INV-1", "INV-2"])
    record(world, first, "sent", date(2026, 5, 5), "SF 123")
    assert (waiting(world), waiting(world, unsent=True)) == (["INV-1", "INV-2"], ["INV-2"])
    record(world, first, "received", date(2026, 5, 8), "王芳")
    assert waiting(world) == ["INV-2"]
    with world.reading() as db:
        known = sending_of(db, world.tenant_id, world.open_item(first).entry_id)
    assert (known.sent_on, known.received_on, known.confirmed_by) == (date(2026, 5, 5), date(2026, 5, 8), "王芳")


def test_an_invoice_by_instalments_is_sent_once(world: World) -> None:
    world = world.on(date(2026, 5, 20))
    customer = world.customer()
    dues = (date(2026, 6, 1), date(2026, 7, 1))
    parts = [
        NewItem(customer, "invoice", "INV-1", MAY, due, due, "CNY", 50_00, instalment_no=n)
        for n, due in enumerate(dues, start=1)
    ]
    items = world.book(parts)
    with world.reading() as db:
        (row,) = unconfirmed_invoices(db, world.tenant_id, unsent=False, offset=0, limit=20)
    assert (row.item_id, row.due_on, row.open_minor, row.all) == (items[0], dues[0], 100_00, 1)
    record(world, items[1], "received", date(2026, 5, 8), "王芳")
    assert waiting(world) == []


@pytest.mark.parametrize(
    ("kind", "on", "detail", "code"),
    [
        ("sent", date(2026, 5, 3), "", "sending_day"),
        ("sent", date(2026, 5, 21), "", "sending_day"),
        ("received", date(2026, 5, 5), "王芳", "sending_day"),
        ("received", date(2026, 5, 8), "", "sending_who_confirmed"),
    ],
    ids=["before it was issued", "tomorrow", "before it was sent", "by nobody"],
)
def test_days_that_cannot_be_are_refused(world: World, kind: str, on: date, detail: str, code: str) -> None:
    world = world.on(date(2026, 5, 20))
    item = world.invoice(world.customer(), number="INV-1", on=MAY)
    record(world, item, "sent", date(2026, 5, 6))
    with pytest.raises(RuleBroken, match=code):
        record(world, item, kind, on, detail)


def test_what_was_recorded_stays(world: World) -> None:
    item = world.invoice(world.customer(), number="INV-1")
    record(world, item, "sent", world.today)
    with world.transaction() as db, pytest.raises(sa.exc.DBAPIError, match="permission denied"):
        db.execute(sa.text("UPDATE invoice_sending SET detail = 'x' WHERE tenant_id = :t"), {"t": world.tenant_id})


def test_it_is_recorded_on_the_invoice_and_listed_for_ones_own_customers(world: World) -> None:
    customer = world.customer()
    item = world.invoice(customer, number="INV-1")
    clerk, path = world.client("accountant"), world.url(f"/receivables/{item}")
    wrong = clerk.post(f"{path}/sending", data={"kind": "received", "happened_on": world.today.isoformat()})
    assert wrong.status_code == 422
    assert "Say who confirmed the receipt." in wrong.text
    listed = clerk.get(world.url("/receivables/unconfirmed")).text
    assert "INV-1" in listed
    assert "Not sent yet" in listed
    sent = {"kind": "sent", "happened_on": world.today.isoformat(), "detail": "SF 123"}
    assert clerk.post(f"{path}/sending", data=sent).status_code == 303
    assert "SF 123" in clerk.get(path).text
    assert "INV-1" not in world.client("salesperson").get(world.url("/receivables/unconfirmed")).text
