"""The moment at which the suite's clock stands."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from kernel import clock

#: 10:00 in Shanghai on a working day, after the days on which the tests' stories play.
NOW: Final = datetime(2026, 12, 17, 2, 0, tzinfo=UTC)


def stop_the_clock() -> None:
    """Makes NOW what the clock says in this process, also in threads, which inherit no context."""
    clock._fixed = ContextVar("fixed_clock", default=NOW)
