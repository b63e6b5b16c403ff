"""The books by account: a small book worked by hand, and the way from any number down to its documents and back."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.accounts.queries import EntriesFilters, account_entries, entry_page, trial_balance
from ar.ledger.accounts.views import AccountPage
from ar.ledger.books.period_balances import balances_in_force
from ar.ledger.books.posting import NewItem, post_entry, post_items
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.commands import lock_through
from kernel.clock import moment_on
from kernel.errors import NotFound
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World
from web import filters
from web.paging import read_page

MARCH = date(2026, 3, 31)


@pytest.fixture
def small_book(world: World) -> dict[str, UUID]:
    """February: an invoice of 113.00 with 13.00 tax. March: 50.00 received, 63.00 written off. April: 10.00 more."""
    world = world.on(date(2026, 3, 20))
    customer = world.customer()
    february, april = date(2026, 2, 10), date(2026, 4, 2)
    invoice = NewItem(customer, "invoice", "INV-1", february, MARCH, MARCH, "CNY", 11300, tax_minor=1300)
    with world.transaction() as db:
        ids = post_items(db, world.actor(february), [invoice], memo="二月")
    receipt = world.receipt(customer, number="RC-1", on=date(2026, 3, 5), minor=5000)
    lost = world.document(
        customer, kind="bad_debt", number="BD-1", on=date(2026, 3, 20), minor=6300, due_on=date(2026, 3, 20)
    )
    world.on(april).invoice(customer, number="INV-2", on=april, minor=1000)
    return {"customer": customer, "INV-1": ids[0], "RC-1": receipt, "BD-1": lost}


def test_the_trial_balance_of_a_small_book_is_what_a_clerk_writes_down(
    world: World, small_book: dict[str, UUID]
) -> None:
    with world.reading() as db:
        (cny,) = trial_balance(db, world.tenant_id, MARCH).currencies
    rows = {row.code: row.figures for row in cny.rows}
    figures = {
        code: (each.opening_minor, each.debit_minor, each.credit_minor, each.closing_minor)
        for code, each in rows.items()
    }
    assert figures == {
        "bank": (0, 5000, 0, 5000),
        "receivables": (11300, 0, 11300, 0),
        "allowance": (0, 6300, 0, 6300),
        "output_tax": (-1300, 0, 0, -1300),
        "revenue": (-10000, 0, 0, -10000),
    }
    assert [row.number for row in cny.rows] == ["1002", "1122", "1231", "222101", "6001"]
    total = cny.total
    assert (total.opening_debit_minor, total.opening_credit_minor) == (11300, 11300)
    assert (total.debit_minor, total.credit_minor) == (11300, 11300)
    assert (total.closing_debit_minor, total.closing_credit_minor) == (11300, 11300)
    assert total.ok
    # What was written off stands apart from the balance sheet, and is in none of its sums (R234).
    memo = {row.code: row.figures.closing_minor for row in cny.memo}
    assert memo == {"written_off": 6300, "written_off_contra": -6300}


def test_the_trial_balance_keeps_currencies_apart_and_is_of_the_day(world: World) -> None:
    customer = world.customer()
    world.invoice(customer, number="A", on=date(2026, 3, 1), minor=100)
    world.invoice(customer, number="B", on=date(2026, 3, 31), minor=900, currency="JPY")
    with world.reading() as db:
        assert [each.currency for each in trial_balance(db, world.tenant_id, MARCH).currencies] == ["CNY", "JPY"]
        assert [each.currency for each in trial_balance(db, world.tenant_id, date(2026, 3, 30)).currencies] == ["CNY"]
        assert trial_balance(db, world.tenant_id, date(2026, 2, 28)).currencies == ()


def test_the_trial_balance_as_known_leaves_out_what_was_booked_later(world: World) -> None:
    world = world.on(date(2026, 3, 10))
    customer = world.customer()
    world.invoice(customer, number="A", on=date(2026, 3, 1), minor=100)
    world.on(date(2026, 4, 9)).invoice(customer, number="B", on=date(2026, 3, 2), minor=70)
    with world.reading() as db:
        known = trial_balance(db, world.tenant_id, MARCH, moment_on(MARCH, world.timezone))
        now = trial_balance(db, world.tenant_id, MARCH)
    assert (known.currencies[0].total.debit_minor, now.currencies[0].total.debit_minor) == (100, 170)


def account_lines(world: World, **args: str) -> tuple[list[tuple[str | None, int, int, int]], AccountPage]:
    with world.reading() as db:
        wanted = filters.read(EntriesFilters, args)
        page = account_entries(db, world.tenant_id, wanted, read_page(args), date(2026, 3, 31))
    return [(line.document_no, line.debit_minor, line.credit_minor, line.balance_minor) for line in page.lines], page


def test_an_account_counts_on_from_its_opening(world: World, small_book: dict[str, UUID]) -> None:
    found, page = account_lines(world)
    assert found == [("RC-1", 0, 5000, 6300), ("BD-1", 0, 6300, 0)]
    (sums,) = page.sums
    assert (sums.opening_minor, sums.debit_minor, sums.credit_minor, sums.closing_minor) == (11300, 0, 11300, 0)
    assert account_lines(world, from_on="2026-01-01", to_on="2026-02-28")[0] == [("INV-1", 11300, 0, 11300)]


@pytest.mark.parametrize(
    ("args", "numbers"),
    [
        ({"from_on": "2026-01-01"}, ["INV-1", "RC-1", "BD-1"]),
        ({"from_on": "2026-01-01", "kind": "receipt"}, ["RC-1"]),
        ({"from_on": "2026-01-01", "customer": "00001"}, ["INV-1", "RC-1", "BD-1"]),
        ({"from_on": "2026-01-01", "customer": "nobody"}, []),
        ({"from_on": "2026-01-01", "currency": "usd"}, []),
        ({"account": "bank", "customer": "00001"}, ["RC-1"]),  # the leg names no customer, its document does
        ({"account": "bank", "customer": "nobody"}, []),
        ({"account": "written_off"}, ["BD-1"]),
        ({"account": "; DROP TABLE entry", "page": "-1"}, ["RC-1", "BD-1"]),
    ],
)
def test_the_entries_of_an_account_are_those_asked_for(
    world: World, small_book: dict[str, UUID], args: dict[str, str], numbers: list[str]
) -> None:
    assert [number for number, *_rest in account_lines(world, **args)[0]] == numbers


def test_a_page_of_entries_goes_on_with_the_balance_and_costs_four_statements(world: World, engine: sa.Engine) -> None:
    customer = world.customer()
    items = [NewItem(customer, "invoice", f"I{n:02d}", date(2026, 3, 1), MARCH, MARCH, "CNY", 100) for n in range(60)]
    world.on(MARCH).book(items)
    with counted(engine) as seen:
        found, page = account_lines(world, size="25", page="3")
    assert page.total == 60
    assert [balance for *_rest, balance in found] == [5100 + 100 * n for n in range(10)]
    assert len(seen) == 4  # entering the tenant, the lock to begin from, the sums, the rows


def entry_of(world: World, item_id: UUID) -> UUID:
    with world.reading() as db:
        row = db.execute(
            sa.text("SELECT entry_id FROM open_item WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": world.tenant_id, "id": item_id},
        ).scalar_one()
    assert isinstance(row, UUID)
    return row


def test_an_entry_shows_its_legs_documents_and_what_takes_it_back(world: World, small_book: dict[str, UUID]) -> None:
    with world.transaction() as db:
        reverse_item(db, world.actor(date(2026, 4, 9)), small_book["INV-1"], memo="开错")
    with world.reading() as db:
        page = entry_page(db, world.tenant_id, entry_of(world, small_book["INV-1"]))
        assert page.reversed_by is not None
        mirror = entry_page(db, world.tenant_id, page.reversed_by)
    assert (page.title, page.kind, page.memo, page.recorded_by) == ("INV-1", "invoice", "二月", "林晓")
    legs = [(leg.account_code, leg.debit_minor, leg.credit_minor) for leg in page.legs]
    assert legs == [("receivables", 11300, 0), ("revenue", 0, 10000), ("output_tax", 0, 1300)]
    assert [(item.document_no, item.amount_minor, item.open_minor) for item in page.items] == [("INV-1", 11300, 0)]
    assert (mirror.reverses_id, mirror.kind, mirror.memo) == (page.id, "reversal", "开错")
    assert {leg.account_code: leg.credit_minor for leg in mirror.legs if leg.credit_minor} == {"receivables": 11300}


def test_an_entry_without_documents_and_one_of_nobody(world: World, other_company: TestCompany) -> None:
    with world.transaction() as db:
        legs = [("bad_debt_expense", "CNY", 500, 0), ("allowance", "CNY", 0, 500)]
        entry_id = post_entry(db, world.actor(MARCH), "provision", MARCH, legs, memo="三月计提")
    with world.reading() as db:
        page = entry_page(db, world.tenant_id, entry_id)
    assert (page.title, page.items, len(page.legs)) == ("", (), 2)
    assert world.client().get(world.url(f"/accounts/entries/{entry_id}")).status_code == 200
    assert other_company.client().get(other_company.url(f"/accounts/entries/{entry_id}")).status_code == 404
    with other_company.reading() as db, pytest.raises(NotFound):
        entry_page(db, other_company.tenant_id, entry_id)


def links_to(text: str, part: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]+)"', text) if part in found]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_figure_of_the_aging_leads_to_its_items_document_entry_account_and_back(
    world: World, small_book: dict[str, UUID], language: str
) -> None:
    client = world.client(language=language)
    aging = client.get(world.url("/aging/?as_of=2026-02-28")).text
    items = client.get(links_to(aging, "/receivables/?customer=00001")[0]).text
    document = client.get(links_to(items, f"/receivables/{small_book['INV-1']}")[0]).text
    entry = client.get(links_to(document, f"/accounts/entries/{entry_of(world, small_book['INV-1'])}")[0]).text
    assert links_to(entry, f"/receivables/{small_book['INV-1']}")
    revenue = client.get(links_to(entry, "/accounts/entries?account=revenue")[0]).text
    assert links_to(revenue, f"/accounts/entries/{entry_of(world, small_book['INV-1'])}")
    # The tie-out is a number too: it leads to the entries of the control account.
    control = client.get(links_to(aging, "/accounts/entries?account=receivables")[0]).text
    assert "INV-1" in control
    assert "113.00" in control
    trial = client.get(world.url("/accounts/?as_of=2026-03-31")).text
    assert "1122" in trial
    month = client.get(links_to(trial, "/accounts/entries?account=receivables")[0]).text
    assert "RC-1" in month
    assert "INV-2" not in month
    assert links_to(client.get(world.url("/")).text, "/accounts/")


def test_the_pages_of_the_books_open_when_empty_and_only_for_who_may_read(world: World) -> None:
    client = world.client()
    for path in ("/accounts/", "/accounts/?as_of=never&known=soon", "/accounts/entries", "/accounts/entries?to_on=x"):
        assert client.get(world.url(path)).status_code == 200
    assert world.client("driver").get(world.url("/accounts/")).status_code == 403


def test_an_entry_leads_to_what_it_belongs_to(world: World, small_book: dict[str, UUID]) -> None:
    entry_id = entry_of(world, small_book["RC-1"])
    page = world.client().get(world.url(f"/accounts/entries/{entry_id}")).text
    assert links_to(page, f"/receipts/{small_book['RC-1']}")


def test_a_lock_to_begin_from_changes_no_figure(world: World, small_book: dict[str, UUID]) -> None:
    def shown() -> object:
        with world.reading() as db:
            trial = trial_balance(db, world.tenant_id, MARCH)
        return trial, *(
            account_lines(world, account=code) for code in ("receivables", "revenue", "bank", "written_off")
        )

    before = shown()
    with world.transaction() as db:
        lock_through(db, world.actor(date(2026, 4, 3)), date(2026, 2, 28))
    assert shown() == before
    with world.reading() as db:
        assert balances_in_force(db, world.tenant_id, date(2026, 2, 28)) is not None
