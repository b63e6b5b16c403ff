"""Until when a guarantor can be claimed against, and when people are reminded of it (R047, Civil Code art. 692).

Pure. Invariant: the time to claim neither stops nor restarts, so it follows from the dates alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from ar.ledger.rules.due_dates import add_months

#: Kinds whose provider must be claimed against within a time of its own.
CLAIMED: Final = frozenset({"guarantee"})
CLAIM_MONTHS: Final = 6
#: People are reminded this many days before a guarantee runs out, or the time to claim ends.
REMIND_DAYS: Final = (30, 7)


def claim_by(kind: str, secured_until_on: date | None) -> date | None:
    """Returns the last day to claim: six months after the day through which debts are secured; None where none runs."""
    if kind not in CLAIMED or secured_until_on is None:
        return None
    return add_months(secured_until_on, CLAIM_MONTHS)


def reminder_due(ends_on: date, today: date) -> int | None:
    """Returns which reminder is due on a day, 30 or 7 days before the end; None when none is, or it is over."""
    left = (ends_on - today).days
    due = [days for days in REMIND_DAYS if 0 <= left <= days]
    return min(due, default=None)


def first_reminder_on(ends_on: date) -> date:
    """Returns the first day on which a reminder is due."""
    return ends_on - timedelta(days=max(REMIND_DAYS))
