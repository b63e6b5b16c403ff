"""How long a shipped note may stay unsigned, and on which day the list of them goes out.

Source: R101, R102, R308, A13, A22. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Final

#: A13: two weeks are 14 calendar days after the day of shipment.
REASON_AFTER_DAYS: Final = 14
#: A22: Mondays at this time in the company's zone.
LIST_AT: Final = time(9, 30)
#: The ages by which the list is summed, in days from the first to the last; None: and more.
AGE_BANDS: Final[tuple[tuple[int, int | None], ...]] = ((0, 7), (8, 14), (15, 30), (31, None))


def days_out(shipped_on: date, today: date) -> int:
    """Returns for how many days a note has been out."""
    return (today - shipped_on).days


def needs_reason(shipped_on: date, today: date) -> bool:
    """Whether the note is not back after two weeks, so that follow-up has to say why (R102)."""
    return days_out(shipped_on, today) >= REASON_AFTER_DAYS


def band_of(days: int) -> int:
    """Returns the place of the age band of a note."""
    return next(place for place, (_first, last) in enumerate(AGE_BANDS) if last is None or days <= last)


def list_day(day: date, is_working_day: Callable[[date], bool]) -> date | None:
    """Returns the day on which the list of the week of `day` goes out: Monday, or the next working day (A22).

    None where the week has no working day at all.
    """
    monday = day - timedelta(days=day.weekday())
    return next((on for on in (monday + timedelta(days=n) for n in range(7)) if is_working_day(on)), None)
