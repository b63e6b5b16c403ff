"""Explains each automatic decision in one sentence: why a step comes, is withheld or was not sent.

Invariant: a sentence is made from the stored code and parameters alone, so it reads the same in a year; an unknown code
is returned as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kernel.i18n import current_language, mark, ngettext
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol

REASONS: Final[dict[str, str]] = {
    "paid": mark("paid or credited in the meantime"),
    "blocked": mark("on hold"),
    "disputed": mark("disputed by the customer"),
    "promised": mark("payment promised"),
    "tolerance": mark("below the minimum amount to chase"),
    "apply_first": mark("unapplied credit to apply first"),
    "contact_suppressed": mark("the contact's address does not work"),
    "no_dunning_contact": mark("no contact for reminders"),
    "letter_failed": mark("the letter could not be made"),
    "withdrawn": mark("withdrawn before sending"),
}
_ANCHORS: Final = {
    "due": mark("the due date"),
    "collection_end": mark("the end of the collection period"),
    "deadline": mark("the deadline set"),
}


def reason_text(code: str | None) -> str:
    """Returns a short reason (why held, suppressed) in the current language; free text stays as it is."""
    if not code:
        return ""
    return _(REASONS[code]) if code in REASONS else code


def explain_step(code: str, params: Mapping[str, Any]) -> str:
    """Explains why a step comes on its day (R172-R178, R210-R221), in the current language."""
    basis = _basis(params)
    runs_on, nominal_on = params.get("runs_on"), params.get("nominal_on")
    match code:
        case "level_due":
            return _("%(basis)s: due on %(day)s.", basis=basis, day=runs_on or nominal_on)
        case "moved_to_working_day":
            return _(
                "%(basis)s: moved from %(day)s to %(to)s, the next working day.",
                basis=basis,
                day=nominal_on,
                to=runs_on,
            )
        case "gap":
            return _(
                "%(basis)s: waited until %(gap)s after the step delivered on %(last)s.",
                basis=basis,
                gap=_days(params.get("min_gap_days")),
                last=params.get("last_delivered_on"),
            )
        case "catch_up":
            return _(
                "%(basis)s: was due on %(day)s, caught up on %(today)s.", basis=basis, day=nominal_on, today=runs_on
            )
        case "level_of_the_day":
            return _("%(basis)s: starts at that day's level, as the policy provides.", basis=basis)
        case "deadline_lapsed":
            return _("The deadline of %(day)s has passed without payment.", day=params.get("anchor_on"))
        case "own_clock":
            return _("%(basis)s, regardless of the item's level.", basis=basis)
        case _:
            return code


def explain_withheld(code: str, params: Mapping[str, Any]) -> str:
    """Explains why a due step is withheld, in the current language."""
    # What a person typed may end with a stop of its own; the sentence brings one.
    until, reason = params.get("until_on"), str(params.get("reason", "")).rstrip(" .。;；")
    match code:
        case "blocked" if until:
            return _("On hold until %(day)s: %(reason)s", day=until, reason=reason)
        case "blocked":
            return _("On hold until lifted: %(reason)s", reason=reason)
        case "disputed":
            return _("Disputed: %(reason)s. Only the disputed items are held back.", reason=reason)
        case "promised":
            return _("Payment promised for %(day)s: %(reason)s", day=until, reason=reason)
        case "tolerance":
            return _(
                "%(open)s is open; below %(tolerance)s nothing is chased.",
                open=_money(params, "open_minor"),
                tolerance=_money(params, "tolerance_minor"),
            )
        case "apply_first":
            return _(
                "Unapplied credit of %(credit)s covers the overdue %(overdue)s: apply it first.",
                credit=_money(params, "credit_minor"),
                overdue=_money(params, "overdue_minor"),
            )
        case _:
            return reason_text(code)


def _basis(params: Mapping[str, Any]) -> str:
    """Returns e.g. "15 days after the end of the collection period (2026-11-01)", after the level if there is one."""
    anchor = _(_ANCHORS[params["anchor"]]) if params.get("anchor") in _ANCHORS else str(params.get("anchor"))
    after = _(
        "%(offset)s after %(anchor)s (%(day)s)", offset=_offset(params), anchor=anchor, day=params.get("anchor_on")
    )
    if params.get("level"):
        return _("Level %(level)s, %(after)s", level=params["level"], after=after)
    return after


def _offset(params: Mapping[str, Any]) -> str:
    days, months = params.get("offset_days") or 0, params.get("offset_months") or 0
    if not months:
        return _days(days)
    in_months = ngettext("%(num)s month", "%(num)s months", months)
    return _("%(days)s and %(months)s", days=_days(days), months=in_months) if days else in_months


def _days(count: Any) -> str:
    return ngettext("%(num)s day", "%(num)s days", int(count or 0))


def _money(params: Mapping[str, Any], name: str) -> str:
    return format_with_symbol(int(params[name]), str(params["currency"]), current_language())
