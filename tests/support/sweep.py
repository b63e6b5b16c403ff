"""The demo on some sixty days and hours over two years, each afresh: which promise fails when. `make sweep`."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI, HAMBURG = "Asia/Shanghai", "Europe/Berlin"
#: Local dates and hours, each with what is hard about it.
MOMENTS: Final = (
    ("2026-01-01 10:00", SHANGHAI, "New Year's Day, a holiday"),
    ("2026-01-31 10:00", SHANGHAI, "a Saturday, the 31st"),
    ("2026-02-14 10:00", SHANGHAI, "a Saturday that is worked before Chinese New Year"),
    ("2026-02-15 00:10", SHANGHAI, "the first minutes of Chinese New Year's closure"),
    ("2026-02-17 10:00", SHANGHAI, "Chinese New Year's day"),
    ("2026-02-23 23:50", SHANGHAI, "the last minutes of the closure"),
    ("2026-02-24 08:00", SHANGHAI, "the first working day after the closure, before the run"),
    ("2026-02-25 10:00", SHANGHAI, "the second working day after the closure"),
    ("2026-02-28 10:00", SHANGHAI, "a Saturday that is worked, the end of February"),
    ("2026-03-29 03:30", HAMBURG, "just after Hamburg's clocks went on"),
    ("2026-04-06 10:00", SHANGHAI, "Tomb-sweeping Day's Monday"),
    ("2026-05-01 10:00", SHANGHAI, "Labour Day, no statement of the month yet"),
    ("2026-05-05 23:50", SHANGHAI, "the end of five days off at the start of a month"),
    ("2026-05-06 09:00", SHANGHAI, "the first working day of a month is its sixth"),
    ("2026-06-22 10:00", SHANGHAI, "after the Dragon Boat days"),
    ("2026-08-03 10:00", SHANGHAI, "a first working day on the third"),
    ("2026-09-29 10:00", SHANGHAI, "the second working day after mid-autumn"),
    ("2026-09-30 23:50", SHANGHAI, "the last minutes before the golden week"),
    ("2026-10-01 10:00", SHANGHAI, "the first day of the golden week"),
    ("2026-10-04 10:00", SHANGHAI, "amid the golden week"),
    ("2026-10-07 23:50", SHANGHAI, "the last minutes of the golden week"),
    ("2026-10-08 10:00", SHANGHAI, "the first working day after the golden week"),
    ("2026-10-10 10:00", SHANGHAI, "a Saturday that is worked"),
    ("2026-10-11 10:00", SHANGHAI, "a Sunday after a Saturday that was worked"),
    ("2026-10-14 10:00", SHANGHAI, "a week after the golden week"),
    ("2026-10-25 02:30", HAMBURG, "the hour that Hamburg has twice"),
    ("2026-11-20 10:00", SHANGHAI, "an ordinary working day"),
    ("2026-11-22 09:00", SHANGHAI, "a Sunday"),
    ("2026-11-30 23:10", SHANGHAI, "the last day of a month, late"),
    ("2026-12-01 00:10", SHANGHAI, "just after midnight of the first; still November in Hamburg"),
    ("2026-12-01 09:00", SHANGHAI, "the first day of a month"),
    ("2026-12-05 14:00", SHANGHAI, "a Saturday after a first"),
    ("2026-12-17 09:00", SHANGHAI, "the middle of a month"),
    ("2026-12-24 23:50", HAMBURG, "Christmas Eve, late in Hamburg"),
    ("2026-12-31 08:20", SHANGHAI, "the last day of a year, before the run"),
    ("2026-12-31 23:50", HAMBURG, "the last minutes of a year in Hamburg, next year in Dongguan"),
    ("2027-01-01 00:10", SHANGHAI, "the first minutes of a year that no package knows"),
    ("2027-01-01 12:00", SHANGHAI, "New Year's Day"),
    ("2027-01-02 12:00", SHANGHAI, "a Saturday, no statement of the month yet"),
    ("2027-01-03 12:00", SHANGHAI, "a Sunday, no statement of the month yet"),
    ("2027-01-04 08:00", SHANGHAI, "the first working day of a year, before the run"),
    ("2027-01-05 16:00", SHANGHAI, "the day after the month's statements"),
    ("2027-01-06 09:00", SHANGHAI, "the day of the answers"),
    ("2027-01-30 09:00", SHANGHAI, "a day that February has not"),
    ("2027-01-31 09:00", SHANGHAI, "the 31st, a Sunday"),
    ("2027-02-06 09:00", SHANGHAI, "Chinese New Year's day, unknown to the package"),
    ("2027-02-28 22:00", SHANGHAI, "the end of February"),
    ("2027-03-02 09:00", SHANGHAI, "after the shortest month"),
    ("2027-03-28 02:30", HAMBURG, "the hour that Hamburg has not"),
    ("2027-03-29 01:10", SHANGHAI, "the evening after Hamburg's clocks went on"),
    ("2027-03-31 09:00", SHANGHAI, "the 31st after a short February"),
    ("2027-04-30 18:00", SHANGHAI, "the end of a month of thirty days"),
    ("2027-05-01 10:00", SHANGHAI, "Labour Day, a Saturday"),
    ("2027-06-30 23:59", SHANGHAI, "the last minute of a half year"),
    ("2027-07-31 10:00", SHANGHAI, "a Saturday, the 31st"),
    ("2027-08-31 10:00", SHANGHAI, "the 31st, twice in a row"),
    ("2027-10-01 10:00", SHANGHAI, "a golden week that no package knows"),
    ("2027-10-31 02:30", HAMBURG, "the hour that Hamburg has twice"),
    ("2027-11-01 09:00", HAMBURG, "the day after Hamburg's clocks went back"),
    ("2027-12-31 23:50", SHANGHAI, "the last minutes of a year"),
    ("2028-02-28 10:00", SHANGHAI, "the day before a leap day"),
    ("2028-02-29 09:00", SHANGHAI, "a leap day"),
    ("2028-03-01 00:10", SHANGHAI, "just after a leap day"),
    ("2028-03-31 10:00", SHANGHAI, "the 31st after a leap February"),
)


def moment(text: str, timezone: str) -> datetime:
    """The moment of a local date and hour, `2026-11-20 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone))


def main(wanted: list[str]) -> int:
    """Tries every moment whose text begins with one of `wanted` (none: every one); 1 when a promise failed."""
    os.environ.update(ENVIRONMENT="test", VAR_DIR=tempfile.mkdtemp(prefix="huikuan-var-"), SECRET_KEY="s" * 40)
    from tests.support.database import database

    failed = 0
    with database() as url:
        os.environ["DATABASE_URL"] = url
        from app.cli import install
        from kernel.clock import fixed_clock
        from tests.support.demo import broken_promises

        install()
        for text, timezone, why in MOMENTS:
            if wanted and not text.startswith(tuple(wanted)):
                continue
            begun = time.monotonic()
            with fixed_clock(moment(text, timezone)):
                broken = list(broken_promises())
            failed += bool(broken)
            seconds = f"{time.monotonic() - begun:.0f} s"
            say(f"{'FAILED' if broken else 'ok':6} {text} {timezone:13} {seconds:>6}  {why}")
            for promise, seen in broken:
                say(f"       {promise}: {seen[:600]}")
    say(f"{failed} moments failed")
    return 1 if failed else 0


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
