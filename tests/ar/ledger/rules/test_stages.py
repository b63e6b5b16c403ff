"""The eight stages: their day limits, and what a logged decision may change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ar.ledger.rules.stages import STAGES_NEEDING_APPROVAL, Advance, Stage, doubtful_from_on, legal_from_on, stage_of

DUE = date(2026, 3, 31)


def at(days: int) -> date:
    return DUE + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (-90, Stage.CONTRACT),
        (-8, Stage.CONTRACT),
        (-7, Stage.WARNING),
        (-1, Stage.WARNING),
        (0, Stage.DUE),
        (1, Stage.OVERDUE),
        (29, Stage.OVERDUE),
        (30, Stage.ULTIMATUM),
        (36, Stage.ULTIMATUM),
        (37, Stage.PROFESSIONAL),
        (220, Stage.PROFESSIONAL),
        (221, Stage.LEGAL),
        (5000, Stage.LEGAL),
    ],
)
def test_stage_by_days_past_due(days: int, stage: Stage) -> None:
    assert stage_of(DUE, at(days)) is stage


def test_the_legal_stage_begins_37_days_and_half_a_year_after_31_march() -> None:
    assert legal_from_on(DUE) == date(2026, 11, 7)
    assert legal_from_on(date(2026, 7, 25)) == date(2027, 2, 28)  # 31 Aug + 6 months, clipped


def test_there_are_eight_stages_numbered_in_order() -> None:
    assert [stage.number for stage in Stage] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_given_a_logged_advance_then_it_counts_from_its_day_on() -> None:
    advance = Advance(Stage.ULTIMATUM, at(10))
    assert stage_of(DUE, at(9), advance) is Stage.OVERDUE
    assert stage_of(DUE, at(10), advance) is Stage.ULTIMATUM


def test_given_an_advance_when_the_dates_are_further_then_it_never_goes_back() -> None:
    assert stage_of(DUE, at(40), Advance(Stage.ULTIMATUM, at(10))) is Stage.PROFESSIONAL


@pytest.mark.parametrize("stage", sorted(STAGES_NEEDING_APPROVAL))
def test_stages_six_to_eight_are_entered_early_only_with_approval(stage: Stage) -> None:
    assert stage.number >= 6
    assert stage_of(DUE, at(5), Advance(stage, at(5))) is Stage.OVERDUE
    assert stage_of(DUE, at(5), Advance(stage, at(5), approved=True)) is stage


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-400, 800))
def test_time_only_moves_forward_and_never_to_bad_debt(due: date, days: int) -> None:
    today = due + timedelta(days=days)
    stage = stage_of(due, today)
    assert stage.number <= stage_of(due, today + timedelta(days=1)).number
    assert stage is not Stage.BAD_DEBT


@pytest.mark.parametrize(
    ("collected_by_days", "first_doubtful"),
    [
        (30, date(2026, 3, 3)),  # 1 January and 60 days is 2 March
        (60, date(2026, 3, 3)),
        (61, date(2026, 3, 4)),
        (70, date(2026, 3, 13)),  # the collection period is longer, so it counts
        (0, date(2026, 3, 3)),
    ],
)
def test_a_receivable_is_doubtful_after_60_days_or_after_a_longer_collection_period(
    collected_by_days: int, first_doubtful: date
) -> None:
    shipped = date(2026, 1, 1)
    assert doubtful_from_on(shipped, shipped + timedelta(days=collected_by_days)) == first_doubtful
