"""Disposition notes: added by those who work tasks, never changed, shown where the documents are gone through."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.receivables.inputs import AddNote
from ar.ledger.receivables.notes import add_note, latest_notes, notes_of
from kernel.clock import fixed_clock, moment_on
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.journal import JournalEvent
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World

SOON = TODAY + timedelta(days=3)


def due_soon(world: World) -> UUID:
    """An invoice that falls due in three days."""
    return world.invoice(world.customer(), number="SOON-1", on=date(2026, 11, 1), minor=1000, due_on=SOON)


def write_note(world: World, item: UUID, text: str, key: str = "", day: date = TODAY) -> UUID:
    with world.transaction() as db:
        return add_note(db, world.actor(day, name="周敏"), item, AddNote(note=text, key=key or str(new_id())))


def test_notes_stand_newest_first_and_the_newest_is_the_lists(world: World) -> None:
    item = due_soon(world)
    write_note(world, item, "called, will pay on Friday", day=TODAY - timedelta(days=1))
    write_note(world, item, "paper lost, sent again")
    with world.reading() as db:
        texts = [each.note for each in notes_of(db, world.tenant_id, item)]
        newest = latest_notes(db, world.tenant_id, [item])[item]
        known = latest_notes(
            db, world.tenant_id, [item], known_at=moment_on(TODAY, world.timezone) - timedelta(hours=12)
        )[item]
        events = db.execute(
            sa.select(JournalEvent.data).where(
                JournalEvent.tenant_id == world.tenant_id, JournalEvent.kind == "item_noted"
            )
        ).scalars()
        said = [event["note"] for event in events]
    assert texts == ["paper lost, sent again", "called, will pay on Friday"]
    assert (newest.note, newest.noted_by) == ("paper lost, sent again", "周敏")
    assert known.note == "called, will pay on Friday"
    assert sorted(said) == sorted(texts)


def test_the_same_form_twice_is_one_note(world: World) -> None:
    item = due_soon(world)
    first = write_note(world, item, "x", "k" * 16)
    assert write_note(world, item, "x", "k" * 16) == first
    with world.reading() as db:
        assert len(notes_of(db, world.tenant_id, item)) == 1


def test_a_note_cannot_be_changed_even_by_the_owner_of_the_tables(world: World, engine: sa.Engine) -> None:
    write_note(world, due_soon(world), "as it was")
    with pytest.raises(sa.exc.DBAPIError), world.transaction() as db:
        db.execute(sa.text("UPDATE item_note SET note = 'x' WHERE tenant_id = :tenant"), {"tenant": world.tenant_id})


def test_another_companys_document_has_no_notes(world: World, other_company: TestCompany) -> None:
    item = due_soon(world)
    with pytest.raises(NotFound):
        write_note(other_company, item, "not ours")
    client = other_company.client()
    answer = client.post(other_company.url(f"/receivables/{item}/notes"), data={"note": "x", "key": "k" * 16})
    assert answer.status_code == 404


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_salesperson_notes_what_falls_due_and_reads_it_in_the_list(world: World, language: str) -> None:
    item = due_soon(world)
    client = world.client("salesperson", language)
    world.give_to(client, world.open_item(item).customer_id)
    with fixed_clock(moment_on(TODAY, world.timezone)):
        page = client.get(world.url(f"/receivables/{item}")).get_data(as_text=True)
        assert f"/receivables/{item}/notes" in page
        answer = client.post(
            world.url(f"/receivables/{item}/notes"), data={"note": "已电话确认 <周五> 付款", "key": "k" * 16}
        )
        assert answer.status_code == 303
        shown = client.get(world.url(f"/receivables/{item}")).get_data(as_text=True)
        listed = client.get(world.url("/receivables/?stage=warning")).get_data(as_text=True)
        plain = client.get(world.url("/receivables/")).get_data(as_text=True)
    for text in (shown, listed):
        assert "已电话确认 &lt;周五&gt; 付款" in text
    assert "已电话确认" not in plain


def test_bad_input_keeps_what_was_typed_and_strangers_are_refused(world: World) -> None:
    item = due_soon(world)
    url = world.url(f"/receivables/{item}/notes")
    too_long = world.client("collector").post(url, data={"note": "长" * 501, "key": "k" * 16})
    assert too_long.status_code == 422
    assert "长" * 501 in too_long.get_data(as_text=True)
    assert world.client("collector").post(url, data={"note": "  ", "key": "k" * 16}).status_code == 422
    reader = world.client("gm_office")
    assert reader.post(url, data={"note": "x", "key": "k" * 16}).status_code == 403
    assert "/notes" not in reader.get(world.url(f"/receivables/{item}")).get_data(as_text=True)
    with world.reading() as db:
        assert notes_of(db, world.tenant_id, item) == []
