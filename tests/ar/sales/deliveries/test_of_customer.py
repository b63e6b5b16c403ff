"""A customer's orders and notes on its page, and the exposure beside order, note and letter."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.sales.lookups import notes_of_customer, orders_of_customer
from tests.support.statements import counted
from tests.support.world import World

TEN = ("阀门", "10", "10.00")


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    return world.buyer(10_000_00)


def test_what_moves_comes_first_and_the_rest_is_counted(world: World, customer: UUID) -> None:
    held = world.order(customer, ("阀门", "10", "2000.00"), number="SO-HELD")
    world.confirm(held)
    for at in range(7):
        world.cancel_order(world.order(customer, TEN, number=f"SO-X{at}"))
    shipped = world.shipped_note(world.released_order(customer, TEN, number="SO-OUT"), number="DL-OUT")
    signed = world.shipped_note(world.released_order(customer, TEN, number="SO-IN"), number="DL-IN")
    world.sign(signed)
    with world.reading() as db:
        orders = orders_of_customer(db, world.tenant_id, customer)
        notes = notes_of_customer(db, world.tenant_id, customer)
    assert {each.number for each in orders[:3]} == {"SO-HELD", "SO-OUT", "SO-IN"}
    assert (len(orders), orders[0].all) == (6, 10)
    assert [(each.number, each.state) for each in notes] == [("DL-OUT", "shipped"), ("DL-IN", "signed")]
    assert notes[0].id == shipped


def test_the_page_of_the_customer_leads_to_both_and_to_no_strangers(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN, number="SO-1"), number="DL-1")
    other = world.buyer(10_000_00, "00002")
    world.shipped_note(world.released_order(other, TEN, number="SO-2"), number="DL-2")
    page = world.client("accountant").get(world.url(f"/customers/{customer}")).text
    assert world.url(f"/deliveries/{note}") in page
    for shown in ("SO-1", "DL-1", "On its way", "100.00"):
        assert shown in page
    assert "SO-2" not in page
    assert "DL-2" not in page
    salesperson = world.client("salesperson")
    world.give_to(salesperson, customer)
    assert "SO-1" in salesperson.get(world.url(f"/customers/{customer}")).text
    assert salesperson.get(world.url(f"/customers/{other}")).status_code == 404


def test_more_orders_cost_no_more_statements(engine: sa.Engine, world: World, customer: UUID) -> None:
    client, costs = world.client("accountant"), []
    client.get(world.url(f"/customers/{customer}"))
    for _time in range(2):
        for _order in range(3):
            world.shipped_note(world.released_order(customer, TEN))
        with counted(engine) as seen:
            assert client.get(world.url(f"/customers/{customer}")).status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_the_exposure_stands_beside_order_note_and_letter_for_who_sees_money(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    note = world.shipped_note(order)
    world.late_invoice(customer, number="LATE-1", minor=50_00, days_late=20)
    world.run_day(on=world.today)
    (letter, *_more) = [each.id for each in world.actions() if each.customer_id == customer]
    client = world.client("accountant")
    for path in (f"/customers/{customer}", f"/orders/{order}", f"/deliveries/{note}", f"/cases/actions/{letter}"):
        page = client.get(world.url(path))
        assert page.status_code == 200, path
        strip = page.text.split('id="credit-strip-')[1][:4_000]
        assert "150.00" in strip, f"{path}: 100.00 shipped and 50.00 owed"
        assert "10,000.00" in strip, path
    blind = world.client("warehouse").get(world.url(f"/deliveries/{note}")).text
    assert "credit-strip" not in blind
