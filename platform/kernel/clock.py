"""Reads the clock; nothing else does.

Invariant: rules take `today` as an argument; only the edges (request, job, command line) ask the clock,
and a fixed clock can replace it for tests and for seeded history.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_fixed: ContextVar[datetime | None] = ContextVar("fixed_clock", default=None)


def _machine_now() -> datetime:
    """Returns the machine's time; tests replace it."""
    return datetime.now(UTC)


_MACHINE = _machine_now


def utc_now() -> datetime:
    """Returns the current moment, timezone-aware, in UTC."""
    return _fixed.get() or _machine_now()


def is_replaced() -> bool:
    """Returns True while a fixed clock or the tests' own stands in for the machine's."""
    return _fixed.get() is not None or _machine_now is not _MACHINE


def local_date(moment: datetime, timezone: str) -> date:
    """Returns the calendar date of `moment` in `timezone` (IANA name)."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def moment_on(day: date, timezone: str, at: time = time(9, 0)) -> datetime:
    """Returns the moment of a local time of day on `day`, in UTC."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


@contextmanager
def fixed_clock(moment: datetime) -> Iterator[None]:
    """Stops the clock at `moment` for the block. Raises ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a fixed clock needs an aware moment")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
