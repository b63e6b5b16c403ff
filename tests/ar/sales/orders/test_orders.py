"""Orders against limits: confirmed, changed, closed; each amount once on its way to the invoice."""

from __future__ import annotations

from datetime import date
from threading import Barrier, Thread
from uuid import UUID

import pytest

from ar.sales.models import OrderDecision
from kernel.errors import Conflict, RuleBroken
from tests.support.world import World
from tests.support.world.sales import held_by


def test_of_two_orders_at_once_one_passes_and_one_is_held(world: World) -> None:
    customer = world.buyer(100_00)
    world.invoice(customer, number=f"T52-{customer}", minor=60_00)
    orders = [world.order(customer, ("valve", "1", "30")) for _ in range(2)]
    ready, answers = Barrier(2), dict[UUID, bool]()

    def confirm(order_id: UUID) -> None:
        ready.wait(timeout=10)
        answers[order_id] = world.confirm(order_id).passes

    threads = [Thread(target=confirm, args=(order_id,)) for order_id in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(answers.values()) == [False, True]
    assert sorted(map(world.order_state, orders)) == ["held", "released"]
    assert world.credit_account(customer).exposure_minor == 90_00


def test_every_reason_is_named_and_kept(world: World) -> None:
    customer = world.buyer(10_00)
    world.late_invoice(customer, number=f"LATE-{customer}", minor=5_00, days_late=3)
    contract = world.contract(customer, [("valve", "9.00")], term_days=None)
    order = world.order(customer, ("valve", "1", "8.99"), contract_id=contract, term_days=None)
    decision = world.confirm(order)
    assert held_by(decision) == ["no_term", "limit", "term", "price"]
    assert world.order_state(order) == "held"
    assert world.count_rows(OrderDecision) == 1
    assert world.commits(order) == (0, 0, 0)


def test_an_order_without_a_term_in_writing_is_not_released_on_credit(world: World) -> None:
    customer = world.buyer(100_00)
    bare = world.contract(customer, term_days=None)
    order = world.order(customer, ("valve", "1", "30"), contract_id=bare, term_days=None)
    assert held_by(world.confirm(order)) == ["no_term"]
    decision = world.change_order(order, ("valve", "1", "30"), term_days=30)
    assert decision is not None
    assert decision.passes
    of_contract = world.order(customer, ("valve", "1", "30"), term_days=None)
    assert world.confirm(of_contract).passes, "the contract's term is in writing too"


@pytest.mark.parametrize(
    ("of_contract", "codes"),
    [
        ({"state": "draft"}, ["contract"]),
        ({"state": "reviewed"}, ["contract"]),
        ({"start": date(2026, 11, 21)}, ["contract"]),
        ({"end": date(2026, 11, 19)}, ["contract"]),
        ({"end": date(2026, 11, 20)}, []),
        ({"currency": "USD"}, ["contract"]),
    ],
)
def test_an_order_stands_on_a_sealed_contract_in_force(
    world: World, of_contract: dict[str, object], codes: list[str]
) -> None:
    customer = world.buyer(100_00)
    contract = world.contract(customer, **of_contract)  # type: ignore[arg-type]
    assert held_by(world.confirm(world.order(customer, ("valve", "1", "30"), contract_id=contract))) == codes


def test_goods_that_were_invoiced_stay_invoiced_after_a_credit_note(world: World) -> None:
    customer = world.buyer(2_000_00)
    order = world.released_order(customer, ("valve", "10", "200"))
    world.ship_goods(order, ("1", "10"))
    world.sign_goods(order)
    invoice = world.invoice(customer, number=f"CS4-{customer}", minor=2_000_00)
    world.bill_order(order, invoice)
    credit = world.document(customer, kind="credit_note", number=f"CS4C-{customer}", minor=2_000_00)
    world.allocate(invoice, credit, minor=2_000_00)
    assert world.credit_account(customer).exposure_minor == 0
    assert world.commits(order) == (0, 0, 0)
    second = world.invoice(customer, number=f"CS4B-{customer}", minor=2_000_00)
    with pytest.raises(RuleBroken, match="order_billed"):
        world.bill_order(order, second)


def test_a_down_payment_invoice_takes_from_the_order(world: World) -> None:
    customer = world.buyer(1_000_00)
    order = world.released_order(customer, ("valve", "10", "100"))
    down = world.invoice(customer, number=f"CS5-{customer}", minor=300_00)
    world.bill_order(order, down)
    assert world.credit_account(customer).exposure_minor == 1_000_00
    receipt = world.receipt(customer, number=f"CS5R-{customer}", minor=300_00)
    world.allocate(down, receipt, minor=300_00)
    assert world.credit_account(customer).exposure_minor == 700_00
    world.ship_goods(order, ("1", "10"))
    world.sign_goods(order)
    assert world.credit_account(customer).exposure_minor == 700_00
    world.bill_order(order, world.invoice(customer, number=f"CS5B-{customer}", minor=700_00))
    assert world.credit_account(customer).exposure_minor == 700_00


def test_an_order_counts_whole_until_its_rest_is_given_up(world: World) -> None:
    customer = world.buyer(1_000_00)
    order = world.released_order(customer, ("valve", "10", "100"))
    world.ship_goods(order, ("1", "6"))
    world.sign_goods(order)
    world.bill_order(order, world.invoice(customer, number=f"CS6-{customer}", minor=600_00))
    assert world.credit_account(customer).exposure_minor == 1_000_00
    world.close_short(order)
    assert world.credit_account(customer).exposure_minor == 600_00
    assert world.order_state(order) == "closed_short"


def test_settlements_of_stock_at_the_customer_free_the_order_piece_by_piece(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "10", "10"))
    world.ship_goods(order, ("1", "10"), mode="consignment")
    assert world.credit_account(customer).exposure_minor == 100_00
    for number, minor in (("A", 40_00), ("B", 60_00)):
        world.bill_order(order, world.invoice(customer, number=f"CS8{number}-{customer}", minor=minor))
        assert world.credit_account(customer).exposure_minor == 100_00
    assert world.commits(order) == (0, 0, 0)


