"""The pages of the ledger: what a person sees, filters, sorts and does, and what stays closed to strangers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from ar.ledger.models import Allocation
from ar.ledger.receivables.list_queries import ReceivablesFilters, receivables_page, stage_due_range
from ar.ledger.rules.stages import Stage, stage_of
from kernel.clock import fixed_clock, moment_on
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import TODAY, World, new_world, world_of
from web import filters
from web.paging import read_page


def listed_numbers(world: World, **args: str) -> list[str]:
    wanted = filters.read(ReceivablesFilters, args)
    with world.reading() as db:
        page = receivables_page(db, world.tenant_id, wanted, read_page(args), TODAY)
    return [item.document_no for item in page.items]


@pytest.fixture
def world(world: World) -> World:
    """Four documents of two customers: overdue, not due, cleared, an open receipt."""
    one, two = world.customer("0001", "Alpha 100%"), world.customer("0002", "Beta")
    world.invoice(one, number="LATE", on=date(2026, 9, 1), minor=10000)
    world.invoice(two, number="SOON", on=date(2026, 11, 10), minor=500)
    paid = world.invoice(two, number="PAID", on=date(2026, 8, 1), minor=700)
    world.allocate(paid, world.receipt(two, number="R1", on=date(2026, 8, 9), minor=700), minor=700)
    world.receipt(one, number="R2", on=date(2026, 10, 1), minor=2500)
    return world


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, ["LATE", "R2", "SOON"]),
        ({"sort": "-due"}, ["SOON", "LATE", "R2"]),
        ({"sort": "open"}, ["R2", "SOON", "LATE"]),
        ({"sort": "-number"}, ["SOON", "R2", "LATE"]),
        ({"state": "owed"}, ["LATE", "SOON"]),
        ({"state": "overdue"}, ["LATE"]),
        ({"state": "credits"}, ["R2"]),
        ({"state": "cleared"}, ["R1", "PAID"]),
        ({"state": "all", "sort": "number"}, ["LATE", "PAID", "R1", "R2", "SOON"]),
        ({"stage": "professional"}, ["LATE"]),
        ({"stage": "bad_debt"}, []),
        ({"customer": "0002"}, ["SOON"]),
        ({"currency": "usd"}, []),
        ({"due_from": "2026-12-01"}, ["SOON"]),
        ({"due_to": "2026-10-01"}, ["LATE", "R2"]),
        ({"on": "2026-08-05"}, ["PAID"]),
        ({"q": "100%"}, ["LATE", "R2"]),
        ({"q": "%"}, ["LATE", "R2"]),
        ({"q": "' OR 1=1 --"}, []),
        ({"sort": "amount; DROP TABLE open_item", "page": "-3", "on": "never"}, ["LATE", "R2", "SOON"]),
    ],
)
def test_the_list_shows_what_the_address_asks_for(world: World, args: dict[str, str], expected: list[str]) -> None:
    assert listed_numbers(world, **args) == expected


def test_totals_are_of_all_that_match_not_of_the_page(engine: sa.Engine) -> None:
    world = new_world()
    customer = world.customer()
    for n in range(30):
        world.invoice(customer, number=f"I{n:02d}", on=date(2026, 11, 1), minor=100)
    world.receipt(customer, number="R", on=date(2026, 11, 1), minor=50, currency="USD")
    args = MultiDict({"size": "25", "page": "2"})
    with world.reading() as db, counted(engine) as seen:
        page = receivables_page(db, world.tenant_id, ReceivablesFilters(), read_page(args), TODAY)
    assert len(page.items) == 6
    assert [(t.currency, t.count, t.open_minor) for t in page.totals] == [("CNY", 30, 3000), ("USD", 1, -50)]
    assert len(seen) == 3  # entering the tenant, the sums, the rows


@pytest.mark.parametrize("today", [date(2026, 11, 20), date(2026, 8, 31), date(2024, 2, 29), date(2027, 4, 6)])
def test_a_stage_filter_finds_exactly_the_due_dates_of_that_stage(today: date) -> None:
    ranges = {stage: stage_due_range(stage, today) for stage in Stage}
    assert ranges.pop(Stage.BAD_DEBT) is None
    for offset in range(-20, 260):
        due = today - timedelta(days=offset)
        inside = [
            stage
            for stage, ends in ranges.items()
            if ends and (ends[0] is None or ends[0] <= due) and (ends[1] is None or due <= ends[1])
        ]
        assert inside == [stage_of(due, today)]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_open_in_both_languages(world: World, language: str) -> None:
    client = world.client(language=language)
    for path in (
        "/receivables/",
        "/receivables/?state=all",
        "/receivables/?q=nothing",
        "/aging/",
        "/aging/?by=invoice",
    ):
        assert client.get(world.url(path)).status_code == 200, path
    for number in ("LATE", "PAID", "R2"):
        page = client.get(world.url(f"/receivables/{world.item_numbered(number).id}"))
        assert page.status_code == 200
        assert number in page.text


def test_the_aging_page_ties_and_leads_to_the_items(world: World) -> None:
    client = world.client()
    text = client.get(world.url("/aging/?as_of=2026-11-20")).text
    assert "Agrees with the ledger" in text
    assert "80.00 CNY" in text
    assert client.get(world.url("/aging/?on=2026-11-20")).text.count("2026-11-20") == text.count("2026-11-20")
    assert "customer=0001&amp;currency=CNY&amp;on=2026-11-20" in text
    drilled = client.get(world.url("/receivables/?customer=0001&currency=CNY&on=2026-11-20")).text
    assert "LATE" in drilled
    assert "SOON" not in drilled


def test_the_exports_are_files_of_the_same_filter(world: World) -> None:
    client = world.client()
    text = client.get(world.url("/aging/export.csv?on=2026-11-20")).data.decode("utf-8-sig")
    assert "0001,Alpha 100%,CNY,0.00,0.00,100.00,0.00,0.00,25.00,75.00" in text
    book = client.get(world.url("/aging/export.xlsx"))
    assert book.data[:2] == b"PK"
    assert world.client("gm_office").get(world.url("/aging/export.csv")).status_code == 403


def test_a_person_allocates_takes_back_and_reverses(world: World) -> None:
    client = world.client()
    invoice, receipt = world.item_numbered("LATE").id, world.item_numbered("R2").id
    form = {"other_id": str(receipt), "amount": "25.00", "key": "k" * 32}
    for _ in range(2):
        assert client.post(world.url(f"/receivables/{invoice}/allocations"), data=form).status_code == 303
    assert listed_numbers(world, state="credits") == []
    page = client.get(world.url(f"/receivables/{invoice}")).text
    assert "75.00" in page
    links = [part.split('"')[0] for part in page.split('href="')[1:]]
    take_back = next(link for link in links if "/allocations/" in link)
    assert client.post(take_back).status_code == 303
    gone = client.post(world.url(f"/receivables/{receipt}/reversal"), data={"reason": "typed twice"})
    assert gone.status_code == 303
    assert listed_numbers(world, state="credits") == []
    again = client.post(world.url(f"/receivables/{receipt}/reversal"), data={"reason": "typed twice"})
    assert again.status_code == 422
    assert "This has already been undone." in again.text


def test_a_form_with_gaps_is_shown_again_and_changes_nothing(world: World) -> None:
    client = world.client()
    invoice = world.item_numbered("LATE").id
    assert client.post(world.url(f"/receivables/{invoice}/reversal"), data={}).status_code == 422
    wrong = {"other_id": "x", "amount": "", "key": "k" * 32}
    assert client.post(world.url(f"/receivables/{invoice}/allocations"), data=wrong).status_code == 422
    assert "LATE" in listed_numbers(world)


def test_who_may_only_read_changes_nothing(world: World) -> None:
    client = world.client("gm_office")
    invoice = world.item_numbered("LATE").id
    page = client.get(world.url(f"/receivables/{invoice}"))
    assert page.status_code == 200
    assert "/reversal" not in page.text
    refused = client.post(world.url(f"/receivables/{invoice}/reversal"), data={"reason": "x"})
    assert refused.status_code == 403


def test_ids_of_another_company_are_not_found(world: World, other_company: TestCompany) -> None:
    theirs = world_of(other_company)
    foreign = theirs.invoice(theirs.customer(), number="F", on=date(2026, 9, 1), minor=100)
    client = world.client()
    form = {"other_id": str(foreign), "amount": "1.00", "key": "k" * 32}
    ours = world.item_numbered("R2").id
    assert client.get(world.url(f"/receivables/{foreign}")).status_code == 404
    assert client.post(world.url(f"/receivables/{foreign}/reversal"), data={"reason": "x"}).status_code == 404
    assert client.post(world.url(f"/receivables/{ours}/allocations"), data=form).status_code == 404
    assert listed_numbers(other_company) == ["F"]


@pytest.fixture
def on_today() -> Iterator[None]:
    """The pages live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def count_allocations(world: World) -> int:
    with world.reading() as db:
        a = Allocation
        return db.execute(sa.select(sa.func.count()).where(a.tenant_id == world.tenant_id)).scalar_one()


