"""One customer: what is open, where it stands, why things happened, all of it at a constant cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from ar.customers.commands import upsert_customers
from ar.customers.events import FIELD_NAMES
from ar.customers.inputs import CustomerRow
from ar.customers.queries import find_numbers
from ar.customers.register.commands import _FIELDS
from ar.ledger.rules.stages import Stage
from ar.reports.customer.queries import ITEMS_MAX, customer_page
from ar.reports.customer.timeline import customer_timeline
from kernel.i18n import use_language
from kernel.journal import JournalEvent, record
from kernel.mail import OutgoingMail, queue_mail
from tests.ar.reports.scene import TODAY, clock_at, make_debtors, page_text
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World, world_of

AT_MOST = 23  # seven of them for exposure, limits and stops of shipments, two for orders and notes


def test_open_items_sums_and_the_worst_stage(world: World) -> None:
    make_debtors(world, copies=2)
    with world.reading() as db:
        page = customer_page(db, world.tenant_id, world.customer_id("00001"), TODAY)
    assert [item.document_no for item in page.items] == ["INV-00001-1", "INV-00001-2", "INV-00001-3", "RC-00001"]
    assert [item.days_overdue for item in page.items] == [29, 13, -21, 0]
    (cny,) = page.sums
    assert (cny.balance_minor, cny.unapplied_minor) == (366_900_00, 20_000_00)
    assert page.latest_stage is Stage.OVERDUE
    assert page.held_documents["INV-00001-2"].reason == "two boxes short"
    assert page.open_count == 4
    assert [contact.email for contact in page.facts.contacts] == ["ar@00001.example"]
    (statement,) = page.facts.statements
    assert (statement.closing_minor, statement.status(TODAY)) == (355_400_00, "sent")


def test_sums_are_of_all_items_even_where_only_the_first_are_listed(world: World) -> None:
    customer = world.debtor()
    for number in range(ITEMS_MAX + 5):
        world.invoice(number=f"I-{number:03d}", due_on=TODAY - timedelta(days=number), minor=100)
    world.invoice(number="USD-1", due_on=TODAY, minor=700, currency="USD")
    with world.reading() as db:
        page = customer_page(db, world.tenant_id, customer, TODAY)
    assert len(page.items) == ITEMS_MAX
    assert page.open_count == ITEMS_MAX + 6
    assert {row.currency: row.balance_minor for row in page.sums} == {"CNY": 100 * (ITEMS_MAX + 5), "USD": 700}


def test_the_timeline_explains_what_was_done_and_what_was_not(world: World) -> None:
    make_debtors(world)
    with world.reading() as db, use_language("en"):
        found = customer_timeline(db, world.tenant_id, world.customer_id("00001"), world.timezone)
    titles = {entry.title: entry for entry in found.entries}
    assert titles["Due notice"].text.startswith("Proposed")
    assert "the end of the collection period (2026-10-20)" in titles["Due notice"].why
    assert titles["Step withheld"].why == "Disputed: two boxes short. Only the disputed items are held back."
    assert titles["Receipt RC-00001"].why == "CN¥20,000.00 of it is not applied."
    assert titles["Hold placed"].text == "Dispute: two boxes short · 林晓"
    assert "Statement issued" in titles
    assert found.total == len(found.entries)
    assert [entry.at for entry in found.entries] == sorted((entry.at for entry in found.entries), reverse=True)


def test_the_timeline_tells_mails_to_the_debtor_and_nobody_elses(world: World) -> None:
    make_debtors(world)
    customer = world.customer_id("00001")
    with world.transaction() as db:
        for purpose in ("statement", "statement_copy", "statement_code", "statement_answered", "invitation"):
            outgoing = OutgoingMail(f"{purpose}@00001.example", "", f"subject of {purpose}", "text")
            queue_mail(db, world.actor(TODAY), outgoing, purpose=purpose, customer_id=customer)
        record(db, world.actor(TODAY), "statement_code_entered", customer_id=customer, data={"code_id": "1"})
    with world.reading() as db, use_language("en"):
        found = customer_timeline(db, world.tenant_id, customer, world.timezone).entries
    mails = [(entry.title, entry.text) for entry in found if entry.source == "mail"]
    assert {title for title, _text in mails} == {"Statement by e-mail", "Copy of the answer by e-mail"}
    told = "subject of statement_copy · statement_copy@00001.example · Waiting to be sent"
    assert ("Copy of the answer by e-mail", told) in mails
    assert "Code entered by the signer" in {entry.title for entry in found}
    assert not [entry.title for entry in found if "_" in entry.title]


def test_every_field_of_a_customer_has_a_name(world: World) -> None:
    before = CustomerRow(number="7", name="A", contact_name="Old", contact_email="ar@a.example")
    after = replace(
        before,
        name="B",
        entity_type="individual",
        tax_id="91440300MA5EXAMPLE",
        owner_email=f"owner@{world.slug}.example",
        language="en",
        term_days=45,
        settlement_days=9,
        policy_code="twelve-step",
        contact_name="New",
    )
    with world.transaction() as db:
        upsert_customers(db, world.actor(TODAY), [before])
        upsert_customers(db, world.actor(TODAY), [after])
        customer = find_numbers(db, world.tenant_id, ["7"])["7"].id
        j = JournalEvent
        (data,) = db.execute(
            sa.select(j.data).where(j.tenant_id == world.tenant_id, j.kind == "customer_changed")
        ).scalars()
    assert set(data["changes"]) == {*_FIELDS, "contact"} == set(FIELD_NAMES)
    with world.reading() as db, use_language("en"):
        texts = [e.text for e in customer_timeline(db, world.tenant_id, customer, world.timezone).entries]
    (told,) = [text for text in texts if "tax number" in text]
    assert set(FIELD_NAMES.values()) <= set(told.split(" · ")[0].split("; "))


def test_what_is_not_applied_is_not_called_received(world: World) -> None:
    """A credit note lowers what is owed, and nobody has paid anything."""
    customer = world.debtor()
    world.invoice(number="I-1", due_on=TODAY, minor=1_000_00)
    world.on(TODAY).credit_note(customer, number="CN-1", on=TODAY, minor=120_00)
    with clock_at(TODAY):
        html = page_text(world.client(), world, f"/customers/{customer}")
    assert "120.00 is not yet applied." in html
    assert "received" not in html.split("120.00 is not yet applied.")[0].rsplit("<p>", 1)[1]


def test_the_timeline_pages_without_losing_or_repeating(world: World) -> None:
    make_debtors(world)
    seen = []
    with world.reading() as db:
        whole = customer_timeline(db, world.tenant_id, world.customer_id("00001"), world.timezone, limit=100)
        for offset in range(0, whole.total, 2):
            part = customer_timeline(
                db, world.tenant_id, world.customer_id("00001"), world.timezone, offset=offset, limit=2
            )
            assert part.total == whole.total
            seen += part.entries
    assert seen == list(whole.entries)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_page_shows_everything_and_offers_what_the_role_may_do(world: World, language: str) -> None:
    make_debtors(world)
    url = f"/customers/{world.customer_id('00001')}"
    with clock_at(TODAY):
        html = page_text(world.client("accountant", language), world, url)
        other = page_text(world.client("order_follow_up", language), world, url)
    for text in ("INV-00001-1", "312,400.00", "366,900.00", "ar@00001.example", "two boxes short", "RC-00001"):
        assert text in html
    assert world.url("/cases/blocks") in html
    assert world.url("/statements/new?customer=00001") in html
    assert world.url("/cases/blocks") not in other
    assert "two boxes short" in other


def test_an_unknown_customer_and_a_foreign_one_are_not_there(world: World, other_company: TestCompany) -> None:
    theirs = world_of(other_company).debtor()
    client = world.client()
    page_text(client, world, f"/customers/{uuid4()}", status=404)
    page_text(client, world, f"/customers/{theirs}", status=404)


@pytest.mark.parametrize("copies", [1, 30])
def test_the_page_costs_the_same_for_every_size(world: World, engine: sa.Engine, copies: int) -> None:
    make_debtors(world)
    for number in range(copies):
        world.invoice(number=f"MORE-{number}", due_on=TODAY - timedelta(days=number), minor=100)
    client, customer = world.client(), world.customer_id("00001")
    with clock_at(TODAY):
        page_text(client, world, f"/customers/{customer}")
        with counted(engine) as seen:
            page_text(client, world, f"/customers/{customer}")
    assert len(seen) <= AT_MOST, "\n\n".join(seen)
