"""Working days: published holidays, make-up weekends, a tenant's own days, and years nobody has published."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendars import WorkCalendar, calendar_for, preset_calendar

CN = preset_calendar("CN")
PLAIN = preset_calendar("MON-FRI")


def test_national_day_is_off_and_its_make_up_saturday_is_worked() -> None:
    assert not CN.is_working_day(date(2026, 10, 1))
    assert CN.is_working_day(date(2026, 10, 10))  # a Saturday worked for the holiday week
    assert PLAIN.is_working_day(date(2026, 10, 1))
    assert not PLAIN.is_working_day(date(2026, 10, 10))


def test_seeking_leaves_a_working_day_where_it_is_and_jumps_over_the_holiday_week() -> None:
    assert CN.next_working_day(date(2026, 9, 30)) == date(2026, 9, 30)
    assert CN.next_working_day(date(2026, 10, 1)) == date(2026, 10, 8)
    assert CN.previous_working_day(date(2026, 10, 7)) == date(2026, 9, 30)
    assert PLAIN.next_working_day(date(2026, 11, 21)) == date(2026, 11, 23)
    assert PLAIN.previous_working_day(date(2026, 11, 22)) == date(2026, 11, 20)


def test_a_year_that_is_not_published_has_its_statutory_days_and_weekends_and_says_so() -> None:
    assert CN.published(2026)
    assert not CN.published(2031)
    assert PLAIN.published(2031)
    assert not CN.is_working_day(date(2031, 10, 1))  # a Wednesday
    assert not CN.is_working_day(date(2031, 10, 4))
    assert CN.is_working_day(date(2031, 10, 6))
    assert not CN.is_working_day(date(2031, 1, 23)), "the lunar new year"
    assert not CN.is_working_day(date(2060, 10, 1)), "beyond the table of lunar days"


def test_a_tenants_own_days_win_over_the_preset() -> None:
    own = calendar_for("CN", {date(2026, 10, 1): True, date(2026, 11, 23): False})
    assert own.is_working_day(date(2026, 10, 1))
    assert own.next_working_day(date(2026, 11, 21)) == date(2026, 11, 24)
    assert CN.next_working_day(date(2026, 11, 21)) == date(2026, 11, 23)
    assert calendar_for("CN") is CN


def test_a_calendar_without_any_working_day_is_an_error_not_a_loop() -> None:
    closed = {date.fromordinal(date(2026, 1, 1).toordinal() + n): False for n in range(400)}
    with pytest.raises(ValueError, match="no working day"):
        calendar_for("CN", closed).next_working_day(date(2026, 1, 1))
    with pytest.raises(ValueError, match="preset"):
        WorkCalendar("XX")  # type: ignore[arg-type]


@given(st.dates(date(2004, 1, 2), date(2035, 12, 1)), st.sampled_from([CN, PLAIN]))
def test_the_day_found_is_worked_and_nothing_between_is(day: date, calendar: WorkCalendar) -> None:
    found = calendar.next_working_day(day)
    assert found >= day
    assert calendar.is_working_day(found)
    assert not any(calendar.is_working_day(date.fromordinal(n)) for n in range(day.toordinal(), found.toordinal()))
    assert calendar.previous_working_day(found) == found
