"""The ladder: exact dates of both presets, what other systems got wrong, and properties over any history."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ar.cases.rules.ladder import (
    WHY_CODES,
    DueStep,
    ItemFacts,
    WorkingDays,
    decide,
    facts_after_steps,
    next_on,
    nominal_on,
    simulate,
)
from ar.cases.rules.policy import Policy, load_preset

FIVE = load_preset("five-step")
TWELVE = load_preset("twelve-step")


def from_level_of_the_day(policy: Policy) -> Policy:
    return policy.model_copy(update={"start": "level_of_the_day"})


POLICIES = (FIVE, TWELVE, from_level_of_the_day(FIVE), from_level_of_the_day(TWELVE))


class Calendar:
    """Works on the given weekdays (0 = Monday) except on the given days off."""

    def __init__(self, weekdays: int, days_off: frozenset[date] = frozenset()) -> None:
        self.weekdays, self.days_off = weekdays, days_off

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < self.weekdays and day not in self.days_off

    def next_working_day(self, day: date) -> date:
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


EVERY_DAY = Calendar(7)
WEEKDAYS = Calendar(5)


def d(text: str) -> date:
    return date.fromisoformat(text)


def item(due: str, settlement_days: int = 0, **more: object) -> ItemFacts:
    facts = ItemFacts(d(due), d(due) + timedelta(days=settlement_days))
    return facts._replace(**more)  # type: ignore[arg-type]


def planned(steps: list[DueStep]) -> list[tuple[str, str]]:
    return [(step.code, step.nominal_on.isoformat()) for step in steps]


def run(steps: list[DueStep] | tuple[DueStep, ...]) -> list[tuple[str, str]]:
    return [(step.code, step.runs_on.isoformat()) for step in steps]


def codes(steps: tuple[DueStep, ...]) -> list[str]:
    return [step.code for step in steps]


TWELVE_DATES = [
    ("remind_1", "2026-04-01"),
    ("remind_2", "2026-04-05"),
    ("inquiry_call", "2026-04-09"),
    ("formal_1", "2026-04-13"),
    ("solemn_notice", "2026-04-17"),
    ("formal_2", "2026-04-21"),
    ("pressure_call", "2026-04-21"),
    ("manager_call_1", "2026-04-24"),
    ("manager_call_2", "2026-04-27"),
    ("final_notice", "2026-04-30"),
    ("agency", "2026-05-07"),
    ("litigation", "2026-11-07"),
]


@pytest.mark.parametrize("calendar", [EVERY_DAY, WEEKDAYS])
def test_due_31_march_then_the_twelve_nominal_dates_whatever_the_calendar(calendar: WorkingDays) -> None:
    steps = simulate(item("2026-03-31"), TWELVE, d("2026-03-01"), d("2026-12-31"), calendar)
    assert planned(steps) == TWELVE_DATES


def test_twelve_steps_run_on_working_days_only_and_each_returns_to_its_own_date() -> None:
    steps = simulate(item("2026-03-31"), TWELVE, d("2026-03-01"), d("2026-12-31"), WEEKDAYS)
    moved = {step.code: step.runs_on.isoformat() for step in steps if step.runs_on != step.nominal_on}
    assert moved == {"remind_2": "2026-04-06", "litigation": "2026-11-09"}  # a Sunday, a Saturday
    assert {step.why.code for step in steps} == {"level_due", "moved_to_working_day"}


def test_collection_period_60_plus_10_simulated_120_days_gives_the_exact_ladder_with_stop_at_15() -> None:
    """Testcase 43: term 60 from 5 January: due 6 March, collection period until 16 March."""
    facts = item("2026-03-06", settlement_days=10)
    steps = simulate(facts, FIVE, d("2026-03-06"), d("2026-03-06") + timedelta(days=120), EVERY_DAY)
    assert run(steps) == [
        ("due_notice", "2026-03-17"),
        ("overdue_report", "2026-03-21"),
        ("statement_confirmation", "2026-03-26"),
        ("demand", "2026-03-31"),
        ("general_manager", "2026-04-06"),
        ("warning", "2026-04-08"),
    ]
    stop = [step for step in steps if "propose_stop_shipment" in step.effects]
    assert [(step.code, step.nominal_on) for step in stop] == [("demand", d("2026-03-31"))]


def test_on_weekdays_only_the_executions_move_and_the_deadline_counts_from_the_demand_as_issued() -> None:
    facts = item("2026-03-10", settlement_days=10)  # the demand's day, 4 April, is a Saturday
    steps = simulate(facts, FIVE, d("2026-03-10"), d("2026-07-08"), WEEKDAYS)
    assert [(s.code, s.nominal_on.isoformat(), s.runs_on.isoformat()) for s in steps] == [
        ("due_notice", "2026-03-21", "2026-03-23"),
        ("overdue_report", "2026-03-25", "2026-03-25"),
        ("statement_confirmation", "2026-03-30", "2026-03-30"),
        ("demand", "2026-04-04", "2026-04-06"),
        ("general_manager", "2026-04-10", "2026-04-10"),
        ("warning", "2026-04-14", "2026-04-14"),
    ]


@pytest.mark.parametrize(
    ("due", "told"),
    [("2026-01-31", "2026-02-28"), ("2028-01-31", "2028-02-29"), ("2026-03-31", "2026-04-30")],
)
def test_the_general_manager_hears_one_calendar_month_after_the_due_date_clipped(due: str, told: str) -> None:
    (rule,) = FIVE.own_clock
    assert nominal_on(rule, item(due, settlement_days=45)) == d(told)
    assert codes(decide(item(due, settlement_days=45), FIVE, d(told), EVERY_DAY)) == ["general_manager"]


def test_half_a_year_after_31_august_is_the_end_of_february() -> None:
    assert nominal_on(TWELVE.levels[10], item("2026-07-25")) == d("2027-02-28")


def test_given_a_level_delivered_today_and_a_debt_60_days_old_when_run_again_then_no_level_2() -> None:
    """Testcase 29: on the day of level 1 there is no level 2, however old the debt."""
    facts = item("2026-03-31")
    today = d("2026-05-29")
    done = facts_after_steps(facts, TWELVE, decide(facts, TWELVE, today, WEEKDAYS))
    assert done.level_reached == 1
    assert decide(done, TWELVE, today, WEEKDAYS) == ()
    assert next_on(done, TWELVE, WEEKDAYS) == d("2026-06-01")  # gap 2 ends on Sunday, 31 May


def test_given_three_days_without_runs_when_running_again_then_the_missed_step_comes_once() -> None:
    """Testcase 30: the report was due on Monday 6 April; the scheduler returns on Thursday."""
    facts = item("2026-04-01", level_reached=1, last_delivered_on=d("2026-04-02"))
    (step,) = decide(facts, FIVE, d("2026-04-09"), WEEKDAYS)
    assert (step.code, step.nominal_on, step.runs_on) == ("overdue_report", d("2026-04-06"), d("2026-04-09"))
    assert step.why.code == "catch_up"
    caught_up = facts_after_steps(facts, FIVE, [step])
    assert decide(caught_up, FIVE, d("2026-04-09"), WEEKDAYS) == ()
    later = simulate(caught_up, FIVE, d("2026-04-10"), d("2026-04-30"), WEEKDAYS)
    assert planned(later)[0] == ("statement_confirmation", "2026-04-11")  # its own date, not shifted by the loss
    assert later[0].runs_on == d("2026-04-13")


@pytest.mark.parametrize(
    ("policy", "first"), [(FIVE, "due_notice"), (from_level_of_the_day(FIVE), "demand"), (TWELVE, "remind_1")]
)
def test_given_a_debt_imported_40_days_overdue_when_run_then_one_letter_at_the_level_the_policy_says(
    policy: Policy, first: str
) -> None:
    """Testcase 31: one letter, at the level of the policy's choice; the general manager's clock is his own."""
    facts = item("2026-03-31", fired=frozenset({"general_manager"}))
    steps = decide(facts, policy, d("2026-05-11"), WEEKDAYS)
    assert codes(steps) == [first]


def test_level_of_the_day_says_so_and_goes_on_from_there() -> None:
    policy = from_level_of_the_day(TWELVE)
    steps = decide(item("2026-03-31"), policy, d("2026-04-22"), EVERY_DAY)
    assert codes(steps) == ["formal_2", "pressure_call"]
    assert {step.why.code for step in steps} == {"level_of_the_day"}
    done = facts_after_steps(item("2026-03-31"), policy, steps)
    assert codes(decide(done, policy, d("2026-04-24"), EVERY_DAY)) == ["manager_call_1"]


def test_given_an_old_debt_when_caught_up_then_at_the_pace_of_the_gap() -> None:
    steps = simulate(item("2026-01-01"), FIVE, d("2026-06-01"), d("2026-07-31"), EVERY_DAY)
    assert run(steps) == [
        ("due_notice", "2026-06-01"),
        ("general_manager", "2026-06-01"),
        ("overdue_report", "2026-06-03"),
        ("statement_confirmation", "2026-06-06"),
        ("demand", "2026-06-09"),
        ("warning", "2026-06-17"),
    ]
    assert [step.why.code for step in steps] == [
        "catch_up",
        "own_clock",
        "gap",
        "gap",
        "gap",
        "deadline_lapsed",
    ]


def test_given_a_step_waiting_when_run_then_no_next_level_but_the_general_manager_hears() -> None:
    """Testcase 32: a bounced or unsent level 1 holds level 2."""
    facts = item("2026-03-31", level_reached=0, waiting=True)
    assert decide(facts, TWELVE, d("2026-05-29"), WEEKDAYS) == ()
    assert next_on(facts, TWELVE, WEEKDAYS) is None
    assert codes(decide(facts, FIVE, d("2026-05-29"), WEEKDAYS)) == ["general_manager"]
    assert next_on(facts, FIVE, WEEKDAYS) == d("2026-04-30")
    assert next_on(facts._replace(fired=frozenset({"general_manager"})), FIVE, WEEKDAYS) is None


def test_given_three_invoices_when_the_older_two_are_paid_then_the_third_walks_by_its_own_dates() -> None:
    """Testcase 38: what happens to the others is no fact of this one."""
    third = simulate(item("2026-03-31"), TWELVE, d("2026-03-01"), d("2026-12-31"), EVERY_DAY)
    assert planned(third) == run(third) == TWELVE_DATES


def test_given_an_item_reopened_at_level_3_when_run_then_level_4_and_no_fresh_level_1() -> None:
    """Testcase 39: what is reopened goes on at the level reached, without a fresh first letter."""
    facts = item("2026-03-31", level_reached=3, last_delivered_on=d("2026-04-09"))
    assert codes(decide(facts, TWELVE, d("2026-06-01"), WEEKDAYS)) == ["formal_1"]


@pytest.mark.parametrize("policy", POLICIES)
def test_given_an_offset_when_run_on_any_day_up_to_the_anchor_then_nothing(policy: Policy) -> None:
    """Testcase 42: +15 never means 15 days before."""
    facts = item("2026-03-31", settlement_days=10)
    until = d("2026-04-10") if policy.code == "five-step" else d("2026-03-31")
    assert simulate(facts, policy, until - timedelta(days=90), until, EVERY_DAY) == []


def test_given_no_deadline_set_then_the_warning_waits() -> None:
    facts = item("2026-03-31", level_reached=4, fired=frozenset({"general_manager"}))
    assert decide(facts, FIVE, d("2026-12-01"), WEEKDAYS) == ()
    assert next_on(facts, FIVE, WEEKDAYS) is None
    dated = facts._replace(deadline_on=d("2026-04-30"))
    assert decide(dated, FIVE, d("2026-04-30"), WEEKDAYS) == ()  # the last day still belongs to the debtor
    assert codes(decide(dated, FIVE, d("2026-05-01"), WEEKDAYS)) == ["warning"]


def test_given_a_day_off_then_nothing_runs_even_what_was_missed() -> None:
    saturday = d("2026-04-11")
    assert decide(item("2026-01-31"), FIVE, saturday, WEEKDAYS) == ()
    assert codes(decide(item("2026-01-31"), FIVE, d("2026-04-13"), WEEKDAYS)) == [
        "due_notice",
        "general_manager",
    ]


def test_given_a_ladder_climbed_then_there_is_nothing_left() -> None:
    for level in (11, 12):  # 12: the item was begun on a longer policy
        facts = item("2026-03-31", level_reached=level, last_delivered_on=d("2026-11-07"))
        assert next_on(facts, TWELVE, WEEKDAYS) is None
        assert decide(facts, TWELVE, d("2027-06-01"), WEEKDAYS) == ()


def test_every_step_explains_itself_in_plain_data() -> None:
    (step,) = decide(item("2026-04-01", level_reached=1), FIVE, d("2026-04-06"), WEEKDAYS)
    assert json.loads(json.dumps(step.why.params)) == {
        "policy": "five-step",
        "policy_version": 1,
        "level": 2,
        "anchor": "collection_end",
        "anchor_on": "2026-04-01",
        "offset_days": 5,
        "offset_months": 0,
        "min_gap_days": 2,
        "last_delivered_on": None,
        "nominal_on": "2026-04-06",
        "runs_on": "2026-04-06",
        "timing": "level_due",
    }
    assert len({step, step}) == 1


policies = st.sampled_from(POLICIES)
days = st.dates(d("2026-01-01"), d("2026-12-31"))
calendars = st.builds(Calendar, st.integers(1, 7), st.frozensets(days, max_size=20))


@st.composite
def some_facts(draw: st.DrawFn) -> ItemFacts:
    due = draw(days)
    return ItemFacts(
        due,
        due + timedelta(days=draw(st.integers(0, 45))),
        draw(st.integers(0, 12)),
        draw(st.booleans()),
        draw(st.none() | days),
        draw(st.none() | days),
        draw(st.sampled_from([frozenset(), frozenset({"general_manager"})])),
    )


@settings(deadline=None)  # a busy machine is no finding
@given(some_facts(), policies, calendars)
def test_the_next_date_is_the_first_on_which_anything_is_decided(
    facts: ItemFacts, policy: Policy, calendar: Calendar
) -> None:
    coming = next_on(facts, policy, calendar)
    if coming is None:
        assert not any(decide(facts, policy, d("2026-01-01") + timedelta(n), calendar) for n in range(900))
        return
    assert decide(facts, policy, coming, calendar)
    assert not any(decide(facts, policy, coming - timedelta(days=n), calendar) for n in range(1, 60))
    for late in (coming + timedelta(days=n) for n in range(1, 15)):
        assert bool(decide(facts, policy, late, calendar)) == calendar.is_working_day(late)


@settings(deadline=None)  # a busy machine is no finding
@given(some_facts(), policies, calendars, days)
def test_one_level_a_run_above_the_last_within_the_gap_and_the_same_answer_twice(
    facts: ItemFacts, policy: Policy, calendar: Calendar, today: date
) -> None:
    steps = decide(facts, policy, today, calendar)
    assert decide(facts, policy, today, calendar) == steps
    levels = {step.level for step in steps if step.level}
    assert len(levels) <= 1
    for number in levels:
        level = policy.levels[number - 1]
        assert codes(tuple(s for s in steps if s.level)) == [step.code for step in level.steps]
        assert not facts.waiting
        assert number == facts.level_reached + 1 or (facts.level_reached == 0 and "day" in policy.start)
        if facts.last_delivered_on is not None:
            assert today >= facts.last_delivered_on + timedelta(days=level.min_gap_days)
    for step in steps:
        assert step.nominal_on <= step.runs_on == today
        assert calendar.is_working_day(today)
        assert step.why.code in WHY_CODES
    assert decide(facts_after_steps(facts, policy, steps), policy, today, calendar) == () or not steps


@settings(deadline=None)  # a busy machine is no finding
@given(days, st.integers(0, 45), policies, calendars, st.frozensets(st.integers(0, 500)))
def test_missed_days_change_no_nominal_date_and_lose_or_double_no_step(
    due: date, settlement: int, policy: Policy, calendar: Calendar, missed: frozenset[int]
) -> None:
    start = facts = ItemFacts(due, due + timedelta(days=settlement))
    found: list[DueStep] = []
    for n in range(900):
        if n not in missed:
            steps = decide(facts, policy, due + timedelta(days=n), calendar)
            found.extend(steps)
            facts = facts_after_steps(facts, policy, steps)
    smooth = simulate(start, policy, due, due + timedelta(days=899), calendar)
    levels = [step.level for step in found if step.level]
    assert levels == sorted(levels)
    assert len({step.code for step in found}) == len(found)
    if not missed:
        assert found == smooth
    if policy.start == "first":
        assert {step.code for step in found} == {step.code for step in policy.steps()}
        fixed = {step.code: step.nominal_on for step in smooth if step.why.params["anchor"] != "deadline"}
        assert fixed.items() <= {step.code: step.nominal_on for step in found}.items()


@settings(deadline=None)  # a busy machine is no finding
@given(days, st.integers(0, 45), st.sampled_from([FIVE, TWELVE]))
def test_a_weekend_on_schedule_is_never_pushed_on_by_the_gap(due: date, settlement: int, policy: Policy) -> None:
    facts = ItemFacts(due, due + timedelta(days=settlement))
    for step in simulate(facts, policy, due, due + timedelta(days=400), WEEKDAYS):
        assert step.runs_on == WEEKDAYS.next_working_day(step.nominal_on)
