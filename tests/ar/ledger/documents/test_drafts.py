"""Drafts: kept as typed, counted nowhere, booked once, and never typed over unseen (cases 11 and 24)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.cases.commands import run_day
from ar.cases.models import Action
from ar.ledger.books.queries import open_items, posted_balances
from ar.ledger.documents.drafts import load_draft, post_draft
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.documents.models import DocumentDraft
from ar.ledger.models import OpenItem
from ar.reports.aging.queries import aging_report
from ar.statements.inputs import parse_period
from ar.statements.queries import statements_to_issue
from kernel.clock import fixed_clock, moment_on
from kernel.errors import Conflict
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World

FORM = {
    "customer": "0001",
    "amount": "113.00",
    "document_on": "2026-08-01",
    "tax_rate": "13",
    "key": "k" * 32,
    "action": "draft",
}


@pytest.fixture(autouse=True)
def on_today() -> Iterator[None]:
    """The pages live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


@pytest.fixture
def customer(world: World) -> UUID:
    return world.customer("0001", "深圳鑫晟电子")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def saved_draft_url(client: FlaskClient, world: World, **values: str) -> str:
    """Saves a draft; returns its address."""
    answer = client.post(world.url("/receivables/documents/new/invoice"), data=FORM | values)
    assert answer.status_code == 303
    return answer.headers["Location"]


def input_values(text: str) -> dict[str, str]:
    """Returns the values in the inputs of the page."""
    found = re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', text)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return dict(found) | dict(hidden)


def draft_rows(world: World) -> list[Any]:
    with world.reading() as db:
        d = DocumentDraft
        return list(db.execute(sa.select(d.state, d.item_id).where(d.tenant_id == world.tenant_id)))


def count_items(world: World) -> int:
    with world.reading() as db:
        return int(db.execute(sa.select(sa.func.count()).where(OpenItem.tenant_id == world.tenant_id)).scalar_one())


@pytest.mark.usefixtures("customer")
def test_a_draft_counts_nowhere(world: World, client: FlaskClient) -> None:
    """Testcase 24: not in balance, aging, statement, unapplied credits nor dunning, though its date is long past."""
    saved_draft_url(client, world)
    note = FORM | {"key": "n" * 32}
    assert client.post(world.url("/receivables/documents/new/credit_note"), data=note).status_code == 303
    with world.transaction() as db:
        run_day(db, world.actor(TODAY))
    with world.reading() as db:
        tenant_id = world.tenant_id
        assert open_items(db, tenant_id, as_of=TODAY) == []
        assert posted_balances(db, tenant_id, TODAY) == {}
        assert aging_report(db, tenant_id, TODAY).rows == ()
        assert statements_to_issue(db, tenant_id, parse_period("2026-08", TODAY)) == []
        assert db.execute(sa.select(Action.id).where(Action.tenant_id == tenant_id)).all() == []


@pytest.mark.usefixtures("customer")
def test_a_draft_is_listed_edited_and_booked_once(world: World, client: FlaskClient) -> None:
    address = saved_draft_url(client, world)
    assert saved_draft_url(client, world) == address  # the same form twice
    listed = client.get(world.url("/receivables/documents/drafts")).text
    assert "深圳鑫晟电子" in listed
    assert "113.00 CNY" not in listed  # no currency was typed
    form = input_values(client.get(address).text) | {"action": "draft", "amount": "226.00"}
    assert client.post(address, data=form).status_code == 303
    page = client.get(address).text
    assert 'value="226.00"' in page
    form = input_values(page) | {"action": "post", "next": ""}
    first = client.post(address, data=form)
    again = client.post(address, data=form)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert count_items(world) == 1
    assert [row.state for row in draft_rows(world)] == ["posted"]
    assert client.get(address).headers["Location"] == first.headers["Location"]
    assert "No drafts" in client.get(world.url("/receivables/documents/drafts")).text


