"""Working days: the published Chinese calendar with its make-up weekends, or plain Monday to Friday.

China's days off by statute (State Council, Order 795 of 2024) do not wait for the year's notice; the days that the
notice swaps for weekends do. Invariant: a year whose notice is not known has its statutory days and Monday to Friday,
and says so through `published`; a swap is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

from chinese_calendar import constants

Preset = Literal["CN", "MON-FRI"]

_DAY: Final = timedelta(days=1)
#: Longer than any real closure; a calendar without a working day in this span is an error in its overrides.
_LONGEST_CLOSURE_DAYS: Final = 60

_CN_HOLIDAYS: Final[frozenset[date]] = frozenset(constants.holidays)
_CN_MAKE_UP_DAYS: Final[frozenset[date]] = frozenset(constants.workdays)
_CN_YEARS: Final[frozenset[int]] = frozenset(day.year for day in _CN_HOLIDAYS)
#: From this month on the notice of the next year is expected: it has come out from October to early December.
NOTICE_MONTH: Final = 11

#: Of each year: new year of the lunar calendar, Qingming, the fifth of the fifth and the fifteenth of the eighth month.
#: Two libraries that compute them apart agree.
_CN_FESTIVALS: Final[Mapping[int, str]] = {
    2027: "02-06 04-05 06-09 09-15",
    2028: "01-26 04-04 05-28 10-03",
    2029: "02-13 04-04 06-16 09-22",
    2030: "02-03 04-05 06-05 09-12",
    2031: "01-23 04-05 06-24 10-01",
    2032: "02-11 04-04 06-12 09-19",
    2033: "01-31 04-04 06-01 09-08",
    2034: "02-19 04-05 06-20 09-27",
    2035: "02-08 04-05 06-10 09-16",
    2036: "01-28 04-04 05-30 10-04",
    2037: "02-15 04-04 06-18 09-24",
    2038: "02-04 04-05 06-07 09-13",
    2039: "01-24 04-05 05-27 10-02",
    2040: "02-12 04-04 06-14 09-20",
    2041: "02-01 04-04 06-03 09-10",
    2042: "01-22 04-04 06-22 09-28",
    2043: "02-10 04-05 06-11 09-17",
    2044: "01-30 04-04 05-31 10-05",
    2045: "02-17 04-04 06-19 09-25",
}
_CN_FIXED: Final = ("01-01", "05-01", "05-02", "10-01", "10-02", "10-03")


def statutory_days_off(year: int) -> frozenset[date]:
    """Returns China's days off by statute in a year; beyond the table of festivals those of the solar calendar alone.

    New year; the eve of the lunar new year and its first three days; Qingming; 1 and 2 May; the fifth of the fifth and
    the fifteenth of the eighth lunar month; 1 to 3 October.
    """
    days = {date.fromisoformat(f"{year}-{day}") for day in _CN_FIXED}
    if year in _CN_FESTIVALS:
        new_year, *others = (date.fromisoformat(f"{year}-{day}") for day in _CN_FESTIVALS[year].split())
        days |= {new_year + _DAY * step for step in (-1, 0, 1, 2)} | set(others)
    return frozenset(days)


_CN_STATUTORY: Final[frozenset[date]] = frozenset(
    day for year in range(max(_CN_YEARS) + 1, 2100) for day in statutory_days_off(year)
)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The working days of one tenant.

    Attributes: `preset` names the public calendar; `overrides` maps single dates to working (True) or not
    (False) and wins over the preset; `noticed`: years whose official notice the company entered itself.
    """

    preset: Preset = "MON-FRI"
    overrides: Mapping[date, bool] = field(default_factory=dict)
    noticed: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.preset not in ("CN", "MON-FRI"):
            raise ValueError(f"unknown calendar preset: {self.preset!r}")

    def is_working_day(self, day: date) -> bool:
        """Returns whether `day` is a working day."""
        override = self.overrides.get(day)
        if override is not None:
            return override
        if self.preset == "CN":
            if day in _CN_MAKE_UP_DAYS:
                return True
            if day in _CN_HOLIDAYS or day in _CN_STATUTORY:
                return False
        return day.weekday() < 5

    def next_working_day(self, day: date) -> date:
        """Returns `day` when it is a working day, else the next one. Raises ValueError after 60 days without."""
        return self._seek(day, _DAY)

    def previous_working_day(self, day: date) -> date:
        """Returns `day` when it is a working day, else the last one before. Raises ValueError after 60 days without."""
        return self._seek(day, -_DAY)

    def published(self, year: int) -> bool:
        """Returns whether the official calendar of `year` is known; pages warn when it is not."""
        return self.preset != "CN" or year in _CN_YEARS or year in self.noticed

    def missing_notice(self, today: date) -> int | None:
        """Returns the year whose notice is missing: this one, or from November on the next; None: none is missing."""
        years = [today.year, *([today.year + 1] if today.month >= NOTICE_MONTH else [])]
        return next((year for year in years if not self.published(year)), None)

    def _seek(self, day: date, step: timedelta) -> date:
        for _ in range(_LONGEST_CLOSURE_DAYS):
            if self.is_working_day(day):
                return day
            day += step
        raise ValueError(f"no working day within {_LONGEST_CLOSURE_DAYS} days of {day}")


@lru_cache(maxsize=8)
def preset_calendar(preset: Preset) -> WorkCalendar:
    """Returns the calendar of a preset, one object per process. Raises ValueError for an unknown preset."""
    return WorkCalendar(preset)


def stored_calendar(preset: str, days: Mapping[str, Any], notices: Mapping[str, Any]) -> WorkCalendar:
    """Returns a company's calendar from its columns; its own days win over the notices that it entered.

    `days`: ISO day → {"working": bool, …}; `notices`: year → {"off": ISO days, "working": ISO days, …}.
    """
    overrides: dict[date, bool] = {}
    for notice in notices.values():
        overrides |= {date.fromisoformat(day): False for day in notice["off"]}
        overrides |= {date.fromisoformat(day): True for day in notice["working"]}
    overrides |= {date.fromisoformat(day): bool(each["working"]) for day, each in days.items()}
    return WorkCalendar(
        preset,  # type: ignore[arg-type]  # the table allows the presets alone
        overrides,
        frozenset(int(year) for year in notices),
    )


def calendar_for(preset: Preset, overrides: Mapping[date, bool] | None = None) -> WorkCalendar:
    """Returns a tenant's calendar: its preset, overridden by its own days."""
    return WorkCalendar(preset, dict(overrides)) if overrides else preset_calendar(preset)
