"""The demo companies: believable, complete, repeatable, and right to the cent, on any day and at any hour.

What is promised stands in `tests.support.demo`; `make sweep` asks the same on some sixty days and hours.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.seeds.cast import WEIYE
from app.seeds.history import live_since, slip_due_on, write_history
from ar.cases.rules import ladder
from ar.cases.rules.policy import load_preset
from ar.ledger.rules.due_dates import add_months
from kernel.calendars import WorkCalendar
from kernel.clock import fixed_clock
from tests.support.demo import broken_promises
from tests.support.sweep import SHANGHAI, moment

TODAY = date(2026, 11, 22)
CALENDAR = WorkCalendar("CN")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-11-20 10:00", id="a working day"),
        pytest.param("2026-11-30 23:50", id="the end of a month"),
        pytest.param("2026-10-04 10:00", id="a holiday week before the month's statements"),
        pytest.param("2028-02-29 00:10", id="a day that no calendar knows"),
    ],
)
def test_the_demo_keeps_its_promises(engine: sa.Engine, text: str) -> None:
    with fixed_clock(moment(text, SHANGHAI)):
        assert dict(broken_promises()) == {}


def test_history_is_the_same_for_the_same_day_and_of_the_promised_size() -> None:
    one, two = (write_history(WEIYE, TODAY, date(2026, 11, 20), CALENDAR) for _ in range(2))
    assert one.documents == two.documents
    assert one.applications == two.applications
    assert 1_400 <= one.count() <= 1_700
    assert len(WEIYE.debtors) == 60
    assert max(one.documents) <= TODAY


@pytest.mark.parametrize("code", ["due_notice", "demand", "warning", "general_manager"])
@pytest.mark.parametrize("on", [date(2026, 11, 20), date(2026, 10, 8), date(2026, 2, 24), date(2028, 2, 29)])
def test_a_forgotten_invoice_meets_its_step_on_the_day(code: str, on: date) -> None:
    policy = load_preset("five-step")
    due = slip_due_on(policy, code, on, 0, CALENDAR, live_on=live_since(on, CALENDAR))
    facts = ladder.ItemFacts(due, due)
    steps = {step.code: step.runs_on for step in ladder.simulate(facts, policy, due, on, CALENDAR)}
    assert steps[code] == on


def test_a_step_that_no_due_date_brings_on_the_day_came_shortly_before() -> None:
    policy, on = load_preset("five-step"), date(2027, 3, 31)
    due = slip_due_on(policy, "general_manager", on, 0, CALENDAR, live_on=on - timedelta(days=66))
    assert due == date(2027, 2, 28)
    assert add_months(due, 1) == date(2027, 3, 28), "no month after a day of February ends on the 31st"
