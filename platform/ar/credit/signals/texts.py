"""Texts of danger signals: names, figures in words, sentences of refusals, journal events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.credit.rules.signals import NAMES, SignalCode
from kernel.i18n import current_language, mark, ngettext
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

#: Decision → name and tone. A signal never raises a limit, a review may.
DECISION_NAMES: Final[dict[str, tuple[str, str]]] = {
    "keep": (mark("Keep the limit"), "quiet"),
    "cut": (mark("Cut the limit"), "warn"),
    "freeze": (mark("Stop shipments"), "late"),
    "raise": (mark("Raise the limit"), "ok"),
}
DECISION_HINTS: Final[dict[str, str]] = {
    "keep": mark("Nothing changes; the reason is kept with the signal."),
    "cut": mark("The general manager approves it. Until then the signal waits."),
    "freeze": mark("Nothing is shipped from this moment on, until somebody lifts the stop."),
}
MESSAGES: Final[dict[str, str]] = {
    "signal_not_found": mark("There is no such signal."),
    "signal_decided": mark("Somebody has decided on this signal meanwhile."),
    "signal_no_limit": mark("There is no credit limit in force to cut. Keep it so, or stop shipments."),
    "signal_cut_to": mark("Enter the limit to cut to; zero is a limit too."),
    "signal_not_lower": mark("A cut has a lower limit or a shorter term than now, and neither is raised."),
}
EVENTS: Final[dict[str, Event]] = {
    "signal_raised": Event(mark("Danger signal raised"), "%(signal)s", tone="late"),
    "signal_noted": Event(mark("Danger signal noted"), "%(signal)s: %(note)s", tone="late"),
    "signal_decided": Event(mark("Danger signal decided"), "%(signal)s: %(signal_decision)s. %(reason)s"),
    "signals_run": Event(mark("Danger signals looked for"), mark("%(raised)s raised, %(ended)s ended")),
}


def signal_name(code: str) -> str:
    """Returns the name of a signal in the current language; a code that is no longer known as it is."""
    return _(NAMES[SignalCode(code)]) if code in set(SignalCode) else code


def figures_text(code: str, figures: Mapping[str, Any]) -> str:
    """Returns the figures that fired a computed signal as a sentence; empty for one that a person noted."""
    if not figures:
        return ""
    value, day = int(figures["value"]), str(figures.get("last_on", ""))
    match code:
        case SignalCode.SLOWER_PAYMENT:
            return _(
                "Paid in the last three months %(now)s, in the nine months before %(before)s",
                now=_days_to_pay(str(figures["days_now"])),
                before=_days_to_pay(str(figures["days_before"])),
            )
        case SignalCode.BANK_CHANGES:
            return ngettext("%(num)s new account in twelve months", "%(num)s new accounts in twelve months", value)
        case SignalCode.LARGE_ORDER:
            language, currency = current_language(), str(figures["currency"])
            return _(
                "Order %(number)s of %(total)s; an average month is %(average)s",
                number=figures["number"],
                total=format_with_symbol(int(figures["total_minor"]), currency, language),
                average=format_with_symbol(int(figures["average_minor"]), currency, language),
            )
        case SignalCode.AGREED_PAYMENT_MISSED:
            return ngettext(
                "%(num)s payment, the last agreed for %(day)s",
                "%(num)s payments, the last agreed for %(day)s",
                value,
                day=day,
            )
        case SignalCode.BROKEN_PROMISES:
            return ngettext(
                "%(num)s promise, the last for %(day)s", "%(num)s promises, the last for %(day)s", value, day=day
            )
        case SignalCode.UNANSWERED_CALLS:
            return ngettext("%(num)s call, the last on %(day)s", "%(num)s calls, the last on %(day)s", value, day=day)
        case SignalCode.POST_DATED_DRAFTS:
            return ngettext("%(num)s draft, the last on %(day)s", "%(num)s drafts, the last on %(day)s", value, day=day)
        case SignalCode.BANK_RETURN:
            return ngettext(
                "%(num)s payment, the last on %(day)s", "%(num)s payments, the last on %(day)s", value, day=day
            )
    return ""


def _days_to_pay(days: str) -> str:
    """Returns in words when money came, from the days after its documents; fewer than none were ahead of them."""
    if days.startswith("-"):
        return _("%(days)s days ahead of the invoice", days=days.removeprefix("-"))
    return _("%(days)s days after the invoice", days=days)


def _signal(facts: Mapping[str, Any]) -> str:
    return signal_name(str(facts["code"]))


def _decision(facts: Mapping[str, Any]) -> str:
    return _(DECISION_NAMES[str(facts["decision"])][0])


FACT_MAKERS: Final[dict[str, FactMaker]] = {"signal": _signal, "signal_decision": _decision}
