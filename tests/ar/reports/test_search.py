"""One box for everything: names, numbers, amounts, addresses; an exact number goes straight there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ar.reports.search import search
from tests.ar.reports.scene import TODAY, clock_at, make_debtors, page_text
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World, world_of


def labels_found(world: World, q: str) -> list[tuple[str, str]]:
    with world.reading() as db:
        return [(hit.group, hit.label) for hit in search(db, world.tenant_id, q, "CNY").hits]


def test_each_kind_of_thing_is_found_by_what_people_type(world: World) -> None:
    make_debtors(world, copies=2)
    assert labels_found(world, "客户00002") == [("customer", "00002")]
    assert labels_found(world, "ar@00002") == [("contact", "王芳 <ar@00002.example>")]
    assert labels_found(world, "inv-00001") == [("document", f"INV-00001-{n}") for n in (1, 2, 3)]
    assert labels_found(world, "43,000.00") == [("amount", "INV-00001-2"), ("amount", "INV-00002-2")]
    assert labels_found(world, "43000") == [("amount", "INV-00001-2"), ("amount", "INV-00002-2")]
    assert labels_found(world, "43,000.01") == []
    assert [group for group, _label in labels_found(world, "ST-2026")] == ["statement", "statement"]
    assert labels_found(world, "  ") == []


def test_what_is_typed_is_text_and_not_a_pattern(world: World) -> None:
    make_debtors(world)
    world.invoice(number="100%_SURE", due_on=TODAY)
    assert labels_found(world, "100%") == [("document", "100%_SURE")]
    assert labels_found(world, "%") == []
    assert labels_found(world, "_") == []
    assert labels_found(world, "x" * 500 + "\x00") == []


def test_an_exact_number_goes_straight_to_its_page(world: World) -> None:
    make_debtors(world)
    client = world.client()
    with clock_at(TODAY):
        customer = client.get(world.url("/search?q=00001"))
        document = client.get(world.url("/search?q=RC-00001"))
        listed = page_text(client, world, "/search?q=INV-0000")
        nothing = page_text(client, world, "/search?q=nobody")
    assert customer.location == world.url(f"/customers/{world.customer_id('00001')}")
    assert "/receivables/" in document.location
    assert "INV-00001-2" in listed
    assert "Nothing found" in nothing


def test_other_companies_stay_closed(world: World, other_company: TestCompany) -> None:
    make_debtors(world_of(other_company))
    for q in ("00001", "客户", "INV-00001-1", "43000", "ar@00001.example", "ST-"):
        assert labels_found(world, q) == []


@pytest.mark.parametrize("copies", [1, 8])
def test_a_search_is_one_statement(world: World, engine: sa.Engine, copies: int) -> None:
    make_debtors(world, copies)
    with world.reading() as db:
        db.connection()
        with counted(engine) as seen:
            search(db, world.tenant_id, "43000", "CNY")
    assert len(seen) == 1


def test_an_amount_in_another_currency_of_the_same_decimals_is_found(world: World) -> None:
    world.invoice(number="EXPORT-1", due_on=TODAY, minor=98_765, currency="USD")
    world.invoice(number="TOKYO-1", due_on=TODAY, minor=98_765, currency="JPY")
    assert labels_found(world, "987.65") == [("amount", "EXPORT-1")]
