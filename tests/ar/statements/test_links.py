"""Portal links: a queued mail gives its link back, and a statement enclosed in another mail is answered by its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from tests.ar.statements.books import add_customer, mails, march
from tests.ar.statements.books import post as book

from ar.portal.queries import open_link
from ar.statements import queries
from ar.statements.commands import find_recipient, issue
from ar.statements.links import enclose_statement, find_link
from kernel.clock import fixed_clock, moment_on, utc_now
from tests.support.companies import TestCompany

APRIL_2 = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        yield


def test_the_link_of_a_queued_mail_is_found_in_its_text(company: TestCompany) -> None:
    customer = add_customer(company, "0001")
    with company.transaction() as db:
        book(db, company, customer, ("invoice", "INV-1", date(2026, 3, 10), 100_000))
        issued = issue(db, company.actor(APRIL_2), march(customer))
    (mail,) = mails(company, "statement")
    assert issued.portal_url
    assert find_link(mail.body_text) == issued.portal_url


def test_a_text_without_a_portal_link_has_none() -> None:
    assert find_link("Dear Sir or Madam,\nplease see https://elsewhere.example/p/abc\n") == ""


def test_an_enclosed_statement_names_its_first_recipient_and_opens_by_its_link(company: TestCompany) -> None:
    """Given a statement that was not mailed, when a letter encloses it twice, then both links open it."""
    customer = add_customer(company, "0001")
    with company.transaction() as db:
        book(db, company, customer, ("invoice", "INV-1", date(2026, 3, 10), 100_000))
        issued = issue(db, company.actor(APRIL_2), march(customer, send=False))
    addresses = ("first@debtor.example", "second@debtor.example")
    links = []
    for address in addresses:
        with company.transaction() as db:
            contact = find_recipient(db, company.tenant_id, customer)
            assert contact is not None
            enclosed = enclose_statement(
                db,
                company.actor(APRIL_2),
                issued.statement_id,
                customer_id=customer,
                contact_id=contact.id,
                address=address,
            )
        assert enclosed.number == issued.number
        links.append(enclosed.portal_url)
    with company.reading() as db:
        assert queries.statement_view(db, company.tenant_id, issued.statement_id, APRIL_2).sent_to == addresses[0]
        for link in links:
            opened = open_link(db, link.rpartition("/")[2], utc_now())
            assert opened is not None
            assert opened.statement.id == issued.statement_id
