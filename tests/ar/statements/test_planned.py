"""A month in batches: numbers promised when it is planned, nothing locked while it prints, moments after the locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.books.posting import NewItem, post_items
from ar.ledger.books.reversal import reverse_item
from ar.ledger.commands import freeze_customers
from ar.ledger.models import OpenItem
from ar.statements import monthly_run
from ar.statements.checks import statement_checks
from ar.statements.commands import IssuedStatement, issue_statement
from ar.statements.inputs import parse_period
from ar.statements.jobs import issue_batch
from ar.statements.models import PlannedStatement, Statement
from ar.statements.monthly_run import issue_month
from kernel.clock import utc_now
from kernel.counters import lock_counter, take_numbers
from kernel.db import TenantSession
from kernel.errors import HuikuanError
from kernel.outbox import OutboxMessage
from tests.ar.ledger.closing.audit.test_checks import ITEM, tamper
from tests.ar.statements.debtors import xinsheng
from tests.support.statements import counted
from tests.support.world import World
from tests.support.world.statements import statement_input

APRIL_2 = date(2026, 4, 2)
MARCH_10 = date(2026, 3, 10)
T = TypeVar("T")


@pytest.fixture
def customers(world: World) -> list[UUID]:
    """Four customers with an invoice of March each."""
    made = [xinsheng(world, f"{n:04d}", contact_email=f"c{n}@debtor.example") for n in range(1, 5)]
    for n, customer in enumerate(made, start=1):
        world.invoice(customer, number=f"INV-{n}", on=MARCH_10, minor=n * 100_00)
    return made


def plan(world: World) -> int:
    with world.transaction() as db:
        actor = world.actor(APRIL_2)
        return issue_month(db, actor, parse_period("2026-03", actor.today))


def jobs(world: World) -> list[dict[str, Any]]:
    m = OutboxMessage
    with world.reading() as db:
        return list(
            db.execute(
                sa.select(m.payload).where(m.tenant_id == world.tenant_id, m.kind == "statements.issue").order_by(m.id)
            ).scalars()
        )


def run(world: World, payload: dict[str, Any]) -> None:
    with world.transaction() as db:
        issue_batch(db, world.actor(APRIL_2), payload)


def outcomes(world: World) -> dict[int, str | None]:
    p = PlannedStatement
    with world.reading() as db:
        rows = db.execute(sa.select(p.number, p.outcome).where(p.tenant_id == world.tenant_id))
        return {row.number: row.outcome for row in rows}


def standing(world: World) -> dict[str, int]:
    """Returns the closing balance of each statement by the number's last digit."""
    s = Statement
    with world.reading() as db:
        rows = db.execute(sa.select(s.number, s.closing_minor).where(s.tenant_id == world.tenant_id).order_by(s.number))
        return {number[-1]: closing for number, closing in rows}


def faults(world: World) -> list[str]:
    with world.reading() as db:
        return [f"{check.name}: {check.detail}" for check in statement_checks(db, world.tenant_id) if not check.ok]


@contextmanager
def meanwhile(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Runs `work` in a thread beside the block, and waits for it at the end."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(copy_context().run, work)
        yield future
        future.result(timeout=60)


def wait_until_a_lock_is_waited_for(world: World, future: Future[Any]) -> None:
    """Returns when a session of the company waits for a row that another holds."""
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not future.done():
        with world.reading() as db:
            if db.execute(query).scalar_one():
                return


def post_late(world: World, db: TenantSession, customer: UUID, at: datetime | None = None) -> None:
    """Books an invoice of March over 55.00 in a transaction under way, as recorded `at`."""
    actor = replace(world.actor(APRIL_2), now=at or utc_now())
    due_on = date(2026, 4, 9)
    post_items(db, actor, [NewItem(customer, "invoice", "INV-LATE", MARCH_10, due_on, due_on, "CNY", 55_00)])


def test_the_numbers_of_a_run_are_promised_when_it_is_planned(world: World, customers: list[UUID]) -> None:
    assert plan(world) == 4
    assert jobs(world) == [{"numbers": [1, 2, 3, 4], "by": jobs(world)[0]["by"]}]
    assert outcomes(world) == {1: None, 2: None, 3: None, 4: None}
    assert faults(world) == []
    run(world, jobs(world)[0])
    assert set(outcomes(world).values()) == {"issued"}
    assert standing(world) == {"1": 100_00, "2": 200_00, "3": 300_00, "4": 400_00}
    assert len(world.mails("statement")) == 4
    assert faults(world) == []


def test_a_month_planned_twice_or_drawn_up_twice_is_stated_once(world: World, customers: list[UUID]) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(copy_context().run, plan, world) for _ in range(2)]
        assert sorted(one.result(timeout=60) for one in both) == [0, 4]
    (payload,) = jobs(world)
    with ThreadPoolExecutor(2) as pool:
        again = [pool.submit(copy_context().run, run, world, payload) for _ in range(2)]
        assert [one.result(timeout=60) for one in again] == [None, None]
    assert len(standing(world)) == len(world.mails("statement")) == 4
    assert faults(world) == []


