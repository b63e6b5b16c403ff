"""Texts of reviews: names of states, flags and outcomes, sentences of refusals, journal events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.credit.rules.review import Flag
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.slice import Event, FactMaker

STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "open": (mark("In progress"), "warn"),
    "submitted": (mark("Waits for the signature"), "warn"),
    "signed": (mark("Signed"), "ok"),
    "cancelled": (mark("Cancelled"), "quiet"),
}
FLAG_NAMES: Final[dict[str, str]] = {
    Flag.LOW_USE: mark("low sales for the limit"),
    Flag.LONG_USE: mark("used up for long"),
}
DECISION_NAMES: Final[dict[str, tuple[str, str]]] = {
    "keep": (mark("Keep"), "quiet"),
    "cut": (mark("Cut"), "warn"),
    "raise": (mark("Raise"), "ok"),
    "freeze": (mark("Freeze"), "late"),
}
DECISION_HINTS: Final[dict[str, str]] = {
    "keep": mark("The same limit and term for another half year."),
    "cut": mark("A lower limit or a shorter term."),
    "raise": mark("A higher limit or a longer term."),
    "freeze": mark("Shipments stop when the review is signed; the limit is not renewed."),
}
OUTCOME_NAMES: Final[dict[str, tuple[str, str]]] = {
    "granted": (mark("Limit granted"), "ok"),
    "stopped": (mark("Shipments stopped"), "late"),
    "file_gaps": (mark("Not renewed: the customer file has gaps"), "warn"),
    "changed": (mark("Left alone: the limit was changed meanwhile"), "warn"),
}
MESSAGES: Final[dict[str, str]] = {
    "review_not_found": mark("There is no such review."),
    "review_line_not_found": mark("This customer is not in the review."),
    "review_running": mark("%(number)s is not finished. Sign or cancel it before another review is opened."),
    "review_of_day": mark("%(number)s was signed today. The next review can be opened tomorrow."),
    "review_nothing": mark("No customer has a credit limit, so there is nothing to review."),
    "review_not_open": mark("%(number)s is not open any more: it is submitted, signed or cancelled."),
    "review_limit_needed": mark("Enter the new limit; zero is a limit too."),
    "review_not_lower": mark("A cut has a lower limit or a shorter term than now, and neither is raised."),
    "review_not_higher": mark("A raise has a higher limit or a longer term than now, and neither is cut."),
    "review_unlimited": mark(
        "An unlimited customer has no amount to change by per cent or to raise. Decide on it alone."
    ),
    "review_lines_none": mark("Tick the customers that are decided in this way."),
    "review_percent_needed": mark("Enter by how many per cent the limits are changed."),
    "review_unexplained": mark("%(lines)s flagged customers are not explained yet. Choose “To be explained”."),
    "review_undecided": mark("%(lines)s customers are not decided yet. Choose “To be decided”."),
}
EVENTS: Final[dict[str, Event]] = {
    "review_opened": Event(
        mark("Review of limits opened"), mark("%(number)s: %(customers)s customers, %(flagged)s flagged")
    ),
    "review_explained": Event(mark("Limit explained in a review"), "%(number)s: %(explanation)s"),
    "review_decided": Event(mark("Limit decided in a review"), "%(number)s: %(review_decision)s. %(note)s"),
    "review_submitted": Event(mark("Review of limits submitted"), "%(number)s"),
    "review_signed": Event(mark("Review of limits signed"), "%(number)s", tone="ok"),
    "review_returned": Event(mark("Review of limits not signed"), "%(number)s: %(reason)s"),
    "review_cancelled": Event(mark("Review of limits cancelled"), "%(number)s: %(reason)s"),
}


def flag_texts(flags: list[str] | tuple[str, ...]) -> list[str]:
    """Returns the names of flags in the current language."""
    return [_(FLAG_NAMES[each]) if each in FLAG_NAMES else each for each in flags]


def decision_choices() -> list[tuple[str, str]]:
    """Returns code and name of every decision, in the current language."""
    return [(code, _(name)) for code, (name, _tone) in DECISION_NAMES.items()]


def filter_names() -> dict[str, str]:
    """Returns what the filters of the lines are called."""
    own = {
        "all": _("All"),
        "unexplained": _("To be explained"),
        "undecided": _("To be decided"),
        "flagged": _("Flagged"),
    }
    return own | dict(decision_choices())


def _decision(facts: Mapping[str, Any]) -> str:
    return _(DECISION_NAMES[str(facts["decision"])][0])


FACT_MAKERS: Final[dict[str, FactMaker]] = {"review_decision": _decision}
