"""The flag of doubtful receivables: the filter finds what the rule flags, and the pages say what it is."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from ar.ledger.books.posting import NewItem
from ar.ledger.books.queries import open_items
from ar.ledger.receivables.doubtful import doubtful_sums
from ar.ledger.receivables.list_queries import ReceivablesFilters, receivables_page
from ar.ledger.rules.stages import TRADE_KINDS, doubtful_from_on
from kernel.clock import fixed_clock, moment_on
from tests.support.statements import counted
from tests.support.world import TODAY, World
from web.paging import read_page

AGES = (0, 30, 59, 60, 61, 62, 70, 90, 91, 92, 120)
PERIODS = (0, 45, 60, 61, 90)


@pytest.mark.parametrize("as_of", [TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=40)])
def test_the_filter_finds_exactly_what_the_rule_flags(world: World, engine: sa.Engine, as_of: date) -> None:
    customer = world.customer()
    wanted = []
    for kind, age, period in product(("invoice", "opening", "debit_note", "interest", "receipt"), AGES, PERIODS):
        on = TODAY - timedelta(days=age)
        end = on if kind == "receipt" else on + timedelta(days=period)
        wanted.append(NewItem(customer, kind, f"{kind}-{age}-{period}", on, min(end, on), end, "CNY", 100))
    world.book(wanted)
    expected = {
        each.document_no
        for each in wanted
        if each.kind in TRADE_KINDS
        and each.document_on <= as_of
        and doubtful_from_on(each.document_on, each.collection_end_on) <= as_of
    }
    assert expected
    with world.reading() as db:
        page = receivables_page(
            db, world.tenant_id, ReceivablesFilters(state="doubtful", on=as_of), read_page({"size": "200"}), TODAY
        )
        flagged = {item.document_no for item in open_items(db, world.tenant_id, as_of=as_of) if item.doubtful}
        with counted(engine) as seen:
            sums = doubtful_sums(db, world.tenant_id, as_of)
    assert page.total == len(expected)
    assert {item.document_no for item in page.items} <= expected
    assert flagged == expected
    assert [(each.currency, each.count, each.open_minor) for each in sums] == [
        ("CNY", len(expected), 100 * len(expected))
    ]
    assert len(seen) == 1


def test_what_was_paid_is_not_doubtful_from_its_day_on_but_was_before(world: World) -> None:
    customer = world.customer()
    old = world.invoice(customer, number="OLD", on=date(2026, 6, 1), minor=1000)
    world.allocate(old, world.receipt(customer, number="R", on=date(2026, 11, 10), minor=400), minor=400)
    world.allocate(old, world.receipt(customer, number="R2", on=date(2026, 11, 15), minor=600), minor=600)
    with world.reading() as db:
        found = [doubtful_sums(db, world.tenant_id, date(2026, 11, day)) for day in (9, 10, 15)]
    assert [[(each.count, each.open_minor) for each in sums] for sums in found] == [[(1, 1000)], [(1, 600)], []]


@pytest.mark.parametrize(
    ("language", "badge", "no_booking"),
    [("en", "Doubtful", "nothing is written off by it"), ("zh_CN", "", "")],
)
def test_list_document_today_and_aging_show_it(world: World, language: str, badge: str, no_booking: str) -> None:
    customer = world.customer()
    old = world.invoice(customer, number="OLD-1", on=date(2026, 6, 1), minor=1_234_00)
    world.invoice(customer, number="NEW-1", on=date(2026, 11, 1), minor=500)
    client = world.client("auditor", language)
    with fixed_clock(moment_on(TODAY, world.timezone)):
        listed = client.get(world.url("/receivables/?state=doubtful")).get_data(as_text=True)
        shown = client.get(world.url(f"/receivables/{old}")).get_data(as_text=True)
        around = [client.get(world.url(path)).get_data(as_text=True) for path in ("/", "/aging/")]
    assert "OLD-1" in listed
    assert "NEW-1" not in listed
    for page in (listed, shown):
        assert badge in page
        assert no_booking in page
    for page in around:
        assert "state=doubtful" in page
        assert "1,234.00" in page
