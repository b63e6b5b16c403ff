"""`huikuan order check`: what the checks answer, as one JSON object, and nothing is stored."""

from __future__ import annotations

import json
from uuid import UUID

from click.testing import CliRunner, Result

from ar.sales.deliveries.cli import group as order
from ar.sales.models import OrderDecision
from tests.support.world import World

DAY = ["--date", "2026-11-20"]


def check(world: World, number: str, *more: str) -> Result:
    return CliRunner().invoke(order, ["check", "--tenant", world.slug, "--order", number, *(more or (*DAY, "--json"))])


def test_every_reason_stands_in_one_json_object_and_nothing_is_stored(world: World) -> None:
    customer = world.buyer(100_00)
    world.late_invoice(customer, number="LATE-1", minor=5_00, days_late=3)
    held: UUID = world.order(customer, ("valve", "1", "100"), number="SO-1", term_days=45)
    answer = check(world, "SO-1")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output) == {
        "order_no": "SO-1",
        "decision": "held",
        "reasons": [
            {"code": "long_term", "params": {"term_days": 45, "granted_days": 30}},
            {"code": "limit", "params": {"excess_minor": 5_00, "limit_minor": 100_00, "currency": "CNY"}},
            {"code": "term", "params": {"items": 1, "days": 3}},
        ],
    }
    assert (world.order_state(held), world.count_rows(OrderDecision)) == ("draft", 0)


def test_an_order_that_passes_has_no_reasons_and_a_day_may_be_looked_ahead_to(world: World) -> None:
    customer = world.buyer(100_00)
    world.order(customer, ("valve", "1", "10"), number="SO-1")
    assert json.loads(check(world, "SO-1").output) == {"order_no": "SO-1", "decision": "pass", "reasons": []}
    world.late_invoice(customer, number="DUE-1", minor=5_00, days_late=-10)
    assert json.loads(check(world, "SO-1").output)["decision"] == "pass"
    later = json.loads(check(world, "SO-1", "--date", "2026-12-05", "--json").output)
    assert later["reasons"] == [{"code": "term", "params": {"items": 1, "days": 5}}]


def test_without_json_it_is_read_by_a_person(world: World) -> None:
    world.order(world.buyer(100_00), ("valve", "1", "130"), number="SO-1")
    said = check(world, "SO-1", *DAY).output.splitlines()
    assert said[0] == "held"
    assert "30.00" in said[1]


def test_bad_input_names_its_place_and_the_remedy(world: World) -> None:
    unknown = check(world, "NOPE")
    assert unknown.exit_code == 1
    assert json.loads(unknown.output) == {
        "error": {
            "code": "order_number_unknown",
            "message": "There is no order NOPE. Its number stands on the list of orders.",
            "number": "NOPE",
        }
    }
    elsewhere = CliRunner().invoke(order, ["check", "--tenant", "nobody", "--order", "SO-1", "--json"])
    assert json.loads(elsewhere.output)["error"]["code"] == "tenant_not_found"
    wrong = check(world, "SO-1", "--date", "2026-02-30")
    assert wrong.exit_code == 2
    assert "'2026-02-30' is not a date like 2026-11-21" in wrong.output
