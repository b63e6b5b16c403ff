"""The rules of bills by table, and random walks: whatever happens to a bill, the books say what it is worth."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.bills import models, rules
from ar.bills.inputs import parse_annual_rate
from ar.bills.rules import State, StepKind


@pytest.mark.parametrize(
    ("face", "ppm", "days", "interest"),
    [
        (50_000_000, 18_000, 92, 230_000),  # 500,000.00 at 1.8 % for 92 days: 2,300.00, proceeds 497,700.00
        (10_000_000, 25_000, 30, 20_833),  # 208.333… down
        (10_000_000, 30_000, 1, 833),
        (36_000, 10_000, 5, 5),  # exactly half: up
        (100, 18_000, 1, 0),
        (123_456_789, 13_250, 181, 822_445),
    ],
)
def test_discount_interest_is_rounded_half_up_once(face: int, ppm: int, days: int, interest: int) -> None:
    assert rules.discount_interest(face, ppm, days) == interest


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("1.8", 18_000),
        ("1.8%", 18_000),
        ("1.8 ％", 18_000),
        ("0.0125", 125),
        ("12", 120_000),
        ("0", None),
        ("-1.8", None),
        ("1.80001", None),
        ("1,8", None),
        ("", None),
        ("123", None),
    ],
)
def test_a_rate_is_read_or_refused(text: str, ppm: int | None) -> None:
    assert parse_annual_rate(text) == ppm


@pytest.mark.parametrize(
    ("issued", "months", "days", "matures"),
    [
        (date(2026, 1, 31), 1, 0, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, 0, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, 0, date(2027, 2, 28)),
        (date(2026, 3, 15), 6, 0, date(2026, 9, 15)),
        (date(2026, 2, 28), 6, 0, date(2026, 8, 28)),  # the same day, not the month's end
        (date(2026, 3, 1), 0, 90, date(2026, 5, 30)),
        (date(2026, 12, 31), 0, 1, date(2027, 1, 1)),
    ],
)
def test_maturity(issued: date, months: int, days: int, matures: date) -> None:
    assert rules.maturity(issued, months=months, days=days) == matures


def test_days_of_a_discount_count_to_maturity_and_what_the_bank_adds() -> None:
    assert rules.discount_days(date(2026, 6, 30), date(2026, 9, 30)) == 92
    assert rules.discount_days(date(2026, 6, 30), date(2026, 9, 30), 3) == 95


@pytest.mark.parametrize(
    ("issued", "longest", "months"),
    [
        (date(2022, 12, 31), date(2023, 12, 31), 12),
        (date(2023, 1, 1), date(2023, 7, 1), 6),
        (date(2026, 8, 31), date(2027, 2, 28), 6),
    ],
)
def test_the_longest_tenor_follows_the_day_of_issue(issued: date, longest: date, months: int) -> None:
    assert rules.longest_maturity(issued) == (longest, months)


MATURES = date(2026, 9, 30)


@pytest.mark.parametrize(
    ("facts", "today", "notice", "recourse", "late"),
    [
        ({}, date(2026, 10, 10), None, None, False),  # the tenth day is in time
        ({}, date(2026, 10, 11), None, None, True),
        ({"presented_on": date(2026, 10, 10)}, date(2027, 1, 1), None, None, False),
        (
            {"presented_on": date(2026, 9, 30), "dishonoured_on": date(2026, 10, 2)},
            date(2027, 1, 1),
            date(2026, 10, 5),
            date(2027, 4, 2),
            False,
        ),
        (
            {"presented_on": date(2026, 10, 12), "dishonoured_on": date(2026, 10, 13)},
            date(2027, 1, 1),
            date(2026, 10, 16),
            None,
            True,
        ),
        # Who has paid a later holder has three months, and is not late for what others presented.
        (
            {"dishonoured_on": date(2026, 10, 20), "was_transferred": True},
            date(2027, 1, 1),
            date(2026, 10, 23),
            date(2027, 1, 20),
            False,
        ),
        (
            {"dishonoured_on": date(2026, 10, 20), "was_transferred": True, "with_recourse": False},
            date(2027, 1, 1),
            None,
            None,
            False,
        ),
    ],
)
def test_the_deadlines(
    facts: dict[str, object], today: date, notice: date | None, recourse: date | None, late: bool
) -> None:
    limits = rules.deadlines_of(MATURES, today, **facts)  # type: ignore[arg-type]
    assert limits.present_by_on == date(2026, 10, 10)
    assert limits.acceptor_until_on == date(2028, 9, 30)
    assert (limits.notice_by_on, limits.recourse_until_on, limits.late) == (notice, recourse, late)


def test_the_tables_words_are_those_of_the_rules() -> None:
    assert set(models.STATES) == set(State)
    assert set(models.EVENTS) == {"received", *StepKind}


def test_presenting_starts_from_what_is_in_hand_and_nothing_leaves_an_end() -> None:
    assert {before for before, step in rules.TRANSITIONS if step is StepKind.PRESENT} == {State.HELD, State.PLEDGED}
    assert {rules.next_state(state, step) for state in rules.ENDED for step in StepKind} <= {None, State.DISHONOURED}


def _apply(books: dict[str, int], legs: list[rules.Leg]) -> None:
    assert sum(leg.debit_minor for leg in legs) == sum(leg.credit_minor for leg in legs)
    for leg in legs:
        assert (leg.debit_minor > 0) != (leg.credit_minor > 0)
        books[leg.account] = books.get(leg.account, 0) + leg.debit_minor - leg.credit_minor


@given(
    face=st.integers(1, 10**12),
    kept=st.integers(0, 99),
    walk=st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=14),
)
def test_whatever_happens_the_books_say_what_the_bill_is_worth(
    face: int, kept: int, walk: list[tuple[int, bool]]
) -> None:
    """Any walk through the table: notes, loans and what the customer owes follow from where the bill stands."""
    interest = face * kept // 100
    books = {"notes_receivable": face, "receivables": -face}
    state, costs = State.HELD, 0
    for choice, mistaken in walk:
        steps = [step for step in rules.steps_from(state) if step is not StepKind.NOTIFY]
        if not steps:
            break
        step = steps[choice % len(steps)]
        before, legs = dict(books), rules.entry_legs(state, step, face, interest)
        _apply(books, legs)
        if mistaken and step in rules.REVERSIBLE:
            _apply(books, [rules.Leg(leg.account, leg.credit_minor, leg.debit_minor) for leg in legs])
            assert {k: v for k, v in books.items() if v} == {k: v for k, v in before.items() if v}
            continue
        costs += interest if step in (StepKind.DISCOUNT, StepKind.DISCOUNT_RECOURSE) else 0
        if rules.reopens_receivable(state, step):
            _apply(books, [rules.Leg("receivables", face, 0), rules.Leg("notes_receivable", 0, face)])
        sold = state is State.DISCOUNTED
        state = rules.TRANSITIONS[state, step]
        assert books["notes_receivable"] == (face if state in rules.IN_NOTES_RECEIVABLE else 0)
        assert -books.get("short_term_loans", 0) == (face if state is State.DISCOUNTED_RECOURSE else 0)
        owed_again = state is State.CANCELLED or (state is State.DISHONOURED and not sold)
        assert books["receivables"] == (0 if owed_again else -face)
        assert books.get("finance_costs", 0) == costs
        got = books.get("bank", 0) + books.get("payables", 0)
        if state is State.HONOURED:
            assert got == face - costs
        if owed_again:
            assert got == -costs  # what we got for it we gave back, save what the bank kept
