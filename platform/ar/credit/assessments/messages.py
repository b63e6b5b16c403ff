"""Texts of assessments: error codes, states, parts of the form, journal events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.credit.rules.scoring import ITEMS, ScoreFault
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

MESSAGES: Final[dict[str, str]] = {
    "assessment_not_found": mark("There is no such assessment."),
    "assessment_open": mark("%(number)s of this customer is not decided yet. Finish or discard it first."),
    "assessment_not_draft": mark("%(number)s was submitted already; what it says stays. A new assessment replaces it."),
    "assessment_not_submitted": mark("%(number)s waits for no sign-off."),
    "assessment_incomplete": mark("Not scored yet: %(items)s. Choose one number for each item."),
    "assessment_no_opinion": mark("Propose a limit and a term; 0 is a proposal too."),
    "assessment_limit_unreadable": mark("Enter the limit in ten thousands, such as 50 or 12.5."),
    "assessment_forecast_unreadable": mark("Enter the forecast in ten thousands, such as 50 or 12.5."),
    "assessment_term_cap": mark(
        "Grade %(grade)s allows a term of %(cap_days)s days at most. Grant that; what is more is asked for order by "
        "order, by an over-limit request (Annex 2)."
    ),
    "assessment_no_credit": mark(
        "Grade %(grade)s gives no credit: limit and term are 0. An order can still be asked for by an over-limit "
        "request (Annex 2)."
    ),
    "assessment_figures_needed": mark(
        "Each sign-off of an assessment writes its own limit and term. Open the related record and sign there."
    ),
    "score_count": mark("Give twelve scores, one for each item."),
    "score_points": mark("%(item)s: a score is a whole number from 0 to 8."),
    "score_band": mark("%(item)s: this number lies in none of its bands (%(bands)s)."),
    "score_weights": mark("Give twelve weights from 0 to 1000, not all of them 0."),
}
#: State → (name, tone).
STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "draft": (mark("Draft"), "quiet"),
    "submitted": (mark("Being signed"), "warn"),
    "approved": (mark("In force"), "ok"),
    "rejected": (mark("Returned"), "late"),
    "withdrawn": (mark("Discarded"), "quiet"),
    "superseded": (mark("Superseded"), "quiet"),
}
#: The header of Annex 1 (R040) beside the customer's name: field → label.
HEADER_LABELS: Final[dict[str, str]] = {
    "founded_on": mark("Founded on"),
    "address": mark("Address"),
    "telephone": mark("Telephone"),
    "employees": mark("Employees"),
    "fax": mark("Fax"),
    "legal_representative": mark("Legal representative"),
    "main_bank": mark("Main bank"),
    "sales_representative": mark("Sales representative"),
    "bank_account": mark("Bank account"),
    "business_scope": mark("Business scope"),
    "registered_capital": mark("Registered capital"),
    "taxpayer_no": mark("Taxpayer number"),
}
EVENTS: Final[dict[str, Event]] = {
    "assessment_submitted": Event(mark("Assessment submitted"), "%(assessed)s"),
    "assessment_signed": Event(mark("Assessment signed"), "%(opinion)s"),
    "assessment_approved": Event(mark("Assessment approved"), "%(opinion)s", tone="ok"),
    "assessment_returned": Event(mark("Assessment returned"), "%(number)s: %(reason)s", tone="late"),
    "assessment_discarded": Event(mark("Assessment discarded"), "%(number)s"),
    "assessment_lapsing": Event(mark("Assessment lapses soon"), mark("%(number)s through %(valid_through_on)s")),
}


def item_text(code: str) -> str:
    """Returns the name of one of the twelve items in the current language."""
    return _(next(item.name for item in ITEMS if item.code == code))


def score_fault_params(fault: ScoreFault) -> dict[str, str]:
    """Returns the parameters of a fault's sentence: the item's name and its bands, in the current language."""
    if fault.item is None:
        return {}
    item = ITEMS[fault.item]
    bands = ", ".join(f"{band.low}–{band.high} {_(band.text)}" for band in item.bands)
    return {"item": _(item.name), "bands": bands}


def score_fault_text(fault: ScoreFault) -> str:
    """Returns the sentence of scores or weights that cannot be graded, in the current language."""
    return _(MESSAGES[fault.code]) % score_fault_params(fault)


def _opinion(facts: Mapping[str, Any]) -> str:
    amount = format_with_symbol(int(facts["limit_minor"]), str(facts["currency"]), current_language())
    return _(
        "%(number)s: limit %(amount)s, term %(days)s days",
        number=facts["number"],
        amount=amount,
        days=facts["term_days"],
    )


def _assessed(facts: Mapping[str, Any]) -> str:
    return _(
        "%(opinion)s, grade %(grade)s with %(score)s points",
        opinion=_opinion(facts),
        grade=facts["grade"],
        score=facts["score"],
    )


FACT_MAKERS: Final[dict[str, FactMaker]] = {"opinion": _opinion, "assessed": _assessed}
