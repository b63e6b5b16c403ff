"""Delivery notes against order and limit: planned, picked, shipped, held."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.models import ShippingHold
from ar.sales.deliveries.inputs import CancelDelivery, ShipDelivery, TakeOverDelivery
from ar.sales.deliveries.planning import cancel_delivery
from ar.sales.deliveries.shipping import ship_delivery, ship_order
from ar.sales.deliveries.taking_over import take_over_deliveries
from ar.sales.models import Delivery, OrderDecision
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tests.support.world import World
from tests.support.world.sales import held_by

HUNDRED = ("阀门", "10", "100.00")


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 10_000_00)
    return customer


def hold(world: World, customer: UUID) -> None:
    """Stops shipments to a customer by hand."""
    with world.transaction() as db:
        db.execute(
            sa.insert(ShippingHold).values(
                tenant_id=world.tenant_id,
                id=new_id(),
                customer_id=customer,
                kind="hand",
                reason="lawsuit",
                placed_by="林晓",
                placed_at=world.actor().now,
            )
        )


def test_a_note_takes_what_is_left_and_each_amount_counts_once(world: World, customer: UUID) -> None:
    order = world.released_order(customer, ("阀门", "1", "60.00"))
    assert world.exposed(customer) == (0, 0, 0, 60_00)
    note = world.note(order)
    assert world.exposed(customer) == (0, 0, 0, 60_00)
    assert world.pick(note).passes
    assert world.ship(note).passes
    assert world.exposed(customer) == (0, 0, 60_00, 0)
    world.sign(note)
    assert world.exposed(customer) == (0, 60_00, 0, 0)
    world.invoice_note(note)
    assert world.exposed(customer) == (60_00, 0, 0, 0)
    assert world.order_state(order) == "completed"


def test_one_note_that_lists_a_line_twice_is_refused_above_the_order(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    with pytest.raises(RuleBroken) as refused:
        world.note(order, (1, "10"), (1, "5"))
    assert refused.value.code == "delivery_too_much"
    assert refused.value.params["quantity"] == "15"
    assert world.count_rows(Delivery) == 0
    note = world.shipped_note(order, (1, "6"), (1, "4"))
    assert world.delivery(note).amount_minor == 1_000_00


def test_of_two_notes_shipped_at_the_same_moment_one_goes(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    notes = [world.note(order, (1, "6")), world.note(order, (1, "5"))]
    ready, answers = Barrier(2), dict[UUID, list[str]]()

    def ship(note: UUID) -> None:
        ready.wait(timeout=10)
        answers[note] = held_by(world.ship(note))

    threads = [Thread(target=ship, args=(note,)) for note in notes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(answers.values()) == [[], ["quantity"]]
    assert sorted(world.delivery(note).state for note in notes) == ["planned", "shipped"]


def test_a_hold_after_the_order_was_released_stops_picking_and_shipping(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    planned, picked = world.note(order, (1, "4")), world.note(order, (1, "6"))
    assert world.pick(picked).passes
    hold(world, customer)
    assert held_by(world.pick(planned)) == ["hold"]
    assert held_by(world.ship(picked)) == ["hold"]
    assert world.delivery(picked).state == "picked"
    assert world.exposed(customer) == (0, 0, 0, 1_000_00)
    decisions = sa.select(OrderDecision.checkpoint, OrderDecision.decision).where(
        OrderDecision.tenant_id == world.tenant_id, OrderDecision.delivery_id.is_not(None)
    )
    with world.reading() as db:
        assert sorted(map(tuple, db.execute(decisions))) == [("pick", "held"), ("pick", "pass"), ("ship", "held")]


def test_a_customer_under_stop_may_return_and_be_invoiced(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    note = world.shipped_note(order)
    world.sign(note, (1, "8"))
    hold(world, customer)
    world.invoice_note(note)
    world.take_back(note, (1, "2"))
    assert world.exposed(customer) == (800_00, 0, 0, 200_00)
    assert world.delivery(note).state == "signed"


def test_an_order_that_is_not_released_ships_nothing(world: World, customer: UUID) -> None:
    order = world.order(customer, HUNDRED)
    with pytest.raises(RuleBroken) as refused:
        world.note(order)
    assert refused.value.code == "delivery_order_draft"
    world.confirm(order)
    note = world.note(order)
    world.close_short(order)
    assert held_by(world.ship(note)) == ["state"]


def test_what_is_past_due_holds_the_delivery_within_the_limit(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    note = world.note(order)
    world.late_invoice(customer, number="LATE-1", minor=1_00, days_late=2)
    assert held_by(world.ship(note)) == ["term"]


def test_partial_notes_sum_to_the_line_to_the_cent(world: World, customer: UUID) -> None:
    order = world.released_order(customer, ("线缆", "3", "3.335"))
    notes = [world.shipped_note(order, (1, "1")) for _ in range(3)]
    assert [world.amounts_of_note(note) for note in notes] == [[3_34], [3_33], [3_34]]


def test_what_came_back_unsigned_may_be_shipped_again(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    note = world.shipped_note(order)
    assert world.take_back(note, (1, "10")) is None
    assert world.delivery(note).state == "returned"
    assert world.exposed(customer) == (0, 0, 0, 1_000_00)
    again = world.shipped_note(order)
    assert world.amounts_of_note(again) == [1_000_00]
    assert world.exposed(customer) == (0, 0, 1_000_00, 0)


def test_a_note_ships_once_and_is_cancelled_only_before(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    note = world.shipped_note(order, (1, "4"))
    with pytest.raises(Conflict) as moved:
        world.ship(note)
    assert moved.value.code == "delivery_moved_on"
    with pytest.raises(Conflict), world.transaction() as db:
        cancel_delivery(db, world.actor(), note, CancelDelivery(reason="mistake"))
    rest = world.note(order)
    with world.transaction() as db:
        cancel_delivery(db, world.actor(), rest, CancelDelivery(reason="mistake"))
    assert world.delivery(rest).state == "cancelled"
    assert world.shipped_note(order)


def test_goods_do_not_leave_tomorrow(world: World, customer: UUID) -> None:
    note = world.note(world.released_order(customer, HUNDRED))
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        ship_delivery(db, world.actor(), note, ShipDelivery(on=world.today + timedelta(days=1)))
    assert refused.value.code == "delivery_ship_day"


def test_an_order_is_shipped_whole_on_a_note_of_its_own(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED, ("泵", "1", "50.00"))
    with world.transaction() as db:
        number, decision = ship_order(db, world.actor(), order)
    assert decision.passes
    assert number.startswith(f"DL-{world.today.year}-")
    assert world.exposed(customer) == (0, 0, 1_050_00, 0)
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        ship_order(db, world.actor(), order)
    assert refused.value.code == "delivery_nothing_left"


def test_an_order_that_is_held_leaves_no_note_behind(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    hold(world, customer)
    with world.transaction() as db:
        number, decision = ship_order(db, world.actor(), order)
    assert (number, held_by(decision)) == ("", ["hold"])
    assert world.count_rows(Delivery) == 0


def test_history_comes_in_with_what_would_have_held_it(world: World, customer: UUID) -> None:
    order = world.released_order(customer, HUNDRED)
    hold(world, customer)
    shipped_on = date(2026, 11, 2)
    with world.transaction() as db:
        data = TakeOverDelivery.model_validate(
            {"number": "OLD-1", "shipped_on": shipped_on, "lines": [{"order_line_no": 1, "quantity": "11"}]}
        )
        note_id = take_over_deliveries(db, world.actor(), [(order, data)])[0]
    note = world.delivery(note_id)
    assert (note.state, note.is_history, note.shipped_on) == ("shipped", True, shipped_on)
    assert note.held_codes == ["hold", "quantity"]
    assert world.exposed(customer) == (0, 0, 1_100_00, 0)
