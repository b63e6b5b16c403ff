"""The days that may stand in the books: one floor and one ceiling for every form, file, command line and bank.

Invariant: pure, and cheap to import; whoever takes a day from outside asks `is_bookable` and says OUT_OF_RANGE.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from kernel.i18n import mark

FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
#: The sentence (msgid) for a day outside.
OUT_OF_RANGE: Final = mark("Enter a day from %(first_on)s to %(last_on)s.")
#: The parameters of the sentence.
LIMITS: Final = {"first_on": FIRST_DAY.isoformat(), "last_on": LAST_DAY.isoformat()}


def is_bookable(on: date) -> bool:
    """Tells that a day lies from FIRST_DAY to LAST_DAY; outside, a date is a mistyped year."""
    return FIRST_DAY <= on <= LAST_DAY