def test_anything_can_be_a_draft_and_is_refused_only_when_booked(world: World, client: FlaskClient) -> None:
    address = saved_draft_url(client, world, customer="谁", amount="about 5", document_on="soon", currency="")
    page = client.get(address)
    assert 'value="about 5"' in page.text
    refused = client.post(address, data=input_values(page.text) | {"action": "post"})
    assert refused.status_code == 422
    for kept in ("about 5", "soon", "谁"):
        assert f'value="{kept}"' in refused.text
    assert [row.state for row in draft_rows(world)] == ["draft"]


@pytest.mark.usefixtures("customer")
def test_who_saves_second_is_told_and_keeps_what_was_typed(world: World, client: FlaskClient) -> None:
    address = saved_draft_url(client, world)
    other = world.client()
    mine, theirs = input_values(client.get(address).text), input_values(other.get(address).text)
    assert other.post(address, data=theirs | {"action": "draft", "amount": "500.00"}).status_code == 303
    page = client.post(address, data=mine | {"action": "post", "amount": "700.00", "memo": "mine"})
    assert page.status_code == 422
    assert "has changed this draft since you opened it" in page.text
    assert 'value="700.00"' in page.text
    assert 'value="mine"' in page.text
    assert "500.00" in page.text  # the other's, beside it
    assert count_items(world) == 0
    knowingly = input_values(page.text) | {"action": "draft"}
    assert client.post(address, data=knowingly).status_code == 303
    assert 'value="700.00"' in client.get(address).text


@pytest.mark.usefixtures("customer")
def test_six_who_book_one_draft_at_once_book_it_once(world: World, client: FlaskClient) -> None:
    draft_id = UUID(saved_draft_url(client, world).rsplit("/", 1)[1])
    with world.reading() as db:
        version = load_draft(db, world.tenant_id, draft_id).version

    def book(number: int) -> str:
        sent = SubmittedDocument.model_validate(FORM | {"key": f"{number:032d}", "action": "post", "version": version})
        try:
            with world.transaction() as db:
                post_draft(db, world.actor(TODAY), draft_id, sent)
        except Conflict as refused:
            return refused.code
        return "booked"

    with ThreadPoolExecutor(6) as pool:
        results = sorted(each.result() for each in [pool.submit(book, n) for n in range(6)])
    assert results == ["booked"] + ["draft_closed"] * 5
    assert count_items(world) == 1


@pytest.mark.usefixtures("customer")
def test_a_discarded_draft_is_gone_and_stays_as_a_row(world: World, client: FlaskClient) -> None:
    address = saved_draft_url(client, world)
    form = input_values(client.get(address).text)
    for _ in range(2):
        assert client.post(address + "/discarding").status_code == 303
    assert client.get(address).status_code == 404
    assert [row.state for row in draft_rows(world)] == ["discarded"]
    late = client.post(address, data=form | {"action": "post", "memo": "late"})
    assert late.status_code == 422
    assert "has since been posted or discarded" in late.text
    assert 'value="late"' in late.text
    assert "/receivables/documents/new/invoice" in late.text  # what was typed can become a new document
    assert count_items(world) == 0


@pytest.mark.usefixtures("customer")
def test_a_booked_draft_cannot_be_discarded(world: World, client: FlaskClient) -> None:
    address = saved_draft_url(client, world)
    assert client.post(address, data=input_values(client.get(address).text) | {"action": "post"}).status_code == 303
    assert client.post(address + "/discarding").status_code == 409


@pytest.mark.usefixtures("customer")
def test_drafts_are_of_those_who_book_and_of_their_company(
    world: World, other_company: TestCompany, client: FlaskClient
) -> None:
    address = saved_draft_url(client, world)
    seller = world.client("salesperson")
    for path in (address, world.url("/receivables/documents/drafts")):
        assert seller.get(path).status_code == 403
    foreign = address.replace(f"/c/{world.slug}/", f"/c/{other_company.slug}/")
    stranger = other_company.client()
    assert stranger.get(foreign).status_code == 404
    assert stranger.post(foreign, data=FORM).status_code == 404
    assert stranger.post(foreign + "/discarding").status_code == 404
    assert [row.state for row in draft_rows(world)] == ["draft"]
