"""Goods of a note that several invoices billed come back: each invoice is credited with its own (R100, faults F7)."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.commands import reverse_item
from ar.sales.deliveries.pages.queries import note_page
from tests.support.world import World

TAXED = ("阀门", "10", "113.00", 1300)
RATES = (0, 600, 900, 1300)
RETURNS = sa.text("""
    SELECT i.amount_minor AS minor, (SELECT coalesce(sum(p.debit_minor), 0) FROM posting AS p
        WHERE p.tenant_id = i.tenant_id AND p.entry_id = i.entry_id AND p.account_code = 'output_tax') AS tax
    FROM open_item AS i WHERE i.tenant_id = :tenant AND i.kind = 'goods_return' AND i.reference = :number
""")


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 10_000_000_00)
    return customer


def billed_in_parts(world: World, customer: UUID, *parts: tuple[str, str]) -> UUID:
    """A note whose goods are signed for and invoiced in (quantity, number of the invoice)."""
    note = world.shipped_note(world.released_order(customer, TAXED), mode="consignment")
    for quantity, number in parts:
        world.sign(note, (1, quantity), short="")
        world.invoice_note(note, number)
    return note


def given_back(world: World) -> dict[str, tuple[int, int]]:
    """Returns of each invoice what was given back, and the tax of it (minor units)."""
    found = {}
    for number in ("FP-1", "FP-2"):
        with world.reading() as db:
            rows = db.execute(RETURNS, {"tenant": world.tenant_id, "number": number}).all()
        found[number] = (sum(row.minor for row in rows), sum(row.tax for row in rows))
    return found


def test_all_goods_of_two_invoices_come_back_at_once(world: World, customer: UUID) -> None:
    note = billed_in_parts(world, customer, ("6", "FP-1"), ("4", "FP-2"))
    assert world.balance_of("output_tax") == -130_00
    world.take_back(note, (1, "10"))
    assert given_back(world) == {"FP-1": (678_00, 78_00), "FP-2": (452_00, 52_00)}
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert [world.open_minor_of(world.item_numbered(number).id) for number in ("FP-1", "FP-2")] == [0, 0]
    assert sum(world.exposed(customer)) == 0
    assert world.ledger_findings() == []


def test_the_page_shows_one_line_with_each_document_that_gives_it_back(world: World, customer: UUID) -> None:
    note = billed_in_parts(world, customer, ("6", "FP-1"), ("4", "FP-2"))
    world.take_back(note, (1, "9"))
    with world.reading() as db:
        (line,) = note_page(db, world.tenant_id, note).returns
    assert (line.quantity, line.amount_minor, len(line.credit_items)) == (9, 1_017_00, 2)
    assert given_back(world) == {"FP-1": (565_00, 65_00), "FP-2": (452_00, 52_00)}


def test_goods_come_back_one_by_one_from_the_latest_invoice_that_can_take_them(world: World, customer: UUID) -> None:
    note = billed_in_parts(world, customer, ("6", "FP-1"), ("4", "FP-2"))
    for quantity, left in (("3", -91_00), ("5", -26_00), ("2", 0)):
        world.take_back(note, (1, quantity))
        assert world.balance_of("output_tax") == left
    assert given_back(world) == {"FP-1": (678_00, 78_00), "FP-2": (452_00, 52_00)}
    assert world.ledger_findings() == []


def test_an_invoice_that_was_reversed_takes_nothing(world: World, customer: UUID) -> None:
    note = billed_in_parts(world, customer, ("6", "FP-1"), ("4", "FP-2"))
    with world.transaction() as db:
        reverse_item(db, world.actor(), world.item_numbered("FP-2").id, memo="wrong title")
    world.invoice_note(note, "FP-3")
    world.take_back(note, (1, "10"))
    assert given_back(world)["FP-2"] == (0, 0)
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert world.ledger_findings() == []


@pytest.mark.parametrize("seed", range(6))
def test_whatever_was_billed_in_whatever_parts_all_of_it_comes_back(world: World, customer: UUID, seed: int) -> None:
    """At mixed rates, invoiced and returned in random parts: nothing is owed, and no tax is left or given twice."""
    chance = random.Random(seed)  # noqa: S311
    lines = [
        (
            f"品{n}",
            str(chance.randint(1, 9)),
            f"{chance.randint(1, 50_000) / 100:.2f}",
            chance.choice((0, 600, 900, 1300)),
        )
        for n in range(chance.randint(1, 4))
    ]
    note = world.shipped_note(world.released_order(customer, *lines), mode="consignment")
    to_sign, at_them = {at: int(line[1]) for at, line in enumerate(lines, start=1)}, Counter[int]()
    while parts := _some(chance, to_sign):
        world.sign(note, *parts, short="")
        at_them.update({at: int(quantity) for at, quantity in parts})
        if chance.random() < 0.7 or not sum(to_sign.values()):
            world.invoice_note(note)
    while parts := _some(chance, at_them):
        world.take_back(note, *parts)
        assert world.balance_of("output_tax") <= 0
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert sum(world.exposed(customer)) == 0
    assert world.ledger_findings() == []


def _some(chance: random.Random, left: dict[int, int]) -> list[tuple[int, str]]:
    """Takes some of what is left of each position, something while there is any."""
    while any(left.values()):
        taken = {at: chance.randint(0, quantity) for at, quantity in left.items()}
        if any(taken.values()):
            for at, quantity in taken.items():
                left[at] -= quantity
            return [(at, str(quantity)) for at, quantity in taken.items() if quantity]
    return []
