"""What a signature recognises: from its own day, no more than was signed for, and never changed afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.sales.models import DeliveryLine, SignOff, SignOffLine
from tests.support.world import World

TEN = ("阀门", "10", "100.00")
SHIPPED_ON, SIGNED_ON = date(2026, 6, 25), date(2026, 7, 3)


@pytest.fixture(name="june")
def world_on_the_day_of_shipment(world: World) -> World:
    return world.on(SHIPPED_ON)


@pytest.fixture(name="customer")
def customer_with_limit(june: World) -> UUID:
    customer = june.customer()
    june.complete_file(customer)
    june.limit(customer, 10_000_00)
    return customer


def test_a_short_signature_recognises_what_was_signed_for_on_its_day(june: World, customer: UUID) -> None:
    order = june.released_order(customer, TEN)
    note = june.shipped_note(order)
    july = june.on(SIGNED_ON)
    july.sign(note, (1, "8"), short="少发")
    assert july.exposed(customer) == (0, 800_00, 200_00, 0)
    assert july.to_invoice([order]) == 800_00
    item = july.open_item(july.invoice_note(note))
    assert (item.amount_minor, item.document_on, item.due_on) == (800_00, SIGNED_ON, date(2026, 8, 2))
    assert july.exposed(customer) == (800_00, 0, 200_00, 0)
    assert july.credit_account(customer).exposure_minor == 1_000_00
    before = july.credit_account(customer, SIGNED_ON - timedelta(days=1)).parts
    assert before is not None
    assert (before.open_receivables_minor, before.shipped_not_signed_minor) == (0, 1_000_00)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (SignOff, {"signed_on": date(2026, 7, 4)}),
        (SignOff, {"amount_minor": 1}),
        (SignOffLine, {"quantity": 9}),
        (DeliveryLine, {"quantity": 8}),
    ],
)
def test_what_was_signed_for_is_not_changed(
    june: World, customer: UUID, table: type[SignOff], values: dict[str, object]
) -> None:
    note = june.shipped_note(june.released_order(customer, TEN))
    june.on(SIGNED_ON).sign(note)
    change = sa.update(table).where(table.tenant_id == june.tenant_id).values(**values)
    with pytest.raises(DBAPIError, match=r"permission denied|stay"), june.transaction() as db:
        db.execute(change)


def test_goods_not_signed_for_are_owed_to_the_limit_and_to_nothing_else(june: World, customer: UUID) -> None:
    note = june.shipped_note(june.released_order(customer, TEN, term_days=30))
    june.invoice_with_goods(note, "FP-0625")
    for day in (SHIPPED_ON, date(2026, 8, 31)):
        later = june.on(day)
        assert later.exposed(customer) == (0, 0, 1_000_00, 0), day
        assert later.credit_account(customer).past_due_items == 0, day
        assert later.interest_preview().totals == {}, day
        assert later.signed_open() == {}, day


def test_a_down_payment_keeps_the_due_date_it_was_agreed_with(june: World, customer: UUID) -> None:
    order = june.released_order(customer, TEN, term_days=30)
    agreed = SHIPPED_ON + timedelta(days=5)
    down = june.invoice(customer, number="DOWN", minor=300_00, due_on=agreed, on=SHIPPED_ON)
    june.bill_order(order, down)
    note = june.shipped_note(order)
    july = june.on(SIGNED_ON)
    assert july.exposed(customer) == (300_00, 0, 700_00, 0)
    assert july.credit_account(customer).past_due_items == 1
    july.sign(note)
    rest = july.open_item(july.invoice_note(note))
    assert (july.open_item(down).due_on, rest.due_on) == (agreed, date(2026, 8, 2))
    assert (rest.amount_minor, july.exposed(customer)) == (700_00, (1_000_00, 0, 0, 0))
