"""Scores of an assessment and their grades: exact, half up, without gaps."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ar.credit.rules.caps import cap_fault, cap_months, term_cap_days
from ar.credit.rules.policy import DEFAULT_POLICY, ClassRule, CreditPolicy, Size
from ar.credit.rules.scoring import EQUAL_WEIGHTS, ITEMS, Grade, ScoreFault, founding_band, grade_of, score_of
from tests.support.world.base import TODAY

EVENTS = 1
ALLOWED = [[point for band in item.bands for point in range(band.low, band.high + 1)] for item in ITEMS]
points_given = st.tuples(*(st.sampled_from(each) for each in ALLOWED))
weights_given = st.tuples(*([st.integers(0, 30)] * len(ITEMS))).filter(any)


def points_summing_to(total: int) -> list[int]:
    """Returns points of the twelve items with that sum, each allowed for its item."""
    points, left = [0] * len(ITEMS), total
    for place, allowed in enumerate(ALLOWED):
        rest = sum(max(each) for each in ALLOWED[place + 1 :])
        points[place] = next(point for point in allowed if left - point <= rest and point <= left)
        left -= points[place]
    assert left == 0
    return points


@pytest.mark.parametrize(
    ("raw", "score", "grade"),
    [
        (96, 100, "A"),
        (83, 86, "A"),
        (82, 85, "B"),
        (59, 61, "B"),
        (58, 60, "C"),
        (39, 41, "C"),
        (38, 40, "D"),
        (0, 0, "D"),
    ],
)
def test_a_sum_of_points_is_scored_out_of_a_hundred_and_graded(raw: int, score: int, grade: str) -> None:
    found = score_of(points_summing_to(raw))
    assert (found.raw, found.maximum, found.score, found.grade) == (raw, 96, score, grade)


@pytest.mark.parametrize(
    ("raw", "grade"), [(38, "D"), (40, "D"), (41, "C"), (60, "C"), (61, "B"), (85, "B"), (86, "A")]
)
def test_taken_literally_the_sum_itself_is_graded(raw: int, grade: str) -> None:
    found = score_of(points_summing_to(raw), literal_raw=True)
    assert (found.score, found.grade) == (raw, grade)


@pytest.mark.parametrize(
    ("points", "weighted", "score", "grade"),
    [((8, 0, 2, 0, 1), 81, 41, "C"), ((8, 0, 7, 0, 1), 121, 61, "B"), ((8, 0, 8, 5, 3), 171, 86, "A")],
)
def test_a_half_is_rounded_up_in_exact_arithmetic(
    points: tuple[int, ...], weighted: int, score: int, grade: str
) -> None:
    weights, rest = (8, 0, 8, 8, 1), (0,) * 7
    assert (sum(weights), sum(w * p for w, p in zip(weights, points, strict=True))) == (25, weighted)
    found = score_of(points + rest, weights + rest)
    assert (found.score, found.grade) == (score, grade)


@pytest.mark.parametrize("number", [4, 5, 6])
def test_the_item_of_events_has_no_band_of_four_to_six(number: int) -> None:
    points = [8] * len(ITEMS)
    points[EVENTS] = number
    with pytest.raises(ScoreFault, match="score_band") as refused:
        score_of(points)
    assert refused.value.item == EVENTS


@pytest.mark.parametrize(
    ("points", "weights", "code"),
    [
        ([8] * 11, EQUAL_WEIGHTS, "score_count"),
        ([8] * 11 + [9], EQUAL_WEIGHTS, "score_points"),
        ([8] * 11 + [-1], EQUAL_WEIGHTS, "score_points"),
        ([8] * 12, (0,) * 12, "score_weights"),
        ([8] * 12, (1,) * 11, "score_weights"),
        ([8] * 12, (-1,) + (1,) * 11, "score_weights"),
    ],
)
def test_what_cannot_be_scored_says_why(points: list[int], weights: tuple[int, ...], code: str) -> None:
    with pytest.raises(ScoreFault, match=code):
        score_of(points, weights)


@given(points_given, weights_given, st.integers(0, len(ITEMS) - 1))
def test_a_better_item_never_gives_a_worse_grade(points: list[int], weights: list[int], place: int) -> None:
    before, raised = score_of(points, weights), list(points)
    raised[place] = max(ALLOWED[place])
    after = score_of(raised, weights)
    assert after.score >= before.score
    assert after.grade <= before.grade, "A comes before B"


@given(points_given, weights_given)
def test_the_score_is_the_share_of_the_most_that_could_be_had(points: list[int], weights: list[int]) -> None:
    exact = Fraction(100 * sum(w * p for w, p in zip(weights, points, strict=True)), 8 * sum(weights))
    assert -Fraction(1, 2) < score_of(points, weights).score - exact <= Fraction(1, 2)


def test_no_score_is_without_a_grade() -> None:
    grades = [grade_of(score) for score in range(101)]
    assert [grades.count(grade) for grade in Grade] == [15, 25, 20, 41]


@pytest.mark.parametrize(
    ("grade", "limit_minor", "term_days", "fault"),
    [
        ("A", 10**9, 60, None),
        ("A", 1, 61, "assessment_term_cap"),
        ("B", 1, 30, None),
        ("B", 1, 31, "assessment_term_cap"),
        ("C", 0, 0, None),
        ("C", 1, 0, "assessment_no_credit"),
        ("D", 0, 1, "assessment_no_credit"),
    ],
)
def test_the_cap_of_the_grade(grade: str, limit_minor: int, term_days: int, fault: str | None) -> None:
    assert cap_fault(DEFAULT_POLICY, Grade(grade), None, limit_minor, term_days, TODAY) == fault


@pytest.mark.parametrize(
    ("grade", "size", "cap"),
    [("B", "large", 45), ("B", "small", 15), ("B", None, 30), ("A", "large", 60), ("C", "large", 0)],
)
def test_the_cap_of_a_class_is_its_own_else_that_of_the_grade(grade: str, size: str | None, cap: int) -> None:
    large, small = (ClassRule(grade=Grade.B, size=each) for each in (Size.LARGE, Size.SMALL))
    classes = (large.model_copy(update={"cap_days": 45}), small.model_copy(update={"cap_days": 15}))
    policy = DEFAULT_POLICY.model_copy(update={"classes": classes})
    own = Size(size) if size else None
    assert term_cap_days(policy, Grade(grade), own, TODAY) == cap
    fault = "assessment_term_cap" if cap else "assessment_no_credit"
    assert cap_fault(policy, Grade(grade), own, 1, cap + 1, TODAY) == fault
    assert cap_fault(policy, Grade(grade), own, 0, cap, TODAY) is None


def test_no_class_has_two_rules() -> None:
    twice = [{"grade": "A", "size": "large", "cap_days": days} for days in (45, 60)]
    with pytest.raises(ValidationError, match="policy_classes"):
        CreditPolicy.model_validate({"classes": twice})


def test_the_cap_in_calendar_months_counts_their_days() -> None:
    policy = DEFAULT_POLICY.model_copy(update={"cap_in_months": True})
    assert [cap_months(policy, grade) for grade in Grade] == [2, 1, 0, 0]
    assert term_cap_days(policy, Grade.A, None, TODAY.replace(month=7, day=1)) == 62
    assert term_cap_days(policy, Grade.B, None, TODAY.replace(month=1, day=31)) == 28


@pytest.mark.parametrize(
    ("founded_on", "low"),
    [("2018-11-20", 7), ("2018-11-21", 4), ("2023-11-20", 4), ("2025-11-20", 2), ("2025-11-21", 0), ("1956-01-01", 7)],
)
def test_completed_years_count_and_a_bound_belongs_to_the_better_band(founded_on: str, low: int) -> None:
    band = founding_band(founded_on, date(2026, 11, 20))
    assert band is not None
    assert band.low == low


@pytest.mark.parametrize("founded_on", ["", "2030-01-01", "soon"])
def test_without_a_founding_day_no_band_is_named(founded_on: str) -> None:
    assert founding_band(founded_on, date(2026, 11, 20)) is None
