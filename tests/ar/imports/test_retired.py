"""A customer that left the lists with its import is posted to by nobody, matched to nothing, and kept while in use."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.cases.holds.commands import place_hold
from ar.cases.holds.inputs import PlaceHold
from ar.customers.models import Customer
from ar.imports import commands
from ar.ledger.commands import NewItem, post_items
from ar.ledger.documents.commands import DocumentRefused, post_document
from ar.ledger.documents.drafts import discard_draft, save_draft
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.models import OpenItem
from ar.receipts.matching.by_hand import match_line
from ar.receipts.matching.commands import best_proposal
from ar.receipts.matching.inputs import MatchBankLine
from kernel.errors import NotFound, RuleBroken
from tests.ar.imports.files import ITEM_HEADERS, TODAY, csv_file
from tests.ar.imports.test_undoing import ITEMS, documents, run, shown, undo
from tests.support.world import World
from tests.support.world.base import fresh_key

NAMED = csv_file(ITEM_HEADERS, "001,深圳华芯电子,INV-8801,invoice,2026-10-01,2026-10-31,CNY,1000.00")
THREE = csv_file(ITEM_HEADERS, *(f"00{n},C{n},INV-{n},invoice,2026-10-01,2026-10-31,CNY,1000.00" for n in (1, 2, 3)))
RENUMBERED = NAMED.replace(b"001,", b"0001,", 1)


def typed(customer: str) -> SubmittedDocument:
    return SubmittedDocument(
        customer=customer,
        number="NEW-1",
        document_on=TODAY.isoformat(),
        currency="CNY",
        amount="500.00",
        key=fresh_key(),
    )


def invoice(world: World, number: str) -> NewItem:
    """An invoice for customer 001."""
    return NewItem(
        customer_id=world.customer_id("001"),
        kind="invoice",
        document_no=number,
        document_on=TODAY,
        due_on=TODAY,
        collection_end_on=TODAY,
        currency="CNY",
        amount_minor=100_00,
    )


def retired_id(world: World, number: str) -> UUID:
    c = Customer
    with world.reading() as db:
        found = sa.select(c.id).where(c.tenant_id == world.tenant_id, c.number == number, c.retired_at.is_not(None))
        return db.execute(found).scalar_one()


@pytest.mark.parametrize("text", ["001", "深圳华芯", "华芯"], ids=["number", "name", "part of the name"])
def test_a_document_for_a_retired_customer_is_refused_in_the_field(world: World, text: str) -> None:
    undo(world, run(world, "open-items", ITEMS)[0])
    before = world.count_rows(OpenItem)
    with pytest.raises(DocumentRefused) as refused, world.transaction() as db:
        post_document(db, world.actor(TODAY), "invoice", typed(text))
    assert refused.value.texts() == {"customer": f"No customer has the number or name “{text}”."}
    assert world.count_rows(OpenItem) == before


def test_a_document_by_name_goes_to_the_namesake_that_is_on_the_lists(world: World) -> None:
    undo(world, run(world, "open-items", NAMED)[0])
    world.customer("0001", "深圳华芯电子")
    with world.transaction() as db:
        item_id = post_document(db, world.actor(TODAY), "invoice", typed("深圳华芯电子"))
    assert world.open_item(item_id).customer_id == world.customer_id("0001")


def test_a_page_opened_before_the_undo_matches_no_bank_line_to_a_retired_customer(world: World) -> None:
    w = world.on(TODAY)
    undo(w, run(w, "open-items", NAMED)[0])
    line = w.bank_line(on=date(2026, 11, 1), amount="1000.00", payer="某公司", text="货款")
    data = MatchBankLine.model_validate({"customer_id": retired_id(w, "001"), "how": "order", "key": fresh_key()})
    before = w.count_rows(OpenItem)
    with pytest.raises(RuleBroken, match="customer_retired") as refused, w.transaction() as db:
        match_line(db, w.actor(), line, data)
    assert (refused.value.params, w.count_rows(OpenItem)) == ({"number": "001"}, before)
    assert w.find_bank_line(line).state == "open"


def test_who_posts_while_the_import_is_undone_waits_and_is_refused(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    new = invoice(world, "LATE-1")
    assert job_id is not None
    with world.transaction() as undoing:
        commands.undo_now(undoing, world.actor(TODAY), job_id)
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"), world.transaction() as db:
            db.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            post_items(db, world.actor(TODAY), [new])
    with pytest.raises(RuleBroken, match="customer_retired"), world.transaction() as db:
        post_items(db, world.actor(TODAY), [new])


def test_an_undo_waits_for_who_posts_and_keeps_the_customer(world: World) -> None:
    job_id, _report = run(world, "open-items", ITEMS)
    new = invoice(world, "FIRST-1")
    assert job_id is not None
    with world.transaction() as posting:
        post_items(posting, world.actor(TODAY), [new])
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"), world.transaction() as db:
            db.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            commands.undo_now(db, world.actor(TODAY), job_id)
    undo(world, job_id)
    assert shown(world) == ["001"]


def test_a_customer_entered_again_is_posted_to(world: World) -> None:
    undo(world, run(world, "open-items", ITEMS)[0])
    run(world, "customers", csv_file("customer_no,name", "001,深圳华芯"))
    with world.transaction() as db:
        item_id = post_document(db, world.actor(TODAY), "invoice", typed("001"))
    assert world.open_item(item_id).customer_id == world.customer_id("001")


def test_the_money_of_a_namesake_is_not_proposed_to_a_retired_customer(world: World) -> None:
    w = world.on(TODAY)
    undo(w, run(w, "open-items", NAMED)[0])
    line = w.bank_line(on=date(2026, 11, 1), amount="1000.00", payer="深圳华芯电子", text="货款")
    alone = w.find_bank_line(line)
    assert alone.proposal is not None
    assert (alone.proposal_state, alone.proposal["proposals"]) == ("hand", [])
    run(w, "open-items", RENUMBERED)
    beside = w.find_bank_line(w.bank_line(on=date(2026, 11, 2), amount="1000.00", payer="深圳华芯电子", text="货款"))
    assert beside.proposal_state == "sure"
    assert best_proposal(beside.proposal).customer_id == w.customer_id("0001")


def test_a_customer_with_interest_terms_or_a_draft_stays_on_the_lists(world: World) -> None:
    w = world.on(TODAY)
    job_id, _report = run(w, "open-items", THREE)
    w.interest_terms(w.customer_id("001"), kind="contract", annual_percent="24")
    with w.transaction() as db:
        save_draft(db, w.actor(), "invoice", typed("002"))
        discard_draft(db, w.actor(), save_draft(db, w.actor(), "invoice", typed("003")))
    undo(w, job_id)
    assert shown(w) == ["001", "002"]  # the draft for 003 was discarded
    assert documents(w, "INV-1") == [(0, 100000, 0)]


def test_no_terms_are_agreed_and_no_hold_is_placed_for_a_retired_customer(world: World) -> None:
    w = world.on(TODAY)
    undo(w, run(w, "open-items", ITEMS)[0])
    retired = retired_id(w, "001")
    with pytest.raises(NotFound, match="customer_not_found"):
        w.interest_terms(retired, kind="contract", annual_percent="24")
    hold = PlaceHold.model_validate({"customer_id": retired, "reason": "quality"})
    with pytest.raises(NotFound, match="customer_not_found"), w.transaction() as db:
        place_hold(db, w.actor(), hold)
