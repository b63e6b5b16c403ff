"""Working days: the published Chinese calendar with its make-up weekends, or plain Monday to Friday.

Invariant: a year whose official calendar is not published is counted Monday to Friday and says so through
`published`, never silently guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

from chinese_calendar import constants

Preset = Literal["CN", "MON-FRI"]

_DAY: Final = timedelta(days=1)
#: Longer than any real closure; a calendar without a working day in this span is an error in its overrides.
_LONGEST_CLOSURE_DAYS: Final = 60

_CN_HOLIDAYS: Final[frozenset[date]] = frozenset(constants.holidays)
_CN_MAKE_UP_DAYS: Final[frozenset[date]] = frozenset(constants.workdays)
_CN_YEARS: Final[frozenset[int]] = frozenset(day.year for day in _CN_HOLIDAYS)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The working days of one tenant.

    Attributes: `preset` names the public calendar; `overrides` maps single dates to working (True) or not
    (False) and wins over the preset.
    """

    preset: Preset = "MON-FRI"
    overrides: Mapping[date, bool] = field(default_factory=dict)

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
            if day in _CN_HOLIDAYS:
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
        return self.preset != "CN" or year in _CN_YEARS

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


def calendar_for(preset: Preset, overrides: Mapping[date, bool] | None = None) -> WorkCalendar:
    """Returns a tenant's calendar: its preset, overridden by its own days."""
    return WorkCalendar(preset, dict(overrides)) if overrides else preset_calendar(preset)
