"""A bill is a promise until it is paid: it earns a discount and stops interest only then (faults F2, ADR 0028)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from ar.ledger.receivables.settlement.discounts import take_discount
from kernel.errors import RuleBroken
from tests.support.world import World

DUE, TODAY = date(2026, 9, 30), date(2026, 11, 20)
#: The tenth day after the invoice, by which 2 per cent are granted; the bill is taken and matures before it.
DATED, UNTIL = date(2026, 8, 31), date(2026, 9, 10)


@pytest.fixture
def world(world: World) -> World:
    """A company on TODAY whose debts bear 36.5 % a year: 1.00 a day on 1,000.00."""
    world.interest_terms(None, kind="contract", annual_percent="36.5")
    return world.on(TODAY)


@pytest.fixture
def invoice(world: World) -> UUID:
    """1,000.00 dated 31 August, due 30 September, 2 per cent within ten days."""
    return world.document(
        kind="invoice", number="INV-1", on=DATED, due_on=DUE, discount_bps=200, discount_until_on=UNTIL
    )


def short_bill(world: World, *, amount: str = "980.00", received: date = date(2026, 9, 2)) -> UUID:
    """A bill that matures on 8 September, in time for the discount."""
    return world.bill(
        amount=amount,
        issued_on=date(2026, 9, 1),
        received_on=received,
        tenor_months=None,
        matures_on=date(2026, 9, 8),
    )


def taken_discount(world: World, item: UUID) -> UUID:
    with world.transaction() as db:
        return take_discount(db, world.actor(), item)


def test_a_bill_in_hand_earns_no_discount(world: World, invoice: UUID) -> None:
    short_bill(world)
    with pytest.raises(RuleBroken, match="discount_bill_unpaid"):
        taken_discount(world, invoice)


def test_honoured_in_time_it_earns_the_discount(world: World, invoice: UUID) -> None:
    bill = short_bill(world)
    world.take_bill_step(bill, "presentation", on=date(2026, 9, 8))
    world.take_bill_step(bill, "payment", on=UNTIL)
    assert world.open_item(taken_discount(world, invoice)).amount_minor == 20_00
    assert world.open_minor_of(invoice) == 0
    assert world.bills_findings() == []


def test_honoured_after_the_last_day_it_earns_none(world: World, invoice: UUID) -> None:
    bill = short_bill(world)
    world.take_bill_step(bill, "presentation", on=date(2026, 9, 8))
    world.take_bill_step(bill, "payment", on=UNTIL + timedelta(days=1), booked_on=date(2026, 9, 11))
    with pytest.raises(RuleBroken, match="discount_too_late"):
        taken_discount(world, invoice)


def test_the_honour_undone_and_the_bill_refused_the_whole_is_open_again(world: World, invoice: UUID) -> None:
    """票据法 61, 70: 1,000.00 are open, not 980.00; interest runs from the first due date."""
    bill = short_bill(world)
    world.take_bill_step(bill, "presentation", on=date(2026, 9, 8))
    world.take_bill_step(bill, "payment", on=UNTIL)
    taken_discount(world, invoice)
    world.take_bill_step(bill, "undoing", on=date(2026, 10, 6))
    assert world.open_minor_of(invoice) == 20_00, "the discount went with the money that had earned it"
    world.take_bill_step(bill, "dishonour", on=date(2026, 10, 7))
    assert world.open_minor_of(invoice) == 1_000_00
    assert world.balance_of("discounts_allowed") == 0
    assert world.interest_preview().totals == {"CNY": 51_00}
    assert world.bills_findings() == []


def test_a_discount_taken_beside_money_and_a_bill_falls_with_the_bill_alone(world: World, invoice: UUID) -> None:
    world.pay(invoice, minor=490_00, on=UNTIL)
    taken_discount(world, invoice)
    bill = short_bill(world, amount="500.00")
    world.take_bill_step(bill, "dishonour", on=date(2026, 9, 8), booked_on=UNTIL)
    assert (world.open_minor_of(invoice), world.balance_of("discounts_allowed")) == (500_00, 10_00)


def test_interest_rests_while_a_bill_is_in_hand_and_runs_to_the_day_it_was_paid(world: World, invoice: UUID) -> None:
    """Taken on 10 October, ten days late, and paid at its maturity on 30 October."""
    bill = world.bill(
        amount="1000.00",
        issued_on=date(2026, 10, 9),
        received_on=date(2026, 10, 10),
        tenor_months=None,
        matures_on=date(2026, 10, 30),
    )
    assert world.interest_preview().totals == {"CNY": 10_00}
    world.take_bill_step(bill, "presentation", on=date(2026, 10, 30))
    world.take_bill_step(bill, "payment", on=date(2026, 10, 30), booked_on=date(2026, 11, 2))
    assert world.interest_preview().totals == {"CNY": 30_00}, "to the day of the honour, not of its posting"


def test_refused_it_never_stopped_the_interest(world: World, invoice: UUID) -> None:
    """Charged until it was taken; refused: the days since the first due date, each once, 51.00 in all."""
    bill = world.bill(
        amount="1000.00",
        issued_on=date(2026, 10, 9),
        received_on=date(2026, 10, 10),
        tenor_months=None,
        matures_on=date(2026, 10, 30),
    )
    world.post_interest()
    world.take_bill_step(bill, "dishonour", on=date(2026, 11, 1))
    assert world.interest_preview().totals == {"CNY": 41_00}


def test_sold_for_good_it_is_money_from_that_day(world: World, invoice: UUID) -> None:
    bill = world.bill(amount="1000.00", issued_on=date(2026, 10, 9), received_on=date(2026, 10, 10))
    world.take_bill_step(bill, "discount", on=date(2026, 10, 15))
    item = world.item_numbered("B1")
    assert (item.came_on, item.conditional) == (date(2026, 10, 15), False)
    world.take_bill_step(bill, "undoing", on=date(2026, 10, 16))
    item = world.item_numbered("B1")
    assert (item.came_on, item.conditional) == (date(2026, 10, 10), True)
