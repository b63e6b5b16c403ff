"""What may come of a call or task: whether it closes the task, and what it must name besides.

Pure. Invariants: who was not reached is tried again on a named day; a promise names its day, and nothing else does.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal

from kernel.i18n import mark

Outcome = Literal["done", "reached", "promised", "disputed", "no_answer", "wrong_number"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("reached", "promised", "disputed", "no_answer", "wrong_number", "done")
OUTCOME_NAMES: Final[dict[str, str]] = {
    "reached": mark("Reached"),
    "promised": mark("Promised to pay"),
    "disputed": mark("Disputes the claim"),
    "no_answer": mark("No answer"),
    "wrong_number": mark("Wrong number or person"),
    "done": mark("Done"),
}
#: Nobody was spoken to: the call is tried again.
NOT_REACHED: Final = ("no_answer", "wrong_number")
#: How far ahead a promise may be dated by somebody who may place no hold of their own.
PROMISE_DAYS_MAX: Final = 31


def fault_of(
    outcome: Outcome,
    *,
    promised_on: date | None,
    amount: str,
    again_on: date | None,
    today: date,
    tried_again: bool = True,
) -> str:
    """Returns the error code of what does not belong together; empty when all does.

    `tried_again`: it is a task, which waits for the next try; a call that nobody asked for does not.
    """
    if outcome == "promised":
        if promised_on is None:
            return "promise_needs_day"
        if promised_on < today:
            return "promise_day_past"
        return "promise_is_the_next_day" if again_on is not None else ""
    if promised_on is not None or amount:
        return "promise_not_chosen"
    if again_on is not None and again_on <= today:
        return "next_day_past"
    if tried_again and outcome in NOT_REACHED and again_on is None:
        return "next_day_needed"
    return ""


def last_promise_on(today: date) -> date:
    """Returns the last day for which somebody who may place no hold of their own may note a promise."""
    return today + timedelta(days=PROMISE_DAYS_MAX)