@pytest.mark.usefixtures("on_today")
@pytest.mark.parametrize(
    ("amount", "day", "sentence"),
    [
        ("9999", "", "At most 25.00"),
        ("1.001", "", "“1.001” is not an amount in this currency."),
        ("abc", "", "“abc” is not an amount in this currency."),
        ("-5", "", "The amount must be more than zero."),
        ("5", "2062-11-20", "The effective date cannot be after 2026-11-20."),
        ("5", "2026-09-30", "The effective date cannot be before 2026-10-01."),
    ],
)
def test_a_refused_allocation_comes_back_as_typed_with_the_reason_at_the_field(
    world: World, amount: str, day: str, sentence: str
) -> None:
    before = count_allocations(world)
    url = world.url(f"/receivables/{world.item_numbered('LATE').id}/allocations")
    form = {"other_id": str(world.item_numbered("R2").id), "amount": amount, "effective_on": day, "key": "k" * 32}
    page = world.client().post(url, data=form)
    assert page.status_code == 422
    assert sentence in page.text
    assert f'value="{amount}"' in page.text
    assert ("e-effective_on" if day else "e-amount") in page.text
    assert f'value="{day}"' in page.text
    assert count_allocations(world) == before
    # The key of the refused form was not used up.
    assert world.client().post(url, data=form | {"amount": "25", "effective_on": ""}).status_code == 303


