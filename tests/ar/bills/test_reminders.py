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
from tests.ar.bills.desk import MATURES, Desk


def run(desk: Desk, on: date) -> list[MailMessage]:
    """The day's reminders; the mails that they brought."""
    m, company = MailMessage, desk.company
    mine = sa.select(m).where(m.tenant_id == company.tenant_id, m.purpose == PURPOSE).order_by(m.id)
    with company.transaction() as db:
        before = set(db.execute(mine).scalars().all())
        known = {mail.id for mail in before}
        remind(db, company.actor(on), {"period": on.isoformat()})
        return [mail for mail in db.execute(mine).scalars() if mail.id not in known]


@pytest.fixture
def people(desk: Desk) -> None:
    """An accountant who reads English, a finance person, a salesperson."""
    for role in ("accountant", "finance", "salesperson"):
        desk.company.client(role)


@pytest.mark.usefixtures("people")
def test_presenting_is_spoken_of_at_maturity_and_in_the_last_days_once_each(desk: Desk, bill: UUID) -> None:
    assert run(desk, date(2026, 9, 29)) == []
    first = run(desk, MATURES)
    assert {mail.to_address.partition("@")[0].partition("-")[0] for mail in first} == {"owner", "accountant", "finance"}
    assert "1 bill needs you" in {mail.subject for mail in first}
    assert all("B1" in mail.body_text and "2026-10-10" in mail.body_text for mail in first)
    assert run(desk, MATURES) == []
    assert run(desk, date(2026, 10, 7)) == []
    last = run(desk, date(2026, 10, 8))
    assert len(last) == 3
    assert all("last days" in mail.body_text or "即将截止" in mail.body_text for mail in last)
    assert run(desk, date(2026, 10, 9)) == []


@pytest.mark.usefixtures("people")
def test_a_bill_first_seen_in_its_last_days_is_one_line(desk: Desk, bill: UUID) -> None:
    mails = run(desk, date(2026, 10, 9))
    assert mails[0].body_text.count("B1") == 1
    assert run(desk, date(2026, 10, 20)) == []


@pytest.mark.usefixtures("people")
def test_the_notice_of_a_refusal_is_due_in_three_days_until_it_is_given(desk: Desk, bill: UUID) -> None:
    other = desk.receive("B2", amount="10.00")
    for each in (bill, other):
        desk.step(each, "presentation", MATURES)
        desk.step(each, "dishonour", date(2026, 10, 2))
    desk.step(other, "notice", date(2026, 10, 2))
    mails = run(desk, date(2026, 10, 3))
    assert "notice of dishonour to the prior party by 2026-10-05" in mails[0].body_text
    assert "B2" not in mails[0].body_text
    assert run(desk, date(2026, 10, 4)) == []


def test_the_clock_puts_the_reminders_once_a_day(desk: Desk) -> None:
    with fixed_clock(moment_on(MATURES, "Asia/Shanghai", time(23))):
        Clock().tick(utc_now())
        Clock().tick(utc_now())
    o = OutboxMessage
    with desk.company.reading() as db:
        put = db.execute(
            sa.select(sa.func.count()).where(o.tenant_id == desk.company.tenant_id, o.kind == "bills.remind")
        ).scalar_one()
    assert put == 1
