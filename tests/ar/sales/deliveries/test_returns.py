"""Goods of a note that several invoices billed come back: each invoice is credited with its own (R100, faults F7)."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import nullcontext
from decimal import Decimal
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.commands import reverse_item
from ar.sales.deliveries.inputs import ReturnedLine, ReturnGoods
from ar.sales.deliveries.pages.queries import note_page
from ar.sales.deliveries.returns import return_goods
from kernel.errors import Forbidden
from tests.support.world import World

TAXED = ("阀门", "10", "113.00", 1300)
BOOKS = ("图书", "20", "100.00", 0)
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


def test_goods_come_back_one_by_one_from_the_latest_invoice_that_billed_them_all(world: World, customer: UUID) -> None:
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


def test_goods_that_are_on_no_invoice_are_credited_on_none(world: World, customer: UUID) -> None:
    """Six of ten were invoiced; nobody is to write an invoice for four that came back."""
    order = world.released_order(customer, TAXED)
    note = world.shipped_note(order, mode="consignment")
    world.sign(note, (1, "6"), short="")
    world.invoice_note(note, "FP-1")
    world.sign(note, (1, "4"), short="")
    world.take_back(note, (1, "10"))
    assert given_back(world)["FP-1"] == (678_00, 78_00)
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert world.to_invoice([order]) == 0
    assert world.exposed(customer)[:3] == (0, 0, 0)


def test_a_line_is_credited_on_the_invoice_that_billed_it_with_its_tax(world: World, customer: UUID) -> None:
    """Valves at 13 per cent and books at none, an invoice each: the valves' tax is not asked of the books' invoice."""
    note = world.shipped_note(world.released_order(customer, TAXED, BOOKS), mode="consignment")
    for position, quantity, number in ((1, "10", "FP-1"), (2, "20", "FP-2")):
        world.sign(note, (position, quantity), short="")
        world.invoice_note(note, number)
    world.take_back(note, (1, "10"))
    assert given_back(world) == {"FP-1": (1_130_00, 130_00), "FP-2": (0, 0)}
    assert world.balance_of("output_tax") == 0
    assert world.open_minor_of(world.item_numbered("FP-2").id) == 2_000_00


def test_invoiced_goods_that_come_back_are_not_set_off_against_others_that_are_not(
    world: World, customer: UUID
) -> None:
    order = world.released_order(customer, TAXED, BOOKS)
    note = world.shipped_note(order, mode="consignment")
    world.sign(note, (1, "10"), short="")
    world.invoice_note(note, "FP-1")
    world.sign(note, (2, "20"), short="")
    world.take_back(note, (1, "10"))
    assert given_back(world)["FP-1"] == (1_130_00, 130_00)
    assert world.to_invoice([order]) == 2_000_00, "the books are owed whole"
    world.invoice_note(note, "FP-2")
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 2_000_00)


def test_who_sells_takes_back_what_is_on_no_invoice_and_no_more(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TAXED, BOOKS), mode="consignment")
    world.sign(note, (1, "10"), short="")
    world.invoice_note(note, "FP-1")
    world.sign(note, (2, "20"), short="")
    seller = world.actor(roles=("salesperson",))
    for position, refused in ((2, False), (1, True)):
        lines = [ReturnedLine(position=position, quantity=Decimal(5))]
        back = ReturnGoods(returned_on=world.today, reason="damaged", lines=lines)
        with world.transaction() as db, pytest.raises(Forbidden) if refused else nullcontext():
            return_goods(db, seller, note, back)
    assert given_back(world)["FP-1"] == (0, 0)


def test_an_invoice_typed_with_tax_for_goods_that_name_no_rate_gives_its_tax_back(world: World, customer: UUID) -> None:
    """The rate of an order line may be empty; the invoice of the ledger has the tax."""
    order = world.released_order(customer, ("阀门", "10", "113.00"))
    note = world.shipped_note(order)
    world.sign(note)
    item = world.document(customer, kind="invoice", number="FP-1", minor=1_130_00, tax_minor=130_00)
    world.bill_order(order, item, delivery_id=note)
    for quantity, tax in (("3", -91_00), ("7", 0)):
        world.take_back(note, (1, quantity))
        assert world.balance_of("output_tax") == tax
    assert world.balance_of("receivables") == 0


@pytest.mark.parametrize(
    ("currency", "price", "whole", "tax"), [("JPY", "113", 1_130, 130), ("KWD", "1.1305", 11_305, 1_301)]
)
def test_in_yen_and_in_dinars_each_invoice_gets_its_own(
    world: World, customer: UUID, currency: str, price: str, whole: int, tax: int
) -> None:
    world.rate(currency, "0.05", on=world.today)
    order = world.released_order(customer, ("阀门", "10", price, 1300), currency=currency)
    note = world.shipped_note(order, mode="consignment")
    billed = Counter[str]()
    for quantity, number in (("3", "FP-1"), ("7", "FP-2")):
        world.sign(note, (1, quantity), short="")
        world.invoice_note(note, number)
        billed[number] = world.item_numbered(number).amount_minor
    assert sum(billed.values()) == whole
    world.take_back(note, (1, "10"))
    back = given_back(world)
    assert {number: minor for number, (minor, _tax) in back.items()} == dict(billed)
    assert sum(each for _minor, each in back.values()) == tax
    assert [world.open_minor_of(world.item_numbered(number).id) for number in billed] == [0, 0]
    assert world.ledger_findings() == []


@pytest.mark.parametrize("seed", range(8))
def test_whatever_was_billed_in_whatever_parts_all_of_it_comes_back(world: World, customer: UUID, seed: int) -> None:
    """At mixed rates, invoiced in random parts or not at all, returned in random parts, nothing is left or twice."""
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
    order = world.released_order(customer, *lines)
    note = world.shipped_note(order, mode="consignment")
    to_sign, at_them = {at: int(line[1]) for at, line in enumerate(lines, start=1)}, Counter[int]()
    while parts := _some(chance, to_sign):
        world.sign(note, *parts, short="")
        at_them.update({at: int(quantity) for at, quantity in parts})
        if chance.random() < 0.5:
            world.invoice_note(note)
    charged = -world.balance_of("output_tax")
    while parts := _some(chance, at_them):
        world.take_back(note, *parts)
        assert 0 <= -world.balance_of("output_tax") <= charged
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert world.to_invoice([order]) == 0
    assert world.exposed(customer)[:3] == (0, 0, 0)
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
