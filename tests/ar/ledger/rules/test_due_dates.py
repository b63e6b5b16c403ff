"""Due dates: each reading of a payment term, worked out by hand."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ar.ledger.rules.due_dates import (
    BASES,
    ROLLS,
    PaymentTerms,
    add_months,
    add_months_end_sticky,
    collection_end_on,
    due_on,
    end_of_month,
    example,
    last_day_in_time,
    net,
    overdue_days,
)

INVOICED = date(2026, 3, 10)


def monday_to_friday(day: date) -> bool:
    return day.weekday() < 5


def d(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("said", "terms", "due"),
    [
        ("net 30", net(30), "2026-04-09"),
        ("end of month + 30 days", PaymentTerms(base="month_end", days=30), "2026-04-30"),
        ("end of month + 1 month", PaymentTerms(base="month_end", months=1), "2026-04-30"),
        ("first of next month + 30 days", PaymentTerms(base="month_end", days=31), "2026-05-01"),
        ("net 30, paid on the 15th", PaymentTerms(days=30, fixed_pay_days=(15,)), "2026-04-15"),
        ("end of month + 60 days", PaymentTerms(base="month_end", days=60), "2026-05-30"),
        ("cash on invoice", PaymentTerms(), "2026-03-10"),
        ("one month", PaymentTerms(months=1), "2026-04-10"),
        ("net 30 and 5 days' grace", PaymentTerms(days=30, grace_days=5), "2026-04-14"),
        ("pay day, then grace", PaymentTerms(days=30, fixed_pay_days=(15,), grace_days=5), "2026-04-20"),
        ("net 30, paid on the 5th or 20th", PaymentTerms(days=30, fixed_pay_days=(5, 20)), "2026-04-20"),
        ("net 30, paid on the 9th", PaymentTerms(days=30, fixed_pay_days=(9,)), "2026-04-09"),
        ("net 30, paid on the 5th", PaymentTerms(days=30, fixed_pay_days=(5,)), "2026-05-05"),
        ("paid at the month's end", PaymentTerms(days=30, fixed_pay_days=(31,)), "2026-04-30"),
        ("the document names the date", PaymentTerms(base="fixed"), "2026-03-10"),
    ],
)
def test_an_invoice_of_10_march_falls_due(said: str, terms: PaymentTerms, due: str) -> None:
    assert due_on(terms, INVOICED, monday_to_friday) == d(due), said


@pytest.mark.parametrize(
    ("base", "terms", "due"),
    [
        ("2026-03-24", PaymentTerms(base="month_end", cutoff_day=25), "2026-03-31"),
        ("2026-03-25", PaymentTerms(base="month_end", cutoff_day=25), "2026-04-30"),
        ("2026-03-26", PaymentTerms(base="month_end", cutoff_day=25), "2026-04-30"),
        ("2026-01-31", PaymentTerms(base="month_end", cutoff_day=25), "2026-02-28"),
        ("2026-12-28", PaymentTerms(base="month_end", cutoff_day=25), "2027-01-31"),
        ("2026-02-10", PaymentTerms(base="month_end", months=1), "2026-03-31"),
        ("2026-02-28", PaymentTerms(months=1), "2026-03-28"),
        ("2026-01-31", PaymentTerms(months=1), "2026-02-28"),
        ("2026-01-31", PaymentTerms(months=1, days=3), "2026-03-03"),
        ("2026-02-01", PaymentTerms(fixed_pay_days=(30,)), "2026-02-28"),
        ("2026-02-28", PaymentTerms(fixed_pay_days=(30,)), "2026-02-28"),
        ("2026-12-31", PaymentTerms(fixed_pay_days=(15,)), "2027-01-15"),
    ],
)
def test_cutoffs_month_ends_and_pay_days(base: str, terms: PaymentTerms, due: str) -> None:
    assert due_on(terms, d(base), monday_to_friday) == d(due)


@pytest.mark.parametrize(
    ("roll", "base", "due"),
    [
        ("none", "2026-05-30", "2026-05-30"),  # a Saturday, the last of the month's weekends
        ("following", "2026-05-30", "2026-06-01"),
        ("preceding", "2026-05-30", "2026-05-29"),
        ("modified", "2026-05-30", "2026-05-29"),
        ("modified", "2026-05-23", "2026-05-25"),
        ("following", "2026-05-29", "2026-05-29"),
    ],
)
def test_a_due_date_moves_off_a_day_off_only_as_the_contract_says(roll: str, base: str, due: str) -> None:
    terms = PaymentTerms.from_json({"base": "fixed", "roll": roll})
    assert due_on(terms, d(base), monday_to_friday) == d(due)


def test_a_calendar_without_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="no working day"):
        due_on(PaymentTerms(roll="following"), INVOICED, lambda day: False)


@pytest.mark.parametrize(
    ("start", "months", "clipped", "sticky"),
    [
        ("2026-01-31", 1, "2026-02-28", "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29", "2028-02-29"),
        ("2026-02-28", 1, "2026-03-28", "2026-03-31"),
        ("2026-04-30", 6, "2026-10-30", "2026-10-31"),
        ("2026-05-07", 6, "2026-11-07", "2026-11-07"),
        ("2026-03-31", -1, "2026-02-28", "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15", "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15", "2025-12-15"),
        ("2026-02-28", 0, "2026-02-28", "2026-02-28"),
    ],
)
def test_calendar_months(start: str, months: int, clipped: str, sticky: str) -> None:
    assert add_months(d(start), months) == d(clipped)
    assert add_months_end_sticky(d(start), months) == d(sticky)


def test_term_60_and_settlement_10_end_the_collection_period_10_days_after_the_due_date() -> None:
    due = due_on(net(60), d("2026-01-05"), monday_to_friday)
    assert (due, collection_end_on(due, 10)) == (d("2026-03-06"), d("2026-03-16"))
    assert collection_end_on(due, 0) == due
    with pytest.raises(ValueError, match="settlement_days"):
        collection_end_on(due, -1)


def test_the_due_date_itself_is_day_0() -> None:
    due = d("2026-03-31")
    assert [overdue_days(due, d(day)) for day in ("2026-03-30", "2026-03-31", "2026-04-01")] == [-1, 0, 1]


@pytest.mark.parametrize(
    "data",
    [
        {"base": "whenever"},
        {"roll": "up"},
        {"days": -1},
        {"days": 1.5},
        {"days": True},
        {"cutoff_day": 25},
        {"base": "month_end", "cutoff_day": 32},
        {"fixed_pay_days": [0]},
        {"fixed_pay_days": [20, 5]},
        {"fixed_pay_days": "15"},
        {"base": "fixed", "days": 30},
        {"label": "net 30"},
    ],
)
def test_terms_that_mean_nothing_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        PaymentTerms.from_json(data)


@st.composite
def some_terms(draw: st.DrawFn) -> PaymentTerms:
    base = draw(st.sampled_from(BASES))
    data: dict[str, object] = {"base": base, "roll": draw(st.sampled_from(ROLLS))}
    data["grace_days"] = draw(st.integers(0, 10))
    if base == "month_end":
        data["cutoff_day"] = draw(st.none() | st.integers(1, 31))
    if base != "fixed":
        data["months"], data["days"] = draw(st.integers(0, 12)), draw(st.integers(0, 120))
        data["fixed_pay_days"] = sorted(draw(st.sets(st.integers(1, 31), max_size=3)))
    return PaymentTerms.from_json(data)


@settings(deadline=None)
@given(some_terms())
def test_terms_come_back_from_json_unchanged(terms: PaymentTerms) -> None:
    assert PaymentTerms.from_json(json.loads(json.dumps(terms.to_json()))) == terms


@settings(deadline=None)
@given(some_terms(), st.dates(d("2020-01-01"), d("2030-12-31")))
def test_due_dates_keep_their_promises(terms: PaymentTerms, base_on: date) -> None:
    due = due_on(terms, base_on, monday_to_friday)
    if terms.roll in ("none", "statutory", "following"):
        assert due >= base_on + timedelta(days=terms.days + terms.grace_days)
    if terms.roll not in ("none", "statutory"):
        assert monday_to_friday(due)
    elif terms.fixed_pay_days:
        pay_on = due - timedelta(days=terms.grace_days)
        assert pay_on.day in terms.fixed_pay_days or pay_on == end_of_month(pay_on)


def test_the_example_gives_a_code_and_what_it_needs_to_say() -> None:
    code, params = example(PaymentTerms(base="month_end", cutoff_day=25, days=30), INVOICED, monday_to_friday)
    assert code == "month_end_cutoff"
    assert params["base_on"] == "2026-03-10"
    assert params["due_on"] == "2026-04-30"
    assert (params["cutoff_day"], params["days"]) == (25, 30)
    assert example(net(30), INVOICED, monday_to_friday)[0] == "net"
    assert example(PaymentTerms(base="fixed"), INVOICED, monday_to_friday)[0] == "fixed"


@pytest.mark.parametrize(
    ("roll", "last"),
    [
        ("statutory", date(2026, 1, 19)),
        ("following", date(2026, 1, 19)),
        ("modified", date(2026, 1, 19)),
        ("preceding", date(2026, 1, 17)),
        ("none", date(2026, 1, 17)),
    ],
)
def test_the_last_day_in_time_of_what_is_due_on_a_saturday(roll: str, last: date) -> None:
    assert last_day_in_time(date(2026, 1, 17), roll, monday_to_friday) == last
    assert last_day_in_time(date(2026, 1, 16), roll, monday_to_friday) == date(2026, 1, 16)


def test_by_the_law_the_due_date_stays_as_printed_and_modified_never_ends_before_it() -> None:
    assert due_on(PaymentTerms(days=12), date(2026, 1, 5), monday_to_friday) == date(2026, 1, 17)
    assert last_day_in_time(date(2026, 1, 31), "modified", monday_to_friday) == date(2026, 1, 31)
