"""Interest before principal (Civil Code 561): the product's own interest is found for the debt that it belongs to."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest
from click.testing import CliRunner

from app.cli import main
from ar.ledger.lookups import accessory_parts_of
from ar.receipts.posting.commands import suggest_allocation
from tests.support.world import World

TODAY = date(2026, 2, 13)


@pytest.fixture
def world(world: World) -> World:
    """A company on TODAY."""
    return world.on(TODAY)


def owed(
    world: World, *, principals: tuple[int, ...] = (1_000_00,), fixed_sum: bool = False
) -> tuple[UUID, list[UUID]]:
    """Returns (customer, their debts): 25 days late, 24 and so on, at 0.103 % a day, the interest in one document."""
    customer = world.customer("00001")
    debts = [
        world.late_invoice(customer, number=f"INV-{place}", minor=minor, days_late=25 - place)
        for place, minor in enumerate(principals)
    ]
    world.interest_terms(customer, kind="contract", daily_percent="0.103")
    world.post_interest()
    return customer, debts


def shares(world: World, customer: UUID, minor: int, *, costs_first: bool) -> dict[str, int]:
    with world.reading() as db:
        found = suggest_allocation(db, world.actor(), customer, "CNY", minor, costs_first=costs_first)
    sums: dict[str, int] = {}
    for share in found:
        number = world.open_item(share.id).document_no
        sums[number] = sums.get(number, 0) + share.amount_minor
    return sums


def test_interest_of_25_75_and_1000_principal_500_received_costs_first(world: World) -> None:
    customer, _debts = owed(world)
    assert shares(world, customer, 500_00, costs_first=True) == {"INT-2026-000001": 25_75, "INV-0": 474_25}
    assert shares(world, customer, 500_00, costs_first=False) == {"INV-0": 500_00}


def test_one_document_of_interest_on_several_debts_is_paid_with_each_of_them(world: World) -> None:
    """Interest of 25.75 on the first and 49.44 on the second: the earlier debt is discharged whole before the later."""
    customer, (first, second) = owed(world, principals=(1_000_00, 2_000_00))
    assert shares(world, customer, 1_025_75, costs_first=True) == {"INT-2026-000001": 25_75, "INV-0": 1_000_00}
    assert shares(world, customer, 1_125_75, costs_first=True) == {
        "INT-2026-000001": 25_75 + 49_44,
        "INV-0": 1_000_00,
        "INV-1": 50_56,
    }
    with world.reading() as db:
        item = world.item_numbered("INT-2026-000001")
        parts = accessory_parts_of(db, world.tenant_id, [item.id])[item.id]
    assert sorted(parts) == sorted([(first, "interest", 25_75), (second, "interest", 49_44)])


def test_a_receipt_is_posted_costs_first_from_the_command_line(world: World) -> None:
    owed(world)
    day = TODAY.isoformat()
    asked = ["receipt", "post", "--tenant", world.slug, "--customer", "00001", "--amount", "500", "--costs-first"]
    answer = json.loads(CliRunner().invoke(main, [*asked, "--on", day, "--date", day, "--json"]).output)
    assert {each["document_no"]: each["amount_minor"] for each in answer["paid"]} == {
        "INT-2026-000001": 25_75,
        "INV-0": 474_25,
    }


def test_the_fixed_sum_of_a_statute_is_costs_and_comes_before_the_interest(world: World) -> None:
    customer = world.customer("00001")
    world.late_invoice(customer, number="INV-0", minor=1_000_00, days_late=25, currency="EUR")
    world.interest_terms(customer, kind="statute", country="de", fixed_sum=True)
    world.post_interest()
    with world.reading() as db:
        found = suggest_allocation(db, world.actor(), customer, "EUR", 45_00, costs_first=True)
    item = world.item_numbered("INT-2026-000001")
    with world.reading() as db:
        parts = accessory_parts_of(db, world.tenant_id, [item.id])[item.id]
    assert sorted((part, minor) for _of, part, minor in parts) == [("costs", 40_00), ("interest", 7_03)]
    assert [(share.id, share.amount_minor) for share in found] == [(item.id, 40_00), (item.id, 5_00)]
