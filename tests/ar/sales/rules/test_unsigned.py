"""Days of notes that are out, and the day on which their list goes out."""

from __future__ import annotations

from datetime import date

import pytest

from ar.sales.rules.unsigned import band_of, list_day, needs_reason
from kernel.calendars import calendar_for


def test_two_weeks_are_fourteen_calendar_days() -> None:  # A13
    assert not needs_reason(date(2026, 11, 3), date(2026, 11, 16))
    assert needs_reason(date(2026, 11, 2), date(2026, 11, 16))


@pytest.mark.parametrize(("days", "band"), [(0, 0), (7, 0), (8, 1), (14, 1), (15, 2), (30, 2), (31, 3), (400, 3)])
def test_ages(days: int, band: int) -> None:
    assert band_of(days) == band


@pytest.mark.parametrize(
    ("day", "on"),
    [
        (date(2026, 11, 16), date(2026, 11, 16)),  # a Monday
        (date(2026, 11, 20), date(2026, 11, 16)),
        (date(2026, 2, 16), None),  # Spring Festival 2026: 15 to 23 February, no day of that week
        (date(2026, 4, 6), date(2026, 4, 7)),  # Qingming 2026: Monday the 6th is off
    ],
)
def test_a_holiday_monday_goes_to_the_next_working_day(day: date, on: date | None) -> None:  # A22
    assert list_day(day, calendar_for("CN").is_working_day) == on
