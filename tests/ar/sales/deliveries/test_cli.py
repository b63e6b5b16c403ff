"""`huikuan order ship` and `huikuan report unsigned-deliveries`: one JSON object each."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from ar.reports.cli import group as report
from ar.sales.deliveries.cli import group as order
from ar.sales.models import Delivery
from tests.support.world import World

TEN = ("阀门", "10", "100.00")
DAY = ["--date", "2026-11-20"]


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 10_000_00)
    return customer


def ship(world: World, *more: str) -> Result:
    """Ships an order of the company by the command line."""
    return CliRunner().invoke(order, ["ship", "--tenant", world.slug, *more, *DAY, "--json"])


def test_an_order_is_shipped_and_its_note_stays_on_the_list(world: World, customer: UUID) -> None:
    order_id = world.released_order(customer, TEN, number="SO-CLI")
    done = ship(world, "--order", "SO-CLI")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    number = answer.pop("delivery_no")
    assert answer == {"order_no": "SO-CLI", "decision": "pass", "reasons": []}
    assert world.commits(order_id) == (0, 1_000_00, 0)
    listed = CliRunner().invoke(
        report, ["unsigned-deliveries", "--tenant", world.slug, "--as-of", "2026-11-25", "--json"]
    )
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.output)
    assert (found["as_of"], found["count"]) == ("2026-11-25", 1)
    row = found["rows"][0]
    assert (row["delivery_no"], row["order_no"], row["customer_no"]) == (number, "SO-CLI", "00001")
    assert (row["shipped_on"], row["days_out"], row["out_minor"], row["currency"]) == ("2026-11-20", 5, 1_000_00, "CNY")
    assert row["needs_reason"] is False


def test_what_is_held_says_why_and_moves_nothing(world: World, customer: UUID) -> None:
    world.released_order(customer, TEN, number="SO-HELD")
    world.late_invoice(customer, number="LATE-1", minor=5_00, days_late=3)
    held = ship(world, "--order", "SO-HELD")
    assert held.exit_code == 1
    answer = json.loads(held.output)
    assert (answer["delivery_no"], answer["decision"]) == (None, "held")
    assert answer["reasons"] == [{"code": "term", "params": {"items": 1, "days": 3}}]
    assert world.count_rows(Delivery) == 0


def test_a_note_is_named_and_another_orders_note_is_refused(world: World, customer: UUID) -> None:
    first = world.released_order(customer, TEN, number="SO-1")
    second = world.released_order(customer, TEN, number="SO-2")
    world.note(first, (1, "4"), number="DL-1")
    world.note(second, (1, "4"), number="DL-2")
    refused = ship(world, "--order", "SO-1", "--delivery", "DL-2")
    assert refused.exit_code == 1
    assert json.loads(refused.output)["error"]["code"] == "delivery_not_of_order"
    assert json.loads(ship(world, "--order", "SO-1", "--delivery", "DL-1").output)["delivery_no"] == "DL-1"


def test_bad_input_is_named_with_what_to_do(world: World, customer: UUID) -> None:
    world.released_order(customer, TEN, number="SO-1")
    unknown = json.loads(ship(world, "--order", "NOPE").output)["error"]
    assert (unknown["code"], unknown["number"]) == ("order_number_unknown", "NOPE")
    assert unknown["message"] == "There is no order NOPE. Its number stands on the list of orders."
    elsewhere = ship(world, "--order", "SO-1", "--delivery", "DL-9")
    assert (elsewhere.exit_code, json.loads(elsewhere.output)["error"]["number"]) == (1, "DL-9")
    several = [world.note(world.released_order(customer, TEN, number="SO-3"), (1, "1"))]
    with_two = world.delivery(several[0]).order_id
    world.note(with_two, (1, "1"))
    named = json.loads(ship(world, "--order", "SO-3").output)["error"]
    assert named["message"] == "Order SO-3 has 2 open notes. Name the one to ship."
    for day in ("2026-02-30", "yesterday", ""):
        wrong = CliRunner().invoke(order, ["ship", "--tenant", world.slug, "--order", "SO-1", "--date", day])
        assert wrong.exit_code == 2, day
        assert "--date" in wrong.output
    ahead = [*["ship", "--order", "SO-1", "--json", "--tenant"], world.slug, "--date", "2027-01-01"]
    refused = CliRunner().invoke(order, ahead)
    assert json.loads(refused.output)["error"]["code"] == "delivery_ship_day"
    assert world.count_rows(Delivery) == 2
    missing = CliRunner().invoke(order, ["ship", "--tenant", world.slug])
    assert missing.exit_code == 2
    assert "--order" in missing.output


def test_the_list_of_a_day_that_is_none_is_refused_by_its_option(world: World) -> None:
    asked = ["unsigned-deliveries", "--tenant", world.slug, "--json"]
    for more in ([], ["--as-of", "2026-13-01"]):
        wrong = CliRunner().invoke(report, [*asked, *more])
        assert wrong.exit_code == 2
        assert "--as-of" in wrong.output
    ahead = CliRunner().invoke(report, [*asked, "--as-of", "2027-01-01"])
    assert json.loads(ahead.output)["error"]["code"] == "unsigned_as_of"
    empty = CliRunner().invoke(report, [*asked, "--as-of", "2026-11-20"])
    assert json.loads(empty.output) == {"as_of": "2026-11-20", "count": 0, "rows": []}
