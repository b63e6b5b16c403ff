"""Portal links: a queued mail gives its link back, and a statement enclosed in another mail is answered by its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from ar.customers.lookups import find_contact
from ar.portal.queries import open_link
from ar.statements import queries
from ar.statements.links import enclose_statement, find_link
from kernel.clock import fixed_clock, moment_on, utc_now
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World

APRIL_2 = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        yield


def test_the_link_of_a_queued_mail_is_found_in_its_text(world: World) -> None:
    customer = xinsheng(world)
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    issued = world.statement(customer)
    (mail,) = world.mails("statement")
    assert issued.portal_url
    assert find_link(mail.body_text) == issued.portal_url


def test_a_text_without_a_portal_link_has_none() -> None:
    assert find_link("Dear Sir or Madam,\nplease see https://elsewhere.example/p/abc\n") == ""


def test_an_enclosed_statement_names_its_first_recipient_and_opens_by_its_link(world: World) -> None:
    """Given a statement that was not mailed, when a letter encloses it twice, then both links open it."""
    customer = xinsheng(world)
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    issued = world.statement(customer, send=False)
    addresses = ("first@debtor.example", "second@debtor.example")
    links = []
    for address in addresses:
        with world.transaction() as db:
            contact = find_contact(db, world.tenant_id, customer, "statements")
            assert contact is not None
            enclosed = enclose_statement(
                db,
                world.actor(),
                issued.statement_id,
                customer_id=customer,
                contact_id=contact.id,
                address=address,
            )
        assert enclosed.number == issued.number
        links.append(enclosed.portal_url)
    with world.reading() as db:
        assert queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2).sent_to == addresses[0]
        for link in links:
            opened = open_link(db, link.rpartition("/")[2], utc_now())
            assert opened is not None
            assert opened.statement.id == issued.statement_id