def test_what_becomes_less_is_never_asked(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "5", "10"), ("seal", "5", "10"))
    world.invoice(customer, number=f"CS11-{customer}", minor=900_00)
    assert world.change_order(order, ("valve", "4", "10"), ("seal", "5", "10")) is None
    assert world.change_order(order, ("valve", "4", "10")) is None
    assert (world.order_state(order), world.commits(order)) == ("released", (40_00, 0, 0))
    world.close_short(order)
    assert world.commits(order) == (0, 0, 0)


@pytest.mark.parametrize(
    "lines",
    [
        [("valve", "11", "10")],
        [("valve", "10", "10.01")],
        [("valve", "10", "9.99")],
        [("valve", "10", "10"), ("seal", "1", "0.01")],
        [("pump", "10", "10")],
    ],
)
def test_what_becomes_more_or_other_is_asked_again(world: World, lines: list[tuple[str, str, str]]) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "10", "10"))
    world.invoice(customer, number=f"T53-{customer}", minor=50_00)
    decision = world.change_order(order, *lines)
    assert decision is not None
    assert held_by(decision) == ["limit"]
    assert (world.order_state(order), world.commits(order)) == ("held", (0, 0, 0))


def test_a_held_order_that_was_closed_is_asked_again_when_it_is_opened(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.order(customer, ("valve", "1", "101"))
    assert not world.confirm(order).passes
    world.cancel_order(order)
    assert world.order_state(order) == "cancelled"
    assert held_by(world.reopen(order)) == ["limit"]
    assert world.order_state(order) == "held"
    with pytest.raises(Conflict, match="order_not_ended"):
        world.reopen(order)


def test_an_order_worth_nothing_passes(world: World) -> None:
    customer = world.buyer(0)
    assert world.confirm(world.order(customer, ("sample", "5", "0"))).passes
    assert held_by(world.confirm(world.order(customer, ("sample", "1", "0.01")))) == ["limit"]


def test_the_contract_price_rules_the_order(world: World) -> None:
    customer = world.buyer(1_000_00)
    contract = world.contract(customer, [("valve", "9.00")])
    order = world.released_order(customer, ("valve", "2", "9.00"), contract_id=contract)
    decision = world.change_order(order, ("valve", "3", "9"))
    assert decision is not None
    assert decision.passes, "the price stays when a quantity is edited"
    for price in ("8.99", "9.01"):
        decision = world.change_order(order, ("valve", "3", price))
        assert decision is not None
        assert held_by(decision) == ["price"]
        assert decision.reasons[0].params["contract_price"] == "9"
        assert world.order_state(order) == "held"
    decision = world.change_order(order, ("valve", "3", "9.000000"))
    assert decision is not None
    assert decision.passes
    stranger = world.order(customer, ("pump", "1", "9.00"), contract_id=contract)
    assert held_by(world.confirm(stranger)) == ["price"]


def test_orders_on_a_contract_ask_no_more_than_it_has(world: World) -> None:
    customer = world.buyer(1_000_00)
    contract = world.contract(customer, [("valve", "9.00")], quantity="10")
    first = world.released_order(customer, ("valve", "6", "9"), contract_id=contract)
    second = world.order(customer, ("valve", "5", "9"), contract_id=contract)
    decision = world.confirm(second)
    assert held_by(decision) == ["quantity"]
    params = decision.reasons[0].params
    assert (params["line_no"], params["quantity"], params["allowed"]) == (1, "11", "10")
    world.ship_goods(first, ("1", "5"))
    world.close_short(first)
    assert world.confirm(second).passes


def test_what_was_shipped_stays_ordered_at_its_price(world: World) -> None:
    customer = world.buyer(1_000_00)
    order = world.released_order(customer, ("valve", "10", "9"))
    world.ship_goods(order, ("1", "6"))
    for lines, code in (
        ([("valve", "5.999999", "9")], "order_line_shipped"),
        ([("valve", "10", "8")], "order_line_noted"),
        ([("seal", "10", "9")], "order_line_noted"),
    ):
        with pytest.raises(RuleBroken, match=code):
            world.change_order(order, *lines)
    assert world.change_order(order, ("valve", "6", "9")) is None
    assert world.commits(order) == (0, 54_00, 0)
    with pytest.raises(RuleBroken, match="order_shipped"):
        world.cancel_order(order)


def test_a_number_belongs_to_one_order(world: World) -> None:
    customer = world.customer()
    world.order(customer, ("valve", "1", "1"), number="A-1")
    with pytest.raises(Conflict, match="order_number_taken"):
        world.order(customer, ("valve", "1", "1"), number="A-1")


def test_an_invoice_is_linked_once_and_to_its_own_customer(world: World) -> None:
    customer, other = world.buyer(1_000_00), world.customer("00002", "广州远大")
    order = world.released_order(customer, ("valve", "1", "100"))
    with pytest.raises(RuleBroken, match="invoice_of_other"):
        world.bill_order(order, world.invoice(other, number=f"IL-{other}", minor=100_00))
    invoice = world.invoice(customer, number=f"IL-{customer}", minor=40_00)
    world.bill_order(order, invoice)
    with pytest.raises(RuleBroken, match="invoice_linked"):
        world.bill_order(order, invoice)
    assert world.commits(order) == (60_00, 0, 0)


def test_an_invoice_from_before_the_order_bills_none_of_it(world: World) -> None:
    customer = world.buyer(100_00)
    old = world.invoice(customer, number="OLD-1", on=date(2026, 9, 1), minor=60_00)
    world.pay(old, minor=60_00, on=date(2026, 9, 10))
    order = world.released_order(customer, ("valve", "1", "60"))
    with pytest.raises(RuleBroken, match="invoice_before_order"):
        world.bill_order(order, old)
    assert world.commits(order) == (60_00, 0, 0)
    earlier = world.released_order(customer, ("valve", "1", "30"), on=date(2026, 9, 1))
    world.bill_order(earlier, old)
    assert world.commits(earlier) == (0, 0, 0), "a down payment of the day of the order is its own"


def test_a_completed_order_to_which_something_is_added_is_held_when_it_does_not_pass(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "10", "10"))
    note = world.shipped_note(order)
    world.sign(note)
    world.invoice_note(note)
    assert world.order_state(order) == "completed"
    decision = world.change_order(order, ("valve", "10", "10"), ("pump", "1", "500"))
    assert decision is not None
    assert held_by(decision) == ["limit"]
    assert (world.order_state(order), world.commits(order)) == ("held", (0, 0, 0))
    assert world.credit_account(customer).exposure_minor == 100_00


def test_an_order_worth_nothing_is_completed_when_all_is_signed_for(world: World) -> None:
    order = world.released_order(world.buyer(0), ("sample", "5", "0"))
    world.sign(world.shipped_note(order, (1, "3")))
    assert world.order_state(order) == "released"
    rest = world.shipped_note(order)
    world.sign(rest, (1, "1"))
    assert world.order_state(order) == "released", "signed short"
    world.sign(rest)
    assert world.order_state(order) == "completed"
    world.take_back(rest, (1, "1"))
    assert world.order_state(order) == "released"


def test_an_order_is_not_completed_while_its_gift_is_not_with_the_customer(world: World) -> None:
    order = world.released_order(world.buyer(100_00), ("valve", "5", "1"), ("sample", "5", "0"))
    valves = world.shipped_note(order, (1, "5"))
    world.sign(valves)
    world.invoice_note(valves)
    assert (world.order_state(order), world.commits(order)) == ("released", (0, 0, 0))
    world.sign(world.shipped_note(order))
    assert world.order_state(order) == "completed"
