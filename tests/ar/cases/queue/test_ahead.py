"""A run for a coming day: its letters wait for that day, and what is written down carries the true moment."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from ar.cases.models import DayRun
from ar.cases.runs.cli import run_day_command
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.journal import JournalEvent
from tests.support.letters import letters_named
from tests.support.world import World

FRIDAY, SATURDAY, MONDAY = date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 2)
ZONE = "Asia/Shanghai"


@pytest.fixture
def ahead(world: World) -> World:
    """On Friday somebody ran Monday: one letter waits."""
    world.invoice(number="INV-1", due_on=date(2026, 11, 1))
    world.run_day(on=MONDAY)
    return world


def _run_day(world: World, on: date) -> Any:
    arguments = ["--tenant", world.slug, "--date", on.isoformat(), "--json"]
    return CliRunner().invoke(run_day_command, arguments)


def test_a_letter_of_a_coming_day_says_when_and_offers_no_button(ahead: World) -> None:
    (letter,) = ahead.actions()
    url = ahead.url
    client = ahead.client()
    with fixed_clock(moment_on(FRIDAY, ZONE)):
        for path in ("/cases/", f"/cases/actions/{letter.id}"):
            page = client.get(url(path)).text
            assert "Can go out from 2026-11-02" in page
            assert f"/cases/actions/{letter.id}/approval" not in page
        refused = client.post(url(f"/cases/actions/{letter.id}/approval"))
    assert refused.status_code == 422
    assert "This is due on 2026-11-02. It can be approved from that day on." in refused.text
    assert "not understood" not in refused.text
    assert ahead.actions()[0].state == "proposed"
    with fixed_clock(moment_on(MONDAY, ZONE)):
        assert f"/cases/actions/{letter.id}/approval" in client.get(url("/cases/")).text


def test_approving_all_says_how_many_stay_because_their_day_has_not_come(world: World) -> None:
    world.invoice(number="INV-1", due_on=date(2026, 10, 29))
    world.run_day(on=FRIDAY)
    world.invoice("00002", number="INV-2", due_on=date(2026, 11, 1))
    world.run_day(on=MONDAY)
    client, url = world.client(), world.url
    with fixed_clock(moment_on(FRIDAY, ZONE)):
        asked = client.post(url("/cases/approvals")).text
        assert "Approve and send 1 letter" in asked
        assert "1 letter stays in the queue: it is not due yet." in asked
        form = {"confirmed": "1", "selected": letters_named(asked)}
        said = client.post(url("/cases/approvals"), data=form, follow_redirects=True).text
    assert "1 letter approved." in said
    assert "1 letter stays in the queue: it is not due yet." in said
    assert sorted(action.state for action in world.actions()) == ["approved", "proposed"]


def test_a_run_with_a_date_moves_the_day_and_not_the_moment_on_record(world: World) -> None:
    world.invoice(number="INV-1", due_on=date(2026, 11, 1))
    before = utc_now()
    assert _run_day(world, MONDAY).exit_code == 0
    j, r, tenant_id = JournalEvent, DayRun, world.tenant_id
    with world.reading() as db:
        at, data = db.execute(sa.select(j.at, j.data).where(j.tenant_id == tenant_id, j.kind == "day_run")).one()
        run_on, started_at = db.execute(sa.select(r.run_on, r.started_at).where(r.tenant_id == tenant_id)).one()
    assert data["run_on"] == "2026-11-02"
    assert run_on == MONDAY
    for moment in (at, started_at, world.actions()[0].created_at):
        assert before <= moment <= utc_now(), "evidence carries the true time"


def test_a_day_before_that_of_the_newest_run_is_refused(ahead: World) -> None:
    refused = _run_day(ahead, FRIDAY)
    assert refused.exit_code == 1
    error = json.loads(refused.stdout)["error"]
    assert error["code"] == "run_day_passed"
    assert "2026-11-02" in error["message"]
    assert "2026-10-30" in error["message"]
    r = DayRun
    with ahead.reading() as db:
        assert db.execute(sa.select(sa.func.count()).where(r.tenant_id == ahead.tenant_id)).scalar_one() == 1
    assert _run_day(ahead, MONDAY).exit_code == 0, "the same day again proposes nothing, and may be asked for"


def test_the_queue_names_the_newest_run_by_its_start_and_when_it_was(ahead: World) -> None:
    with fixed_clock(moment_on(FRIDAY, ZONE)):
        page = ahead.client().get(ahead.url("/cases/")).text
    assert "Last run for 2026-11-02, at 2026-11-02 09:00" in " ".join(page.split())


def test_the_button_on_a_day_off_says_that_it_is_one(world: World) -> None:
    world.invoice(number="INV-1", due_on=date(2026, 10, 29))
    client, url = world.client("finance_director"), world.url
    with fixed_clock(moment_on(SATURDAY, ZONE)):
        said = client.post(url("/cases/runs"), follow_redirects=True).text
    assert "Today is not a working day: the run proposed nothing. Steps resume on 2026-11-02." in said
    assert "proposed 0 steps" not in said
    with fixed_clock(moment_on(MONDAY, ZONE)):
        assert "The run proposed 1 step." in client.post(url("/cases/runs"), follow_redirects=True).text
