"""The suggested limit: average monthly sales × term × factor of the grade, rounded to a thousand."""

from __future__ import annotations

from datetime import date

import pytest

from ar.credit.rules.policy import DEFAULT_POLICY, ClassRule, Size
from ar.credit.rules.scoring import Grade
from ar.credit.rules.suggestion import MonthOfSales, NoSuggestion, full_months, suggest


def months(*minors: int) -> list[MonthOfSales]:
    return [MonthOfSales(date(2026, 5 + place, 1), minor) for place, minor in enumerate(minors)]


@pytest.mark.parametrize(
    ("sales", "term_days", "grade", "suggested"),
    [
        ([100_000_00] * 6, 60, "A", 200_000_00),
        ([100_000_00] * 6, 30, "B", 80_000_00),
        ([100_000_00] * 6, 60, "C", 0),
        ([100_000_00] * 6, 60, "D", 0),
        ([100_000_00] * 3, 30, "A", 100_000_00),
        ([600_000_00, 0, 0, 0, 0, 0], 30, "A", 100_000_00),
        ([100_500_00] * 6, 30, "A", 101_000_00),
        ([100_499_99] * 6, 30, "A", 100_000_00),
        ([10_000_00, 10_000_00, -50_000_00], 30, "A", 0),
        ([100_000_00] * 6, 45, "B", 120_000_00),
        ([100_000_00] * 6, 0, "A", 0),
    ],
)
def test_a_limit_is_suggested(sales: list[int], term_days: int, grade: str, suggested: int) -> None:
    assert (
        suggest(months(*sales), "CNY", term_days, Grade(grade), DEFAULT_POLICY, size=None).suggested_minor == suggested
    )


@pytest.mark.parametrize(
    ("grade", "size", "suggested"),
    [("A", "large", 150_000_00), ("A", "small", 100_000_00), ("A", None, 100_000_00), ("B", "small", 40_000_00)],
)
def test_the_factor_is_that_of_the_class_else_of_the_grade(grade: str, size: str | None, suggested: int) -> None:
    large, small = (
        ClassRule(grade=Grade.A, size=Size.LARGE, factor_bps=15_000),
        ClassRule(grade=Grade.B, size=Size.SMALL),
    )
    classes = (large, small.model_copy(update={"factor_bps": 4_000}))
    policy = DEFAULT_POLICY.model_copy(update={"classes": classes})
    own = Size(size) if size else None
    found = suggest(months(*[100_000_00] * 6), "CNY", 30, Grade(grade), policy, size=own)
    assert (found.suggested_minor, found.as_json()["formula"]["size"]) == (suggested, size)


def test_it_is_rounded_once_to_a_thousand_of_the_currency() -> None:
    found = suggest(months(1_000_333, 1_000_333, 1_000_334), "JPY", 30, Grade.A, DEFAULT_POLICY, size=None)
    assert (found.suggested_minor, found.rounded_to_minor) == (1_000_000, 1_000)
    assert found.average_minor == 1_000_333


@pytest.mark.parametrize(
    ("sales", "term_days", "grade", "why"),
    [
        ([1, 1], 30, "A", NoSuggestion.TOO_FEW_MONTHS),
        ([], 30, "A", NoSuggestion.TOO_FEW_MONTHS),
        ([1, 1, 1], None, "A", NoSuggestion.NO_TERM),
        ([1, 1, 1], 30, None, NoSuggestion.NO_GRADE),
    ],
)
def test_where_nothing_can_be_suggested_it_says_why(
    sales: list[int], term_days: int | None, grade: str | None, why: NoSuggestion
) -> None:
    found = suggest(months(*sales), "CNY", term_days, Grade(grade) if grade else None, DEFAULT_POLICY, size=None)
    assert (found.suggested_minor, found.why_none) == (None, why)


@pytest.mark.parametrize(
    ("as_of", "first_sale_on", "found"),
    [
        (date(2026, 11, 20), date(2020, 1, 1), [5, 6, 7, 8, 9, 10]),
        (date(2026, 10, 31), date(2020, 1, 1), [5, 6, 7, 8, 9, 10]),
        (date(2026, 10, 30), date(2020, 1, 1), [4, 5, 6, 7, 8, 9]),
        (date(2026, 11, 20), date(2026, 8, 15), [8, 9, 10]),
        (date(2026, 11, 20), date(2026, 11, 3), []),
        (date(2026, 11, 20), None, []),
        (date(2027, 3, 1), date(2020, 1, 1), [9, 10, 11, 12, 1, 2]),
    ],
)
def test_the_last_six_full_months_of_history(as_of: date, first_sale_on: date | None, found: list[int]) -> None:
    assert [first.month for first in full_months(as_of, first_sale_on)] == found
