"""The pages of the ledger: what a person sees, filters, sorts and does, and what stays closed to strangers."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from ar.ledger.models import OpenItem
from ar.ledger.pages import ReceivablesFilters, receivables_page, stage_due_range
from ar.ledger.stages import Stage, stage_of
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany
from tests.support.statements import counted
from web import filters
from web.paging import read_page


def numbers(company: TestCompany, **args: str) -> list[str]:
    wanted = filters.read(ReceivablesFilters, args)
    with company.reading() as db:
        page = receivables_page(db, company.tenant_id, wanted, read_page(args), TODAY)
    return [item.document_no for item in page.items]


@pytest.fixture
def books(company: TestCompany) -> Books:
    """Four documents of two customers: overdue, not due, cleared, an open receipt."""
    made = Books(company)
    one, two = made.customer("0001", "Alpha 100%"), made.customer("0002", "Beta")
    made.post(one, "invoice", "LATE", date(2026, 9, 1), 10000)
    made.post(two, "invoice", "SOON", date(2026, 11, 10), 500)
    paid = made.post(two, "invoice", "PAID", date(2026, 8, 1), 700)
    made.allocate(paid, made.post(two, "receipt", "R1", date(2026, 8, 9), 700), 700)
    made.post(one, "receipt", "R2", date(2026, 10, 1), 2500)
    return made


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
def test_the_list_shows_what_the_address_asks_for(
    books: Books, company: TestCompany, args: dict[str, str], expected: list[str]
) -> None:
    assert numbers(company, **args) == expected


def test_totals_are_of_all_that_match_not_of_the_page(company: TestCompany, engine: sa.Engine) -> None:
    books = Books(company)
    customer = books.customer()
    for n in range(30):
        books.post(customer, "invoice", f"I{n:02d}", date(2026, 11, 1), 100)
    books.post(customer, "receipt", "R", date(2026, 11, 1), 50, currency="USD")
    args = MultiDict({"size": "25", "page": "2"})
    with company.reading() as db, counted(engine) as seen:
        page = receivables_page(db, company.tenant_id, ReceivablesFilters(), read_page(args), TODAY)
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


def item_id(company: TestCompany, number: str) -> UUID:
    with company.reading() as db:
        return db.execute(
            sa.select(OpenItem.id).where(OpenItem.tenant_id == company.tenant_id, OpenItem.document_no == number)
        ).scalar_one()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_open_in_both_languages(books: Books, company: TestCompany, language: str) -> None:
    client = company.client(language=language)
    for path in (
        "/receivables/",
        "/receivables/?state=all",
        "/receivables/?q=nothing",
        "/aging/",
        "/aging/?by=invoice",
    ):
        assert client.get(company.url(path)).status_code == 200, path
    for number in ("LATE", "PAID", "R2"):
        page = client.get(company.url(f"/receivables/{item_id(company, number)}"))
        assert page.status_code == 200
        assert number in page.text


def test_the_aging_page_ties_and_leads_to_the_items(books: Books, company: TestCompany) -> None:
    client = company.client()
    text = client.get(company.url("/aging/?as_of=2026-11-20")).text
    assert "Equal to the ledger" in text
    assert "80.00 CNY" in text
    assert client.get(company.url("/aging/?on=2026-11-20")).text.count("2026-11-20") == text.count("2026-11-20")
    assert "customer=0001&amp;currency=CNY&amp;on=2026-11-20" in text
    drilled = client.get(company.url("/receivables/?customer=0001&currency=CNY&on=2026-11-20")).text
    assert "LATE" in drilled
    assert "SOON" not in drilled


def test_the_exports_are_files_of_the_same_filter(books: Books, company: TestCompany) -> None:
    client = company.client()
    text = client.get(company.url("/aging/export.csv?on=2026-11-20")).data.decode("utf-8-sig")
    assert "0001,Alpha 100%,CNY,0.00,0.00,100.00,0.00,0.00,25.00,75.00" in text
    book = client.get(company.url("/aging/export.xlsx"))
    assert book.data[:2] == b"PK"
    assert company.client("salesperson").get(company.url("/aging/export.csv")).status_code == 403


def test_a_person_allocates_takes_back_and_reverses(books: Books, company: TestCompany) -> None:
    client = company.client()
    invoice, receipt = item_id(company, "LATE"), item_id(company, "R2")
    form = {"other_id": str(receipt), "amount": "25.00", "key": "k" * 32}
    for _ in range(2):
        assert client.post(company.url(f"/receivables/{invoice}/allocations"), data=form).status_code == 303
    assert numbers(company, state="credits") == []
    page = client.get(company.url(f"/receivables/{invoice}")).text
    assert "75.00" in page
    actions = [part.split('"')[0] for part in page.split('action="')[1:]]
    take_back = next(action for action in actions if "/allocations/" in action)
    assert client.post(take_back).status_code == 303
    gone = client.post(company.url(f"/receivables/{receipt}/reversal"), data={"reason": "typed twice"})
    assert gone.status_code == 303
    assert numbers(company, state="credits") == []
    again = client.post(company.url(f"/receivables/{receipt}/reversal"), data={"reason": "typed twice"})
    assert again.status_code == 409


def test_a_form_with_gaps_is_shown_again_and_changes_nothing(books: Books, company: TestCompany) -> None:
    client = company.client()
    invoice = item_id(company, "LATE")
    assert client.post(company.url(f"/receivables/{invoice}/reversal"), data={}).status_code == 422
    wrong = {"other_id": "x", "amount": "", "key": "k" * 32}
    assert client.post(company.url(f"/receivables/{invoice}/allocations"), data=wrong).status_code == 422
    assert "LATE" in numbers(company)


def test_who_may_only_read_changes_nothing(books: Books, company: TestCompany) -> None:
    client = company.client("salesperson")
    invoice = item_id(company, "LATE")
    page = client.get(company.url(f"/receivables/{invoice}"))
    assert page.status_code == 200
    assert "/reversal" not in page.text
    refused = client.post(company.url(f"/receivables/{invoice}/reversal"), data={"reason": "x"})
    assert refused.status_code == 403


def test_ids_of_another_company_are_not_found(books: Books, company: TestCompany, other_company: TestCompany) -> None:
    theirs = Books(other_company)
    foreign = theirs.post(theirs.customer(), "invoice", "F", date(2026, 9, 1), 100)
    client = company.client()
    form = {"other_id": str(foreign), "amount": "1.00", "key": "k" * 32}
    ours = item_id(company, "R2")
    assert client.get(company.url(f"/receivables/{foreign}")).status_code == 404
    assert client.post(company.url(f"/receivables/{foreign}/reversal"), data={"reason": "x"}).status_code == 404
    assert client.post(company.url(f"/receivables/{ours}/allocations"), data=form).status_code == 404
    assert numbers(other_company) == ["F"]
