"""The clock: the only place that asks what time it is.

Invariant: rules take `today` as an argument; only the edges (request, job, command line) ask the clock,
and a fixed clock can stand in its place for tests and for history that is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_fixed: ContextVar[datetime | None] = ContextVar("fixed_clock", default=None)


def _machine_now() -> datetime:
    """What the machine says; the tests set its date."""
    return datetime.now(UTC)


def utc_now() -> datetime:
    """The moment, aware, in UTC."""
    return _fixed.get() or _machine_now()


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar date of `moment` at `timezone` (IANA name)."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def moment_on(day: date, timezone: str, at: time = time(9, 0)) -> datetime:
    """The moment of a local time of day on `day`, in UTC."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


@contextmanager
def fixed_clock(moment: datetime) -> Iterator[None]:
    """Everything inside believes it is `moment`."""
    if moment.tzinfo is None:
        raise ValueError("a fixed clock needs an aware moment")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
