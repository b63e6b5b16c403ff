"""The journal page: every event in words, filtered by the address, paged without gaps, with the state of the chain."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.reports.journal.queries import PAGE_ROWS, JournalFilters, JournalPage, journal_page
from ar.reports.journal.texts import event_kinds, event_name, event_text
from kernel.i18n import use_language
from kernel.journal import record, seal
from kernel.settings import APP_ROOT
from tests.ar.reports.scene import TODAY, clock_at, make_debtors, page_text
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import World, world_of
from web import filters

AT_MOST = 8


def journal_of(world: World, **args: str) -> JournalPage:
    with world.reading() as db:
        return journal_page(db, world.tenant_id, filters.read(JournalFilters, args), world.timezone)


def test_filters_narrow_and_nonsense_does_not_break(world: World) -> None:
    make_debtors(world, copies=2)
    run = journal_of(world, kind="day_run").events
    assert [event.kind for event in run] == ["day_run"]
    assert {event.customer_no for event in journal_of(world, customer="00002").events} == {"00002"}
    assert {event.at.date() for event in journal_of(world, since="2026-11-06", until="2026-11-06").events} == {
        date(2026, 11, 6)
    }
    assert journal_of(world, person="林").events
    assert not journal_of(world, person="nobody").events
    assert not journal_of(world, customer="none such").events
    everything = journal_of(world).events
    assert journal_of(world, kind="bad", at="x", since="0001-01-01", until="9999-12-31", sort="?").events == everything


def test_pages_go_on_without_losing_or_repeating_in_both_orders(world: World) -> None:
    with world.transaction() as db:
        for number in range(PAGE_ROWS + 30):
            record(db, world.actor(TODAY), "block_lifted", data={"n": number})
    for sort in ("-time", "time"):
        first = journal_of(world, sort=sort, kind="block_lifted")
        second = journal_of(world, sort=sort, kind="block_lifted", at=str(first.next_at))
        numbers = [event.data["n"] for event in (*first.events, *second.events)]
        assert numbers == sorted(range(PAGE_ROWS + 30), reverse=sort == "-time")
        assert second.next_at is None


def test_the_state_of_the_chain_is_told(world: World) -> None:
    before = journal_of(world).chain
    assert (before.batches, before.hash) == (0, None)
    assert before.unsealed > 0
    with world.transaction() as db:
        seal(db, world.tenant_id, world.actor(TODAY).now)
        record(db, world.actor(TODAY), "block_lifted")
    after = journal_of(world).chain
    assert (after.batches, after.unsealed, len(after.hash or "")) == (1, 1, 64)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_page_reads_as_sentences_and_shows_every_fact(world: World, language: str) -> None:
    make_debtors(world)
    with world.transaction() as db:
        record(db, world.actor(TODAY), "thing_from_the_future", data={"answer": 42, "nested": {"deep": [1, 2]}})
    with clock_at(TODAY):
        html = page_text(world.client("finance", language), world, "/journal")
        narrow = page_text(world.client("finance", language), world, "/journal?kind=day_run&sort=time")
    assert "thing_from_the_future" in html
    assert "nested.deep" in html
    assert f"/customers/{world.customer_id('00001')}" in html
    assert 'aria-sort="ascending"' in narrow


def test_who_may_not_read_the_journal_is_refused(world: World) -> None:
    page_text(world.client("salesperson"), world, "/journal", status=403)


@pytest.mark.usefixtures("installed")
def test_texts_are_made_from_facts_and_left_out_without_them() -> None:
    with use_language("en"):
        assert event_text("statement_issued", {"number": "ST-1", "closing_minor": 100, "currency": "CNY"}) == (
            "ST-1 for CN¥1.00"
        )
        assert event_text("statement_issued", {}) == ""
        assert event_text("block_placed", {"kind": "promise", "until_on": "2026-11-20", "reason": "will pay"}) == (
            "Promise to pay until 2026-11-20: will pay"
        )
        assert event_text("letter_bounced", {"number": "DN-1", "to": "a@b.example", "reason": None}) == (
            "DN-1 to a@b.example"
        )
        assert event_name("something_else") == "something_else"
        assert event_text("something_else", {"a": 1}) == ""
        for kind in event_kinds():
            assert event_text(kind, {}) == ""


@pytest.mark.parametrize("copies", [1, 12])
def test_the_page_costs_the_same_for_every_size(world: World, engine: sa.Engine, copies: int) -> None:
    make_debtors(world, copies)
    client = world.client("finance")
    with clock_at(TODAY):
        page_text(client, world, "/journal")
        with counted(engine) as seen:
            page_text(client, world, "/journal")
    assert len(seen) <= AT_MOST, "\n\n".join(seen)


def test_only_the_own_companys_events(world: World, other_company: TestCompany) -> None:
    make_debtors(world_of(other_company))
    tenants = {UUID(str(event.data.get("tenant", world.tenant_id))) for event in journal_of(world).events}
    assert tenants == {world.tenant_id}
    assert {event.kind for event in journal_of(world).events} <= {
        "company_created",
        "person_invited",
        "policy_published",
    }


@pytest.mark.usefixtures("installed")
def test_every_kind_that_the_product_records_has_a_name() -> None:
    recorded = set().union(*(_kinds(path) for path in (APP_ROOT / "platform").rglob("*.py")))
    assert {
        "statement_code_sent",
        "statement_disputed",
        "statement_bounced",
        "letter_in_doubt",
        "action_done",
    } <= recorded
    assert {"customer_created", "day_run", "contact_added", "import_applied"} <= recorded
    assert recorded - set(event_kinds()) == set()


def _kinds(path: Path) -> set[str]:
    """The kinds of events that a module may record: those named in the call, those a name or a parameter may hold."""
    source = path.read_text(encoding="utf-8")
    if "kernel.journal" not in source and "import journal" not in source and "bulk.journal" not in source:
        return set()
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found: set[str] = set()
    for call in calls:
        name = ast.unparse(call.func)
        if name == "bulk.journal":
            found |= _words(call.args[2])
        if name not in ("record", "journal.record") or len(call.args) < 3:
            continue
        kind = call.args[2]
        found |= _words(kind)
        for maker in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if not any(node is call for node in ast.walk(maker)):
                continue
            names = {node.id for node in ast.walk(kind) if isinstance(node, ast.Name)}
            for node in ast.walk(maker):
                if isinstance(node, ast.Assign) and {ast.unparse(target) for target in node.targets} & names:
                    found |= _words(node.value)
            places = [at for at, arg in enumerate(maker.args.args) if arg.arg in names]
            for other in calls:
                if ast.unparse(other.func) == maker.name:
                    held = set().union(*(_words(other.args[at], "") for at in places if at < len(other.args)))
                    found |= {f"action_{word}" for word in held} if isinstance(kind, ast.JoinedStr) else held
    return found


def _words(node: ast.AST, joint: str = "_") -> set[str]:
    """The words that stand as they are in an expression, with `joint` in them: what it is compared with is not one."""
    if isinstance(node, ast.Dict):
        return set().union(*(_words(value, joint) for value in node.values))
    if isinstance(node, ast.IfExp):
        return _words(node.body, joint) | _words(node.orelse, joint)
    if isinstance(node, ast.Call):
        return _words(node.func, joint)
    if isinstance(node, ast.Constant):
        word = node.value
        return {word} if isinstance(word, str) and joint in word and re.fullmatch("[a-z_]*[a-z]", word) else set()
    return set().union(*(_words(child, joint) for child in ast.iter_child_nodes(node)))
