"""A month for everybody: asked first, done once, signed by the person who confirmed, and the round on the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from ar.statements.jobs import issue_batch, issue_last_month
from ar.statements.models import PlannedStatement, Statement
from kernel.clock import fixed_clock, moment_on
from kernel.journal import JournalEvent
from kernel.outbox import OutboxMessage
from tenants.models import Company
from tenants.queries import system_actor_for
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World, new_world

APRIL_2 = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        yield


@pytest.fixture
def world(world: World) -> World:
    """Two customers with three statements to issue, one of them without anybody to mail."""
    first = xinsheng(world, "0001")
    mute = xinsheng(world, "0002", contact_email=None)
    world.invoice(first, number="INV-1", on=date(2026, 3, 10), minor=140_950)
    world.invoice(mute, number="INV-2", on=date(2026, 3, 11), minor=60_000)
    # April's business counts for April.
    world.receipt(mute, number="R", on=APRIL_2, minor=500)
    day = date(2026, 3, 12)
    world.invoice(first, number="INV-USD", on=day, due_on=day, minor=7_700, currency="USD")
    return world


def _issue_jobs(world: World) -> list[dict[str, Any]]:
    m = OutboxMessage
    with world.reading() as db:
        return list(
            db.execute(
                sa.select(m.payload).where(m.tenant_id == world.tenant_id, m.kind == "statements.issue").order_by(m.id)
            ).scalars()
        )


def _journal_events(world: World, kind: str) -> list[Any]:
    e = JournalEvent
    with world.reading() as db:
        return list(
            db.execute(
                sa.select(e.actor_kind, e.actor_name, e.user_id, e.data)
                .where(e.tenant_id == world.tenant_id, e.kind == kind)
                .order_by(e.id)
            )
        )


def _form_key(page: str) -> str:
    found = re.findall(r'name="key" value="([^"]+)"', page)
    return str(found[-1])


def test_everybody_is_asked_about_before_anybody_is_mailed(world: World) -> None:
    """Given a month, when it is asked for, then the page says what would go out, and nothing does."""
    client = world.client()
    answer = client.post(world.url("/statements/month"), data={"month": "2026-03"})
    page = " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())
    assert answer.status_code == 200
    for expected in (
        "Statements of 2026-03 for all customers",
        "Statements 3",
        "Customers 2",
        "Without a contact 1",
        "CNY 2 CN¥2,009.50",
        "USD 1 $77.00",
        "Issue and send 3 statements",
    ):
        assert expected in page, expected
    client.bare().post(world.url("/statements/month"), data={"month": "2026-03", "confirmed": "1"})
    assert _issue_jobs(world) == [], "a confirmation without the page's key is none"


def test_a_confirmation_puts_the_jobs_once(world: World) -> None:
    client = world.client()
    asked = client.post(world.url("/statements/month"), data={"month": "2026-03"}).get_data(as_text=True)
    sure = {"month": "2026-03", "confirmed": "1", "key": _form_key(asked)}
    for _time in range(2):
        answer = client.post(world.url("/statements/month"), data=sure)
        assert answer.status_code == 303
        assert "3 statements are being drawn up." in client.get(answer.headers["Location"]).get_data(as_text=True)
        assert [job["numbers"] for job in _issue_jobs(world)] == [[1, 2, 3]]
    other = client.post(world.url("/statements/month"), data={**sure, "month": "2026-02"})
    assert other.status_code == 422
    assert "This form was already sent, with other values" in other.text
    assert 'value="2026-02"' in other.text


@pytest.mark.parametrize("month", ["2027-03", "2026-3", ""])
def test_a_month_that_is_none_is_said_at_its_own_field(world: World, month: str) -> None:
    answer = world.client().post(world.url("/statements/month"), data={"month": month})
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count('href="#f-month"') == 1


def test_a_month_that_was_stated_has_nothing_to_confirm(world: World) -> None:
    with fixed_clock(moment_on(date(2026, 2, 2), "Asia/Shanghai")):
        answer = world.client().post(world.url("/statements/month"), data={"month": "2026-01"})
    assert "Nothing to issue" in answer.get_data(as_text=True)
    assert 'name="confirmed"' not in answer.get_data(as_text=True)


def test_the_evidence_names_the_person_who_confirmed(world: World) -> None:
    """Given a month confirmed by a person, when the worker draws it up, then that person issued it."""
    client = world.client()
    asked = client.post(world.url("/statements/month"), data={"month": "2026-03"}).get_data(as_text=True)
    client.post(world.url("/statements/month"), data={"month": "2026-03", "confirmed": "1", "key": _form_key(asked)})
    for payload in _issue_jobs(world):
        with world.transaction() as db:
            issue_batch(db, system_actor_for(db, world.tenant_id), payload)
    s = Statement
    with world.reading() as db:
        names = set(db.execute(sa.select(s.issued_by).where(s.tenant_id == world.tenant_id)).scalars())
    assert names == {"Test accountant"}
    events = _journal_events(world, "statement_issued")
    assert len(events) == 3
    assert {(event.actor_kind, event.actor_name) for event in events} == {("person", "Test accountant")}
    assert all(event.user_id for event in events)


def _state_last_month(world: World, *, review_mode: bool) -> None:
    with world.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == world.tenant_id).values(review_mode=review_mode))
        issue_last_month(db, system_actor_for(db, world.tenant_id), {"period": "2026-04"})


def test_in_review_mode_the_month_waits_for_a_person(world: World) -> None:
    _state_last_month(world, review_mode=True)
    assert _issue_jobs(world) == []
    (event,) = _journal_events(world, "statements_wait")
    assert (event.actor_kind, event.data) == ("system", {"period": "2026-03", "statements": 3})


def test_without_review_mode_the_round_states_the_month_before(world: World) -> None:
    _state_last_month(world, review_mode=False)
    (job,) = _issue_jobs(world)
    assert job == {"numbers": [1, 2, 3]}, "the machine speaks for itself"
    p = PlannedStatement
    with world.reading() as db:
        planned = db.execute(
            sa.select(p.currency, p.period_from, p.period_to, p.outcome).where(p.tenant_id == world.tenant_id)
        ).all()
    march = (date(2026, 3, 1), date(2026, 3, 31), None)
    assert sorted(map(tuple, planned)) == [("CNY", *march), ("CNY", *march), ("USD", *march)]
    assert _journal_events(world, "statements_wait") == []


def test_with_nothing_to_state_the_journal_is_not_troubled(engine: sa.Engine) -> None:
    world = new_world(APRIL_2)
    _state_last_month(world, review_mode=True)
    assert _journal_events(world, "statements_wait") == []
