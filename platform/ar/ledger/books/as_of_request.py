"""Parses the day (as of) and the moment (as known at) that an address requests a page for.

Invariants: a moment is in the company's time zone; a moment not yet past means now; unreadable text is reported, never
guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from kernel.actor import Actor
from kernel.bookable import is_bookable
from kernel.clock import moment_on
from kernel.errors import RuleBroken

_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AsOfRequest:
    """The day a page shows, and the moment whose knowledge it shows (`known_at` None: everything recorded by now).

    `known` is the moment as written in addresses, in the company's time; `unread` is typed text that is no moment.
    """

    as_of: date
    today: date
    known_at: datetime | None = None
    known: str = ""
    unread: str = ""

    @property
    def is_not_now(self) -> bool:
        """True when the page shows another day than today, or the knowledge of an earlier moment."""
        return self.as_of != self.today or self.known_at is not None

    @property
    def file_suffix(self) -> str:
        """Suffix for file names, so that two moments give two files: "-known-2026-03-31T1800" or empty."""
        return f"-known-{self.known.replace(':', '')}" if self.known_at else ""


def parse_as_of_request(as_of: date | None, known: str, actor: Actor) -> AsOfRequest:
    """Parses an address; `as_of` None is today. `known`: "2026-03-31T18:00", with seconds, or a day alone.

    A day means its end, a minute its end, since addresses carry minutes.
    """
    day = as_of or actor.today
    typed = known.strip()[:40]
    if not typed:
        return AsOfRequest(day, actor.today)
    moment = _parse_moment(typed, actor.timezone)
    if moment is None:
        return AsOfRequest(day, actor.today, unread=typed)
    if moment >= actor.now:
        return AsOfRequest(day, actor.today)
    known = typed.replace(" ", "T") if len(typed) > len("2026-03-31") else f"{typed}T23:59"
    return AsOfRequest(day, actor.today, moment, known)


def require_readable(when: AsOfRequest) -> AsOfRequest:
    """Returns the request; for files, which cannot show that a moment was ignored.

    Raises RuleBroken(`date_unreadable`) for text that is no moment.
    """
    if when.unread:
        raise RuleBroken("date_unreadable", text=when.unread)
    return when


def _parse_moment(typed: str, timezone: str) -> datetime | None:
    match = _MOMENT.fullmatch(typed)
    if match is None:
        return None
    day_text, clock_text, seconds = match.groups()
    try:
        day = date.fromisoformat(day_text)
        at = time.fromisoformat(f"{clock_text}{seconds or ''}") if clock_text else time(0)
    except ValueError:
        return None
    if not is_bookable(day):
        return None
    start = moment_on(day, timezone, at)
    if seconds:
        return start
    length = timedelta(minutes=1) if clock_text else moment_on(day + timedelta(days=1), timezone, time(0)) - start
    return start + length - timedelta(microseconds=1)
