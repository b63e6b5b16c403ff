"""Who decides on an order over its limit, and who changes or cancels it at that moment: one after the other, told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.limits.models import CreditLimit
from ar.credit.models import OverLimitRequest
from ar.imports import commands
from ar.imports.inputs import ImportFile
from ar.sales.orders.facts import order_facts
from kernel.actor import Actor
from kernel.errors import Conflict, HuikuanError
from kernel.sheets.mapping import ColumnMapping
from tenants.approvals.models import Approval
from tests.support.approvals import decide_as, open_step, person
from tests.support.world import World

TEN = ("阀门", "10", "100.00")
UNTIL = date(2026, 12, 31)
ROUNDS = 4


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Does each on a connection of its own from the same moment; what the product does not answer is raised."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        ready.wait(timeout=10)
        try:
            return work()
        except HuikuanError as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture(name="deciders")
def people_who_decide(world: World) -> list[Actor]:
    return [person(world, role) for role in ("sales_manager", "finance_director", "general_manager")]


def waits_for_the_last(world: World, deciders: list[Actor], customer: UUID) -> tuple[UUID, UUID]:
    """An order of 1,000.00 over a limit of 500.00 for which only the general manager has to decide; its approval."""
    order = world.order(customer, TEN)
    assert not world.confirm(order).passes
    with world.reading() as db:
        facts = order_facts(db, world.tenant_id, order)
    approval = world.request_over_limit(customer, facts, UNTIL)
    for each in deciders[:-1]:
        decide_as(world, each, approval)
    return order, approval


def request_state(world: World, order: UUID) -> str:
    asked = OverLimitRequest
    with world.reading() as db:
        return db.execute(
            sa.select(asked.state).where(asked.tenant_id == world.tenant_id, asked.order_id == order)
        ).scalar_one()


def test_an_order_cancelled_while_the_last_one_decides_takes_its_approval_along(
    world: World, deciders: list[Actor]
) -> None:
    customer = world.buyer(500_00)
    for _round in range(ROUNDS):
        order, approval = waits_for_the_last(world, deciders, customer)
        decided, cancelled = at_once(
            lambda approval=approval: decide_as(world, deciders[-1], approval),
            lambda order=order: world.cancel_order(order),
        )
        assert cancelled is None
        assert decided == "approved" or isinstance(decided, Conflict)
        assert (request_state(world, order), world.order_state(order)) == ("withdrawn", "cancelled")
        assert not world.reopen(order).passes, "what was approved went with the order"
        world.cancel_order(order)


def test_an_order_raised_while_the_last_one_decides_is_not_let_go_by_it(world: World, deciders: list[Actor]) -> None:
    customer = world.buyer(500_00)
    for _round in range(ROUNDS):
        order, approval = waits_for_the_last(world, deciders, customer)
        decided, raised = at_once(
            lambda approval=approval: decide_as(world, deciders[-1], approval),
            lambda order=order: world.change_order(order, ("阀门", "10", "100.01")),
        )
        assert (decided, raised.passes) == ("approved", False)
        assert world.answer(order) == ["limit"]
        world.cancel_order(order)


def test_of_two_who_decide_the_same_step_at_once_one_counts_and_the_other_is_told(world: World) -> None:
    customer = world.buyer(950_00)
    one, other = person(world, "sales_manager"), person(world, "sales_manager")
    for _round in range(ROUNDS):
        order, approval = waits_for_the_last(world, [one], customer)
        answers = at_once(
            lambda approval=approval: decide_as(world, one, approval),
            lambda approval=approval: decide_as(world, other, approval, approve=False),
        )
        (outcome,) = [each for each in answers if isinstance(each, str)]
        (told,) = [each for each in answers if not isinstance(each, str)]
        assert isinstance(told, Conflict)
        assert told.code == "approval_closed"
        assert request_state(world, order) == outcome
        world.cancel_order(order)


def test_limits_of_an_import_undone_while_they_are_refused_end_once(world: World) -> None:
    manager, customers = person(world, "general_manager"), [f"C{number}" for number in range(1, 9)]
    for number in customers:
        world.debtor(number)
    header = "customer_no,currency,limit,term_days,valid_from,valid_to,grade,reason"
    content = "\n".join([header, *(f"{number},CNY,1000,30,2026-01-01,,B,old system" for number in customers)])
    for _round in range(ROUNDS):
        with world.transaction() as db:
            file = ImportFile("limits", "limits.csv", content.encode(), ColumnMapping())
            job, report = commands.import_now(db, world.actor(), file)
        assert (report.errors, report.created) == ([], len(customers))
        approval = _open_approval(world)

        def undo(job: UUID | None = job) -> int:
            assert job is not None
            with world.transaction() as db:
                return commands.undo_now(db, world.actor(), job)

        at_once(lambda approval=approval: decide_as(world, manager, approval, approve=False), undo)
        assert open_step(world, approval)[0] in ("rejected", "withdrawn")
        limit = CreditLimit
        counting = sa.or_(limit.valid_to.is_(None), limit.valid_to >= world.today)
        with world.reading() as db:
            left = sa.select(sa.func.count()).where(limit.tenant_id == world.tenant_id, counting)
            assert db.execute(left).scalar_one() == 0


def _open_approval(world: World) -> UUID:
    approval = Approval
    with world.reading() as db:
        return db.execute(
            sa.select(approval.id).where(approval.tenant_id == world.tenant_id, approval.state == "pending")
        ).scalar_one()
