"""Reminders: the finance people hear of a deadline once, in their own language, and nobody else does."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.dispatcher import Clock
from ar.bills.jobs import remind
from ar.bills.mails import PURPOSE
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from tests.support.world import World
from tests.support.world.bills import MATURES


def remind_on(world: World, on: date) -> list[MailMessage]:
    """Sends the day's reminders; returns the mails that are new."""
    m = MailMessage
    mine = sa.select(m).where(m.tenant_id == world.tenant_id, m.purpose == PURPOSE).order_by(m.id)
    with world.transaction() as db:
        before = set(db.execute(mine).scalars().all())
        known = {mail.id for mail in before}
        remind(db, world.actor(on), {"period": on.isoformat()})
        return [mail for mail in db.execute(mine).scalars() if mail.id not in known]


@pytest.fixture
def people_to_remind(world: World) -> None:
    """An accountant who reads English, a finance person, a salesperson."""
    for role in ("accountant", "finance", "salesperson"):
        world.client(role)


@pytest.mark.usefixtures("people_to_remind")
def test_presenting_is_spoken_of_at_maturity_and_in_the_last_days_once_each(world: World, bill: UUID) -> None:
    assert remind_on(world, date(2026, 9, 29)) == []
    first = remind_on(world, MATURES)
    assert {mail.to_address.partition("@")[0].partition("-")[0] for mail in first} == {"owner", "accountant", "finance"}
    assert "1 bill needs you" in {mail.subject for mail in first}
    assert all("B1" in mail.body_text and "2026-10-10" in mail.body_text for mail in first)
    assert remind_on(world, MATURES) == []
    assert remind_on(world, date(2026, 10, 7)) == []
    last = remind_on(world, date(2026, 10, 8))
    assert len(last) == 3
    assert all("last days" in mail.body_text or "即将截止" in mail.body_text for mail in last)
    assert remind_on(world, date(2026, 10, 9)) == []


@pytest.mark.usefixtures("people_to_remind")
def test_a_bill_first_seen_in_its_last_days_is_one_line(world: World, bill: UUID) -> None:
    mails = remind_on(world, date(2026, 10, 9))
    assert mails[0].body_text.count("B1") == 1
    assert remind_on(world, date(2026, 10, 20)) == []


@pytest.mark.usefixtures("people_to_remind")
def test_the_notice_of_a_refusal_is_due_in_three_days_until_it_is_given(world: World, bill: UUID) -> None:
    other = world.bill("B2", amount="10.00")
    for each in (bill, other):
        world.take_bill_step(each, "presentation", on=MATURES)
        world.take_bill_step(each, "dishonour", on=date(2026, 10, 2))
    world.take_bill_step(other, "notice", on=date(2026, 10, 2))
    mails = remind_on(world, date(2026, 10, 3))
    assert "notice of dishonour to the prior party by 2026-10-05" in mails[0].body_text
    assert "B2" not in mails[0].body_text
    assert remind_on(world, date(2026, 10, 4)) == []


def test_the_clock_puts_the_reminders_once_a_day(world: World) -> None:
    with fixed_clock(moment_on(MATURES, "Asia/Shanghai", time(23))):
        Clock().tick(utc_now())
        Clock().tick(utc_now())
    o = OutboxMessage
    with world.reading() as db:
        put = db.execute(
            sa.select(sa.func.count()).where(o.tenant_id == world.tenant_id, o.kind == "bills.remind")
        ).scalar_one()
    assert put == 1
