"""What a review of limits asks to be explained: a limit that is hardly used, and one that is used up for long.

Source: R071, A10. Invariant: exact arithmetic; a limit of the day is compared with what was owed on that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from ar.credit.rules.exposure import DatedLimit, limit_on
from ar.credit.rules.signals import BPS

SALES_MONTHS: Final = 6
USE_DAYS: Final = 180
TERM_DAYS: Final = 30
#: First days of the months in which every limit is reviewed (R069).
REVIEW_MONTHS: Final = (6, 12)


class Flag(StrEnum):
    """What the salesperson has to explain."""

    LOW_USE = "low_use"
    LONG_USE = "long_use"


def is_low_use(sales_minor: int, limit_minor: int | None, term_days: int | None) -> bool:
    """Whether the average monthly sales of six months are below the limit divided by the term in months (A10).

    `limit_minor` None: unlimited. Without a limit or a term in days there is nothing to compare with.
    """
    if not limit_minor or not term_days:
        return False
    return sales_minor * term_days < limit_minor * TERM_DAYS * SALES_MONTHS


def high_use_days(
    now_minor: int, changes: Mapping[date, int], limits: Sequence[DatedLimit], today: date, *, use_bps: int
) -> int:
    """Returns on how many of the last 180 days, today included, at least `use_bps` of the limit was used.

    `now_minor`: the exposure at the end of `today`; `changes`: by how much it changed on a day. A day without a limit
    or with an unlimited one does not count; a limit of zero is used up by anything owed.
    """
    turns = {day for each in limits for day in (each.valid_from - timedelta(days=1), each.valid_to) if day is not None}
    exposure, found, limit = now_minor, 0, limit_on(limits, today)
    for back in range(USE_DAYS):
        day = today - timedelta(days=back)
        if day in turns:
            limit = limit_on(limits, day)
        total = limit.total_minor
        if total is not None and exposure > 0 and exposure * BPS >= total * use_bps:
            found += 1
        exposure -= changes.get(day, 0)
    return found


def flags_of(
    *,
    sales_minor: int,
    limit_minor: int | None,
    term_days: int | None,
    used_days: int,
    most_days: int,
) -> list[str]:
    """Returns the flags of a customer; `used_days` of high use are too many when there are more than `most_days`."""
    flags = []
    if is_low_use(sales_minor, limit_minor, term_days):
        flags.append(Flag.LOW_USE.value)
    if used_days > most_days:
        flags.append(Flag.LONG_USE.value)
    return flags
