"""The weekly debt list: everybody their own customers, finance the whole, once a week on its first working day."""

from __future__ import annotations

import io
from datetime import date, time
from uuid import UUID

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from app.dispatcher import Clock
from ar.customers.models import Customer
from ar.ledger.rules.stages import Stage
from ar.reports.aging.queries import aging_report
from ar.reports.debt_list.jobs import DEBT_LIST, send_debt_lists, week_of
from ar.reports.debt_list.mails import PURPOSE
from ar.reports.debt_list.queries import debt_list
from kernel import storage
from kernel.actor import Actor
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from tests.support.approvals import person
from tests.support.world import World

MONDAY = date(2026, 11, 16)
HOLIDAY = date(2026, 10, 5)  # a Monday in the week of the national holiday
BACK_AT_WORK = date(2026, 10, 8)


@pytest.fixture
def seller(world: World) -> Actor:
    """A salesperson with the customer Alpha; Beta is somebody else's."""
    alpha, beta = world.customer("0001", "Alpha"), world.customer("0002", "Beta")
    world.invoice(alpha, number="A1", on=date(2026, 7, 1), minor=1_000_00, due_on=date(2026, 8, 1))
    world.invoice(alpha, number="A2", on=date(2026, 11, 10), minor=50_00)
    world.receipt(alpha, number="A3", on=date(2026, 11, 11), minor=20_00)
    world.invoice(beta, number="B1", on=date(2026, 11, 1), minor=7_00, currency="USD")
    world.receipt(beta, number="B2", on=date(2026, 11, 1), minor=9_00)
    actor = person(world, "salesperson", today=MONDAY)
    _make_owner(world, alpha, actor)
    return actor


def _make_owner(world: World, customer: UUID, actor: Actor) -> None:
    c = Customer
    with world.transaction() as db:
        db.execute(sa.update(c).where(c.tenant_id == world.tenant_id, c.id == customer).values(owner_id=actor.user_id))


def queue_debt_lists(world: World, on: date, week: str = "") -> list[MailMessage]:
    """The mails of the week as queued by a run on a day."""
    with world.transaction() as db:
        send_debt_lists(db, world.actor(on), {"period": week or week_of(on)})
        found = sa.select(MailMessage).where(MailMessage.tenant_id == world.tenant_id, MailMessage.purpose == PURPOSE)
        return list(db.execute(found.order_by(MailMessage.to_address)).scalars())


@pytest.mark.usefixtures("seller")
def test_a_row_says_what_is_owed_how_late_and_ties_to_the_aging(world: World) -> None:
    with world.reading() as db:
        rows = debt_list(db, world.tenant_id, MONDAY)
        aged = {(r.customer_no, r.currency): r for r in aging_report(db, world.tenant_id, MONDAY).rows}
    assert [(r.customer_no, r.currency, r.balance_minor, r.overdue_minor, r.doubtful_minor, r.days) for r in rows] == [
        ("0001", "CNY", 1_030_00, 1_000_00, 1_000_00, 107),
        ("0002", "USD", 7_00, 0, 0, 0),
    ]
    assert [r.stage for r in rows] == [Stage.PROFESSIONAL, Stage.CONTRACT]
    for row in rows:
        same = aged[row.customer_no, row.currency]
        assert (row.balance_minor, row.overdue_minor) == (same.balance_minor, same.overdue_minor)


def test_salespeople_get_their_own_finance_and_the_sales_manager_everybody(world: World, seller: Actor) -> None:
    idle = person(world, "salesperson", today=MONDAY)
    manager, accountant = (person(world, role, today=MONDAY) for role in ("sales_manager", "accountant"))
    driver = person(world, "driver", today=MONDAY)
    mails = {mail.to_name: mail for mail in queue_debt_lists(world, MONDAY)}
    assert seller.name in mails
    assert {idle.name, driver.name}.isdisjoint(mails)
    assert "Alpha 0001" in mails[seller.name].body_text
    assert "Beta" not in mails[seller.name].body_text
    for reader in (manager, accountant):
        assert "Alpha 0001" in mails[reader.name].body_text
        assert "Beta 0002" in mails[reader.name].body_text
    (attached,) = mails[accountant.name].attachments
    with world.reading() as db:
        book = load_workbook(io.BytesIO(storage.load(db, world.tenant_id, attached["sha256"]).content))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert cells[1][:3] == ["0001", "Alpha", "CNY"]
    assert cells[2][:3] == ["0002", "Beta", "USD"]


@pytest.mark.usefixtures("seller")
def test_once_per_week_however_often_it_is_asked_for(world: World) -> None:
    first = queue_debt_lists(world, MONDAY)
    assert first
    assert len(queue_debt_lists(world, MONDAY)) == len(first)
    assert len(queue_debt_lists(world, date(2026, 11, 17))) == len(first)
    assert len(queue_debt_lists(world, date(2026, 11, 23))) == 2 * len(first)


@pytest.mark.usefixtures("seller")
def test_on_a_holiday_it_waits_for_the_weeks_first_working_day(world: World) -> None:
    week = week_of(HOLIDAY)
    assert queue_debt_lists(world, HOLIDAY) == []
    with world.reading() as db:
        due = db.execute(
            sa.select(OutboxMessage.due_at, OutboxMessage.payload).where(
                OutboxMessage.tenant_id == world.tenant_id, OutboxMessage.kind == DEBT_LIST
            )
        ).all()
    assert [(row.due_at, row.payload) for row in due] == [(moment_on(BACK_AT_WORK, world.timezone), {"period": week})]
    assert queue_debt_lists(world, BACK_AT_WORK, week)
    # A weekend has no working day left in its week: the next Monday has a list of its own.
    assert len(queue_debt_lists(world, date(2026, 11, 21))) == len(queue_debt_lists(world, BACK_AT_WORK, week))


def test_nobody_owes_anything_and_nobody_is_written_to(world: World) -> None:
    person(world, "accountant", today=MONDAY)
    assert queue_debt_lists(world, MONDAY) == []


def test_the_clock_asks_once_a_week(world: World) -> None:
    for day in (MONDAY, date(2026, 11, 17), date(2026, 11, 22)):
        with fixed_clock(moment_on(day, world.timezone, time(23))):
            Clock().tick(utc_now())
    with world.reading() as db:
        keys = db.execute(
            sa.select(OutboxMessage.key).where(
                OutboxMessage.tenant_id == world.tenant_id, OutboxMessage.kind == DEBT_LIST
            )
        ).scalars()
        assert list(keys) == [f"{DEBT_LIST}:2026-W47"]
