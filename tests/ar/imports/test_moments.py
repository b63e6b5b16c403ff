"""The moment of the books is read after the locks: a long import and what is issued while it runs (S1, ADR 0037)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ar.imports.inputs import ImportFile
from ar.imports.pipeline import run_import
from ar.imports.rules.rows import PROGRESS_EVERY_ROWS
from ar.ledger.books.entries import insert_entries
from ar.ledger.commands import NewItem, freeze_customers, lock_books_alone, lock_customers, post_items
from ar.ledger.models import OpenItem
from ar.statements.checks import statement_checks
from ar.statements.commands import issue_statement
from ar.statements.models import Statement
from kernel import clock
from kernel.actor import Actor, after_locks
from kernel.counters import lock_counter
from kernel.errors import NotFound
from kernel.ids import new_id
from tests.ar.imports.files import ITEM_HEADERS, csv_file
from tests.ar.statements.debtors import xinsheng
from tests.support.statements import counted
from tests.support.world import World
from tests.support.world.statements import statement_input

MARCH_10, APRIL_2 = date(2026, 3, 10), date(2026, 4, 2)
#: So long that it tells of its progress while it reads, before it takes the customers' locks.
CONTENT = csv_file(ITEM_HEADERS, *(f"0001,,IMP-{n},invoice,2026-03-20,,CNY,0.70" for n in range(PROGRESS_EVERY_ROWS)))


@pytest.fixture(autouse=True)
def _the_clock_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """These moments are the database's own, as in production; the suite's clock would stand in for it."""
    monkeypatch.setattr(clock, "_machine_now", clock._MACHINE)


def person(world: World) -> Actor:
    """Returns a person whose request begins now."""
    return replace(world.actor(APRIL_2), now=clock.utc_now())


def test_a_statement_issued_while_a_long_import_runs_stays_true_as_known_at_its_moment(world: World) -> None:
    """Given an import that began, when a statement is issued before it books, then the examination finds no fault."""
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=MARCH_10, minor=100_00)
    importer, issued = person(world), []

    def meanwhile(_rows: int) -> None:
        if not issued:
            with world.transaction() as other:
                issued.append(issue_statement(other, person(world), statement_input(customer)))

    with world.transaction() as db:
        report = run_import(db, importer, ImportFile("open-items", "a.csv", CONTENT), apply=True, progress=meanwhile)
    assert (report.created, len(issued)) == (PROGRESS_EVERY_ROWS, 1)
    i, s = OpenItem, Statement
    with world.reading() as db:
        booked_at = db.execute(
            sa.select(i.recorded_at).where(i.tenant_id == world.tenant_id, i.document_no == "IMP-1")
        ).scalar_one()
        at, closing = db.execute(sa.select(s.issued_at, s.closing_minor).where(s.tenant_id == world.tenant_id)).one()
        assert [check.name for check in statement_checks(db, world.tenant_id) if not check.ok] == []
    assert closing == 100_00
    assert importer.now < at < booked_at


def test_each_lock_gives_a_moment_of_its_own_after_the_one_before(world: World, engine: sa.Engine) -> None:
    customer, other = xinsheng(world, "0001"), xinsheng(world, "0002")
    began = replace(person(world), now=clock.utc_now() - timedelta(minutes=30))
    with world.transaction() as db:
        gate = lock_counter(db, began, "imports")
        first = lock_customers(db, gate, [customer])
        with counted(engine) as statements:
            again = lock_customers(db, first, [customer])
        second = freeze_customers(db, again, [customer, other])
        last = after_locks(db, second)
    assert began.now + timedelta(minutes=29) < gate.now < first.now == again.now < second.now < last.now
    assert len(statements) == 0, "what is held already is not locked again"


def test_a_run_over_the_books_comes_after_every_posting_under_way(world: World) -> None:
    customer = xinsheng(world, "0001")
    with world.transaction() as db:
        posted = lock_customers(db, person(world), [customer])
    with world.transaction() as db:
        assert posted.now < lock_books_alone(db, person(world)).now


def test_the_books_refuse_a_moment_from_before_the_locks(world: World) -> None:
    customer = xinsheng(world, "0001")
    began = person(world)
    with world.transaction() as db:
        with pytest.raises(RuntimeError, match="before the locks"):
            insert_entries(db, began, [new_id()], ["invoice"], [MARCH_10], [], memo="")
        lock_customers(db, began, [customer])
        with pytest.raises(RuntimeError, match="before the locks"):
            insert_entries(db, began, [new_id()], ["invoice"], [MARCH_10], [], memo="")


def test_what_a_savepoint_locked_is_locked_again_after_it(world: World) -> None:
    customer = xinsheng(world, "0001")
    with world.transaction() as db:
        actor = lock_customers(db, person(world), [])
        with db.begin_nested() as savepoint:
            inner = lock_customers(db, actor, [customer])
            savepoint.rollback()
        assert lock_customers(db, actor, [customer]).now > inner.now


def test_nobody_is_locked_or_booked_for_who_is_no_customer_of_the_company(world: World) -> None:
    item = NewItem(new_id(), "invoice", "X-1", MARCH_10, APRIL_2, APRIL_2, "CNY", 100)
    with world.transaction() as db:
        for call in (
            lambda: lock_customers(db, person(world), [item.customer_id]),
            lambda: post_items(db, person(world), [item]),
        ):
            with pytest.raises(NotFound, match="customer_not_found"):
                call()