def test_no_job_of_a_run_waits_for_the_numbers(world: World, customers: list[UUID]) -> None:
    """Given somebody who holds the counter, when a batch is drawn up, then it is done before the counter is free."""
    plan(world)
    with world.transaction() as db:
        lock_counter(db, world.actor(), "anything")
        taken = take_numbers(db, world.tenant_id, "statement")[0]
        with meanwhile(lambda: run(world, jobs(world)[0])) as done:
            done.result(timeout=60)
        db.rollback()
    assert taken == 5
    assert len(standing(world)) == 4


def test_one_customer_is_stated_by_hand_while_the_run_of_others_goes_on(world: World, customers: list[UUID]) -> None:
    """The run leaves that customer alone, and its number says why it stays unused."""
    plan(world)
    by_hand = world.statement(customers[1])
    assert by_hand.number.endswith("-000005")
    run(world, jobs(world)[0])
    assert outcomes(world) == {1: "issued", 2: "stated_meanwhile", 3: "issued", 4: "issued"}
    assert standing(world) == {"1": 100_00, "3": 300_00, "4": 400_00, "5": 200_00}
    assert faults(world) == []


def test_a_customer_with_nothing_left_to_state_leaves_a_number_that_says_so(
    world: World, customers: list[UUID]
) -> None:
    plan(world)
    with world.transaction() as db:
        i = OpenItem
        item = db.execute(sa.select(i.id).where(i.tenant_id == world.tenant_id, i.document_no == "INV-3")).scalar_one()
        reverse_item(db, world.actor(MARCH_10), item)
    run(world, jobs(world)[0])
    assert outcomes(world) == {1: "issued", 2: "issued", 3: "nothing_to_state", 4: "issued"}
    assert faults(world) == []


def test_what_is_posted_while_it_prints_is_on_the_statement(world: World, customers: list[UUID]) -> None:
    """Given an invoice under way, when a batch meets it, then it waits for the lock and states the invoice as well."""
    plan(world)
    with world.transaction() as db:
        freeze_customers(db, world.actor(), [customers[0]])
        with meanwhile(lambda: run(world, jobs(world)[0])) as done:
            wait_until_a_lock_is_waited_for(world, done)
            post_late(world, db, customers[0])
            db.commit()
    assert standing(world) == {"1": 155_00, "2": 200_00, "3": 300_00, "4": 400_00}
    assert faults(world) == []


def test_the_moment_of_a_statement_is_taken_after_the_customers_lock(world: World, customers: list[UUID]) -> None:
    """Given a posting that holds the customer, when a statement asked for before waits, then its moment comes after.

    So what the statement shows was recorded before it, and the statement agrees with the books as known at its moment.
    """

    def ask() -> IssuedStatement:
        with world.transaction() as db:
            return issue_statement(db, replace(world.actor(APRIL_2), now=utc_now()), statement_input(customers[0]))

    with world.transaction() as db:
        freeze_customers(db, world.actor(), [customers[0]])
        with meanwhile(ask) as done:
            wait_until_a_lock_is_waited_for(world, done)
            committed = utc_now()
            post_late(world, db, customers[0], committed)
            db.commit()
            issued = done.result(timeout=60)
    s = Statement
    with world.reading() as db:
        at, closing = db.execute(
            sa.select(s.issued_at, s.closing_minor).where(s.tenant_id == world.tenant_id, s.id == issued.statement_id)
        ).one()
    assert committed < at
    assert closing == 155_00


def test_one_that_cannot_be_drawn_up_delays_no_other(world: World, customers: list[UUID]) -> None:
    """Given books of one customer that do not tie, then the others are stated, and it fails in a job of its own."""
    plan(world)
    tamper(world.tenant_id, ITEM.format("open_minor = open_minor - 1", "INV-2"))
    run(world, jobs(world)[0])
    assert outcomes(world) == {1: "issued", 2: None, 3: "issued", 4: "issued"}
    first, own = jobs(world)
    assert own == {"numbers": [2], "by": first["by"]}
    with pytest.raises(HuikuanError) as refused:
        run(world, own)
    assert refused.value.code == "statement_does_not_tie"
    tamper(world.tenant_id, ITEM.format("open_minor = open_minor + 1", "INV-2"))
    run(world, own)
    assert set(outcomes(world).values()) == {"issued"}
    assert faults(world) == []


def test_a_batch_costs_as_many_statements_for_four_customers_as_for_one(
    world: World, customers: list[UUID], engine: sa.Engine
) -> None:
    with world.transaction() as db:
        actor = world.actor(APRIL_2)
        assert issue_month(db, actor, parse_period("2026-03", actor.today), customers[0]) == 1
    plan(world)
    one, three = jobs(world)
    costs = []
    for payload in (one, three):
        with counted(engine) as seen:
            run(world, payload)
        costs.append(len(seen))
    assert costs[0] == costs[1] < 30


def test_a_number_that_nobody_explains_is_named(world: World, customers: list[UUID]) -> None:
    with world.transaction() as db:
        take_numbers(db, world.tenant_id, "statement", 2)
    world.statement(customers[0])
    with world.transaction() as db:
        take_numbers(db, world.tenant_id, "statement")
    assert faults(world) == ["statements: no number is missing without a reason: 1 to 2, 4"]


def test_the_batches_of_a_run_share_its_numbers_in_order(
    world: World, customers: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monthly_run, "BATCH", 3)
    plan(world)
    assert [payload["numbers"] for payload in jobs(world)] == [[1, 2, 3], [4]]
