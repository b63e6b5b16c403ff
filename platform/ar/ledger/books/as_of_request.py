"""Time travel: the day and the moment that a page is asked for, as they stand in its address.

May import kernel. Invariants: a moment is read in the company's own time; what is not yet past is simply now; what
cannot be read is told, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from kernel.actor import Actor
from kernel.clock import moment_on
from kernel.errors import RuleBroken

_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


@dataclass(frozen=True, slots=True)
class AsOfRequest:
    """As of which day a page is shown, and as known at which moment (None: with all that is known now).

    `known` is the moment as it stands in addresses, in the company's time; `unread` what was typed and is none.
    """

    as_of: date
    today: date
    known_at: datetime | None = None
    known: str = ""
    unread: str = ""

    @property
    def travelled(self) -> bool:
        """Whether the page shows another day than today, or other knowledge than today's."""
        return self.as_of != self.today or self.known_at is not None

    @property
    def file_suffix(self) -> str:
        """What the name of a file adds, so that two moments are two files: "-known-2026-03-31T1800" or nothing."""
        return f"-known-{self.known.replace(':', '')}" if self.known_at else ""


def parse_as_of_request(as_of: date | None, known: str, actor: Actor) -> AsOfRequest:
    """What the address asks for; no day is today. `known`: "2026-03-31T18:00", with seconds or a day alone.

    A day means its end, a minute all of it, since moments are written to the minute.
    """
    day = as_of or actor.today
    typed = known.strip()[:40]
    if not typed:
        return AsOfRequest(day, actor.today)
    moment = _read(typed, actor.timezone)
    if moment is None:
        return AsOfRequest(day, actor.today, unread=typed)
    if moment >= actor.now:
        return AsOfRequest(day, actor.today)
    known = typed.replace(" ", "T") if len(typed) > len("2026-03-31") else f"{typed}T23:59"
    return AsOfRequest(day, actor.today, moment, known)


def require_readable(when: AsOfRequest) -> AsOfRequest:
    """For files, which cannot show that a moment was left out. Raises RuleBroken(`date_unreadable`)."""
    if when.unread:
        raise RuleBroken("date_unreadable", text=when.unread)
    return when


def _read(typed: str, timezone: str) -> datetime | None:
    found = _MOMENT.fullmatch(typed)
    if found is None:
        return None
    day_text, clock_text, seconds = found.groups()
    try:
        day = date.fromisoformat(day_text)
        at = time.fromisoformat(f"{clock_text}{seconds or ''}") if clock_text else time(0)
    except ValueError:
        return None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return None
    begins = moment_on(day, timezone, at)
    if seconds:
        return begins
    whole = timedelta(minutes=1) if clock_text else moment_on(day + timedelta(days=1), timezone, time(0)) - begins
    return begins + whole - timedelta(microseconds=1)
