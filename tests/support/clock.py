"""The suite's clock: it starts at one moment, whatever the date is outside, and goes on from there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from kernel import clock

#: 10:00 in Shanghai on a working day, after the days on which the tests' stories play.
NOW: Final = datetime(2026, 12, 17, 2, 0, tzinfo=UTC)


def set_the_clock() -> None:
    """It is NOW in this process, in every thread. Time goes on, so what comes later is later, as in life."""
    begun = time.monotonic()
    clock._machine_now = lambda: NOW + timedelta(seconds=time.monotonic() - begun)