def test_who_comes_second_to_a_credit_keeps_the_form_and_reads_that_nothing_is_left(world: World) -> None:
    client = world.client()
    invoice, receipt = world.item_numbered("LATE").id, world.item_numbered("R2").id
    world.allocate(invoice, receipt, minor=2500)
    form = {"other_id": str(receipt), "amount": "12.34", "key": "k" * 32}
    page = client.post(world.url(f"/receivables/{invoice}/allocations"), data=form)
    assert page.status_code == 422
    assert "At most 0.00: no more is open on R2" in page.text
    assert 'value="12.34"' in page.text


@pytest.mark.usefixtures("on_today")
def test_refused_dates_of_take_back_and_reversal_come_back_on_the_documents_page(world: World) -> None:
    client = world.client()
    invoice, receipt = world.item_numbered("LATE").id, world.item_numbered("R2").id
    reversal = {"reason": "typed twice", "effective_on": "2062-12-31"}
    page = client.post(world.url(f"/receivables/{invoice}/reversal"), data=reversal)
    assert page.status_code == 422
    assert 'value="typed twice"' in page.text
    assert "The effective date cannot be after 2026-11-20." in page.text
    allocation = world.allocate(invoice, receipt, minor=2500)
    back = world.url(f"/receivables/{invoice}/allocations/{allocation}/reversal")
    for day, sentence in (("2062-11-20", "cannot be after 2026-11-20"), ("2026-09-30", "cannot be before 2026-10-01")):
        page = client.post(back, data={"effective_on": day})
        assert page.status_code == 422
        assert sentence in page.text
        assert "Undo" in page.text
    assert client.post(back).status_code == 303
    again = client.post(back)
    assert again.status_code == 422
    assert "This has already been undone." in again.text
    assert client.post(world.url(f"/receivables/{invoice}/reversal"), data={"reason": "x"}).status_code == 303


@pytest.mark.usefixtures("on_today")
def test_an_allocation_is_not_taken_back_under_the_address_of_another_document(world: World) -> None:
    client = world.client()
    invoice, receipt, other = (world.item_numbered(number).id for number in ("LATE", "R2", "SOON"))
    allocation = world.allocate(invoice, receipt, minor=2500)
    assert client.post(world.url(f"/receivables/{other}/allocations/{allocation}/reversal")).status_code == 404
    assert listed_numbers(world, state="credits") == []
    assert client.post(world.url(f"/receivables/{receipt}/allocations/{allocation}/reversal")).status_code == 303
    assert listed_numbers(world, state="credits") == ["R2"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-99"])
def test_a_day_that_is_none_is_said_so_and_the_list_is_of_today(world: World, day: str) -> None:
    page = world.client().get(world.url(f"/receivables/?on={day}&due_from={day}&stage=legal"))
    assert page.status_code == 200
    assert f"“{day}” is not a date; shown as of today." in page.text
    assert f"“{day}” is not a date; left out." in page.text


def test_the_currency_is_chosen_among_those_of_the_list(world: World) -> None:
    world.invoice(world.customer("0003"), number="DOLLAR", on=date(2026, 9, 1), minor=100, currency="USD")
    client = world.client()
    for args in ("", "?currency=usd"):
        text = client.get(world.url(f"/receivables/{args}")).text
        assert '<option value="CNY">CNY</option>' in text
        assert "All currencies" in text
    assert '<option value="USD" selected>USD</option>' in text
    assert "DOLLAR" in text
    assert "LATE" not in text
    assert listed_numbers(world, currency="USD") == ["DOLLAR"]


@pytest.mark.usefixtures("on_today")
def test_a_document_opened_from_a_list_of_a_past_day_says_that_it_is_of_today(world: World) -> None:
    client = world.client()
    listed = client.get(world.url("/receivables/?on=2026-10-15")).text
    link = next(part.split('"')[0] for part in listed.split('data-href="')[1:])
    assert link.endswith("?list_on=2026-10-15")
    assert "the list was as of 2026-10-15" in client.get(link).text
    now = client.get(world.url("/receivables/")).text
    assert "list_on" not in now
    assert "the list was" not in client.get(link.split("?")[0]).text
