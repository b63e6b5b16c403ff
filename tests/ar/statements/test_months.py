"""A month for everybody: asked first, done once, signed by the person who confirmed, and the round on the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.posting import NewItem, post_items
from ar.statements.jobs import issue_last_month, issue_one
from ar.statements.models import Statement
from kernel.clock import fixed_clock, moment_on
from kernel.journal import JournalEvent
from kernel.outbox import OutboxMessage
from tenants.models import Company
from tenants.queries import system_actor_for
from tests.ar.statements.books import add_customer, post
from tests.support.companies import TestCompany

APRIL_2 = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        yield


@pytest.fixture
def books(company: TestCompany) -> TestCompany:
    """Two customers with three statements to issue, one of them without anybody to mail."""
    first = add_customer(company, "0001")
    mute = add_customer(company, "0002", email=None)
    with company.transaction() as db:
        post(db, company, first, ("invoice", "INV-1", date(2026, 3, 10), 140_950))
        # April's business counts for April.
        post(db, company, mute, ("invoice", "INV-2", date(2026, 3, 11), 60_000), ("receipt", "R", APRIL_2, 500))
        post_items(db, company.actor(APRIL_2), [_dollars(first)])
    return company


def _dollars(customer: UUID) -> NewItem:
    day = date(2026, 3, 12)
    return NewItem(
        customer_id=customer,
        kind="invoice",
        document_no="INV-USD",
        document_on=day,
        due_on=day,
        collection_end_on=day,
        currency="USD",
        amount_minor=7_700,
    )


def _jobs(company: TestCompany) -> list[dict[str, Any]]:
    m = OutboxMessage
    with company.reading() as db:
        return list(
            db.execute(
                sa.select(m.payload)
                .where(m.tenant_id == company.tenant_id, m.kind == "statements.issue")
                .order_by(m.id)
            ).scalars()
        )


def _events(company: TestCompany, kind: str) -> list[Any]:
    e = JournalEvent
    with company.reading() as db:
        return list(
            db.execute(
                sa.select(e.actor_kind, e.actor_name, e.user_id, e.data)
                .where(e.tenant_id == company.tenant_id, e.kind == kind)
                .order_by(e.id)
            )
        )


def _key(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def test_everybody_is_asked_about_before_anybody_is_mailed(books: TestCompany) -> None:
    """Given a month, when it is asked for, then the page says what would go out, and nothing does."""
    client = books.client()
    answer = client.post(books.url("/statements/month"), data={"month": "2026-03"})
    page = " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())
    assert answer.status_code == 200
    for expected in (
        "Statements of 2026-03 for everybody",
        "Statements 3",
        "Customers 2",
        "Without a contact 1",
        "CNY 2 CN¥2,009.50",
        "USD 1 $77.00",
        "Issue and send 3 statements",
    ):
        assert expected in page, expected
    client.post(books.url("/statements/month"), data={"month": "2026-03", "confirmed": "1"})
    assert _jobs(books) == [], "a confirmation without the page's key is none"


def test_a_confirmation_puts_the_jobs_once(books: TestCompany) -> None:
    client = books.client()
    asked = client.post(books.url("/statements/month"), data={"month": "2026-03"}).get_data(as_text=True)
    sure = {"month": "2026-03", "confirmed": "1", "key": _key(asked)}
    for expected in ("3 statements are being drawn up.", "nothing was sent twice"):
        answer = client.post(books.url("/statements/month"), data=sure)
        assert answer.status_code == 303
        assert expected in client.get(answer.headers["Location"]).get_data(as_text=True)
        assert len(_jobs(books)) == 3
    other = client.post(books.url("/statements/month"), data={**sure, "month": "2026-02"})
    assert other.status_code == 422
    assert "This form was sent before with other values." in other.text
    assert 'value="2026-02"' in other.text


@pytest.mark.parametrize("month", ["2027-03", "2026-3", ""])
def test_a_month_that_is_none_is_said_at_its_own_field(books: TestCompany, month: str) -> None:
    answer = books.client().post(books.url("/statements/month"), data={"month": month})
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count('href="#f-month"') == 1


def test_a_month_that_was_stated_has_nothing_to_confirm(books: TestCompany) -> None:
    with fixed_clock(moment_on(date(2026, 2, 2), "Asia/Shanghai")):
        answer = books.client().post(books.url("/statements/month"), data={"month": "2026-01"})
    assert "Nothing to issue" in answer.get_data(as_text=True)
    assert 'name="confirmed"' not in answer.get_data(as_text=True)


def test_the_evidence_names_the_person_who_confirmed(books: TestCompany) -> None:
    """Given a month confirmed by a person, when the worker draws it up, then that person issued it."""
    client = books.client()
    asked = client.post(books.url("/statements/month"), data={"month": "2026-03"}).get_data(as_text=True)
    client.post(books.url("/statements/month"), data={"month": "2026-03", "confirmed": "1", "key": _key(asked)})
    for payload in _jobs(books):
        with books.transaction() as db:
            issue_one(db, system_actor_for(db, books.tenant_id), payload)
    s = Statement
    with books.reading() as db:
        names = set(db.execute(sa.select(s.issued_by).where(s.tenant_id == books.tenant_id)).scalars())
    assert names == {"Test accountant"}
    events = _events(books, "statement_issued")
    assert len(events) == 3
    assert {(event.actor_kind, event.actor_name) for event in events} == {("person", "Test accountant")}
    assert all(event.user_id for event in events)


def _last_month(company: TestCompany, *, review_mode: bool) -> None:
    with company.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == company.tenant_id).values(review_mode=review_mode))
        issue_last_month(db, system_actor_for(db, company.tenant_id), {"period": "2026-04"})


def test_in_review_mode_the_month_waits_for_a_person(books: TestCompany) -> None:
    _last_month(books, review_mode=True)
    assert _jobs(books) == []
    (event,) = _events(books, "statements_wait")
    assert (event.actor_kind, event.data) == ("system", {"period": "2026-03", "statements": 3})


def test_without_review_mode_the_round_states_the_month_before(books: TestCompany) -> None:
    _last_month(books, review_mode=False)
    jobs = _jobs(books)
    assert [(job["currency"], job["period"]) for job in jobs] in (
        [("CNY", "2026-03"), ("USD", "2026-03"), ("CNY", "2026-03")],
        [("CNY", "2026-03"), ("CNY", "2026-03"), ("USD", "2026-03")],
    )
    assert all("by" not in job for job in jobs), "the machine speaks for itself"
    assert _events(books, "statements_wait") == []


def test_with_nothing_to_state_the_journal_is_not_troubled(company: TestCompany) -> None:
    _last_month(company, review_mode=True)
    assert _events(company, "statements_wait") == []
