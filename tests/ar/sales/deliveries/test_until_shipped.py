"""What an order was let go for is asked again until its goods leave: money, limits, cuts, approvals."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ar.credit.commands import RequestLimit, request_limit
from ar.ledger.receivables.commands import reverse_document
from ar.ledger.receivables.inputs import ReverseDocument
from ar.sales.commands import enter_order
from ar.sales.deliveries.shipping import ship_order
from ar.sales.inputs import EnterOrder, LineInput
from ar.sales.orders.facts import order_facts
from tests.support.approvals import approve_all, everybody, person
from tests.support.world import World
from tests.support.world.base import fresh_key
from tests.support.world.sales import held_by

DECIDERS = ("sales_manager", "finance_director", "general_manager")
TEN = ("阀门", "10", "100.00")


def ship_whole(world: World, order: UUID) -> list[str]:
    """Ships all that is left of an order; returns what held it."""
    with world.transaction() as db:
        return held_by(ship_order(db, world.actor(), order)[1])


def let_pass(world: World, customer: UUID, order: UUID, until: date) -> None:
    """Asks to let an order pass over its limit through a day, and has it approved."""
    with world.reading() as db:
        facts = order_facts(db, world.tenant_id, order)
    approve_all(world, world.request_over_limit(customer, facts, until), world.today)


def taxed_order(world: World, customer: UUID) -> UUID:
    """Enters an order of 100.00 net with 13 % VAT."""
    line = LineInput(line_no=1, product="阀门", quantity="1", unit_price="113.00", tax_rate_bps=1300)  # type: ignore[arg-type]
    with world.transaction() as db:
        data = EnterOrder(
            customer_id=customer,
            contract_id=world.contract(customer),
            ordered_on=world.today,
            currency="CNY",
            term_days=30,
            lines=[line],
        )
        return enter_order(db, world.actor(), data)


def test_tax_counts_from_the_order_on_and_nothing_jumps_at_the_invoice(world: World) -> None:
    short = world.buyer(110_00)
    (reason,) = world.confirm(taxed_order(world, short)).reasons
    assert (reason.code, reason.params["excess_minor"]) == ("limit", 3_00)
    enough = world.buyer(113_00, "00002")
    order = taxed_order(world, enough)
    assert world.confirm(order).passes
    steps = [world.exposed(enough)]
    note = world.shipped_note(order)
    steps.append(world.exposed(enough))
    world.sign(note)
    steps.append(world.exposed(enough))
    invoice = world.invoice_note(note)
    steps.append(world.exposed(enough))
    assert steps == [(0, 0, 0, 113_00), (0, 0, 113_00, 0), (0, 113_00, 0, 0), (113_00, 0, 0, 0)]
    assert world.postings_of(invoice) == {"receivables": 113_00, "revenue": -100_00, "output_tax": -13_00}


@pytest.mark.parametrize("prepaid", [True, False])
def test_money_paid_in_advance_ships_one_of_two_orders(world: World, prepaid: bool) -> None:
    customer = world.buyer(0)
    world.receipt(customer, number="ADV-1", minor=100_00)
    first, second = (world.order(customer, ("阀门", "1", "100"), prepaid=prepaid) for _each in range(2))
    why = "cleared_funds" if prepaid else "limit"
    assert [held_by(world.confirm(each)) for each in (first, second)] == [[], [why]]
    assert [ship_whole(world, each) for each in (first, second)] == [[], [why]]
    assert held_by(world.confirm(second)) == [why], "spent when its goods have left, too"


def test_money_that_the_bank_takes_back_ships_nothing(world: World) -> None:
    customer = world.buyer(0)
    receipt = world.receipt(customer, number="ADV-2", minor=100_00)
    order = world.released_order(customer, ("阀门", "1", "100"), prepaid=True)
    note = world.note(order)
    assert world.pick(note).passes
    with world.transaction() as db:
        data = ReverseDocument(reason="the bank took it back")
        reverse_document(db, world.actor(), receipt, data)
    assert held_by(world.ship(note)) == ["cleared_funds"]
    assert world.delivery(note).state == "picked"


def test_a_cut_counts_at_once_and_holds_what_has_not_left(world: World) -> None:
    customer = world.buyer(1_000_00)
    gone = world.shipped_note(world.released_order(customer, ("阀门", "7", "100")))
    order = world.released_order(customer, ("泵", "2", "100"))
    note = world.note(order)
    manager = person(world, "general_manager", today=world.today)
    with world.transaction() as db:
        cut = RequestLimit(currency="CNY", amount="500", valid_from=world.today, reason="pays late", key=fresh_key())
        request_limit(db, manager, customer, cut)
    account = world.credit_account(customer)
    assert (account.limit.total_minor, account.exposure_minor) == (500_00, 900_00)
    assert (account.is_over, account.available_minor) == (True, 0)
    (reason,) = world.ship(note).reasons
    assert (reason.code, reason.params["excess_minor"]) == ("limit", 400_00)
    assert world.order_state(order) == "released"
    assert (world.delivery(gone).state, world.exposed(customer)) == ("shipped", (0, 0, 700_00, 200_00))


@pytest.fixture(name="approved")
def order_approved_until_30_june(world: World) -> tuple[World, UUID, UUID]:
    """On 10 June: an order of 1,000.00 approved over the limit until the 30th, of which 600.00 was shipped."""
    june = world.on(date(2026, 6, 10))
    customer = june.customer()
    june.complete_file(customer)
    june.limit(customer, 1)
    everybody(june, DECIDERS)
    order = june.order(customer, TEN)
    assert held_by(june.confirm(order)) == ["limit"]
    let_pass(june, customer, order, date(2026, 6, 30))
    assert june.confirm(order).passes
    june.shipped_note(order, (1, "6"))
    return june, customer, order


def test_the_rest_of_an_approved_order_ships_later_without_a_new_request(approved: tuple[World, UUID, UUID]) -> None:
    june, customer, order = approved
    later = june.on(date(2026, 6, 25))
    assert ship_whole(later, order) == []
    assert later.exposed(customer) == (0, 0, 1_000_00, 0)
    again = later.order(customer, TEN)
    assert held_by(later.confirm(again)) == ["limit"], "1,000.00 of this order, not of each shipment"


def test_a_cent_more_than_was_approved_holds_the_rest(approved: tuple[World, UUID, UUID]) -> None:
    june, _customer, order = approved
    later = june.on(date(2026, 6, 25))
    decision = later.change_order(order, TEN, ("垫圈", "1", "0.01"))
    assert decision is not None
    assert held_by(decision) == ["limit"]
    assert (later.order_state(order), ship_whole(later, order)) == ("held", ["limit"])


def test_the_day_after_the_approval_holds_the_rest(approved: tuple[World, UUID, UUID]) -> None:
    june, _customer, order = approved
    assert ship_whole(june.on(date(2026, 7, 1)), order) == ["limit"]


@pytest.mark.parametrize("line", [("阀门", "11", "100.00"), ("阀门", "10", "100.01")], ids=["quantity", "price"])
def test_what_was_raised_after_its_approval_is_asked_again(world: World, line: tuple[str, str, str]) -> None:
    customer = world.buyer(500_00)
    everybody(world, DECIDERS)
    order = world.order(customer, TEN)
    world.confirm(order)
    let_pass(world, customer, order, date(2026, 12, 31))
    assert world.confirm(order).passes
    decision = world.change_order(order, line)
    assert decision is not None
    assert (held_by(decision), world.order_state(order)) == (["limit"], "held")


def test_an_approval_ends_with_the_order_that_was_closed(world: World) -> None:
    customer = world.buyer(500_00)
    everybody(world, DECIDERS)
    order = world.order(customer, TEN)
    world.confirm(order)
    let_pass(world, customer, order, date(2026, 12, 31))
    world.cancel_order(order)
    assert held_by(world.reopen(order)) == ["limit"]
    assert world.order_state(order) == "held"


@pytest.mark.parametrize(
    ("limit_minor", "held", "state"),
    [("none", ["no_limit"], "held"), (0, ["limit"], "held"), (None, [], "released")],
    ids=["none", "zero", "unlimited"],
)
def test_no_limit_a_limit_of_zero_and_an_unlimited_one(
    world: World, limit_minor: int | str | None, held: list[str], state: str
) -> None:
    customer = world.customer()
    world.complete_file(customer)
    if limit_minor != "none":
        world.limit(customer, limit_minor)  # type: ignore[arg-type]
    order = world.order(customer, TEN)
    assert (held_by(world.confirm(order)), world.order_state(order)) == (held, state)


def test_far_over_the_limit_and_under_stop_only_shipping_and_raising_are_asked(world: World) -> None:
    customer = world.buyer(10_000_00)
    order = world.released_order(customer, TEN, ("泵", "5", "100.00"))
    gone, planned = world.shipped_note(order, (1, "6")), world.note(order, (2, "1"))
    world.sign(gone, (1, "5"))
    debt = world.late_invoice(customer, number="LATE", minor=50_000_00, days_late=90)
    world.stop_shipments(customer, "lawsuit")
    world.allocate(debt, world.receipt(customer, number="R-1", minor=1_00), minor=1_00)
    world.allocate(debt, world.credit_note(customer, number="CN-1", minor=1_00), minor=1_00)
    world.invoice_note(gone)
    world.take_back(gone, (1, "1"))
    assert world.change_order(order, TEN, ("泵", "4", "100.00")) is None, "a smaller quantity"
    assert world.order_state(order) == "released"
    assert held_by(world.ship(planned)) == ["hold", "limit", "term"]
    raised = world.change_order(order, TEN, ("泵", "5", "100.00"))
    assert raised is not None
    assert held_by(raised) == ["hold", "limit", "term"]
    other = world.order(customer, TEN)
    world.cancel_order(other)
