"""Texts of the credit policy: error codes, labels and values of its fields, names of classes, the journal event."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ar.credit.rules.policy import CLASSES, CheckCode, Size
from ar.credit.rules.scoring import ITEMS, Grade
from ar.credit.rules.signals import COMPUTED, NAMES, SignalCode
from ar.customers.messages import SIZE_NAMES
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.slice import Event

MESSAGES: Final[dict[str, str]] = {
    "policy_thresholds": mark("The finance director's share must not be below the sales manager's."),
}
#: The checks that a company may switch off → what each asks.
OPTIONAL_NAMES: Final[dict[str, str]] = {
    CheckCode.STATEMENT: mark("The last statement was answered in time"),
    CheckCode.FILE: mark("The customer file is complete"),
    CheckCode.CONTRACT: mark("There is a contract, or a purchase order in its place"),
}
EVENTS: Final[dict[str, Event]] = {
    "credit_policy_set": Event(mark("Credit policy recorded"), mark("version %(version)s")),
}

#: Field → label, in the order of the form; weights, caps and factors are named by item and grade.
LABELS: Final[dict[str, str]] = {
    "weights": mark("Weights of the twelve items"),
    "literal_raw": mark("Grade the sum of the scores itself, out of 96"),
    **{f"cap_{grade.lower()}": mark("Longest term") for grade in Grade},
    "cap_in_months": mark("Count the longest term in calendar months"),
    **{f"factor_{grade.lower()}": mark("Factor of the suggested limit") for grade in Grade},
    "term_tolerance_days": mark("Days past due that are tolerated"),
    "bank_bills_count": mark("Acceptances of banks add to what is owed"),
    "limit_months": mark("Months that an assessment and its limit last"),
    "unconfirmed_days": mark("Days until an unanswered statement holds orders"),
    "large_order_days": mark("Days of usual sales from which an order is large"),
    "contract_notice_days": mark("Days before its end from which a contract is listed and mailed"),
    "manager_percent": mark("Excess that the sales manager approves"),
    "director_percent": mark("Excess that the finance director approves"),
    "long_use_percent": mark("Use of the limit that counts as high"),
    "long_use_days": mark("Days of high use after which it is explained"),
    "checks_off": mark("Checks that are off"),
    "class_caps": mark("Longest term by grade and size"),
    "class_factors": mark("Factor of the suggested limit by grade and size"),
    "fires_at": mark("A danger signal is raised at"),
    "rearms_below": mark("A danger signal may be raised again below"),
    "cut_percent": mark("Limit and term proposed after a signal"),
}
#: Computed signal → the unit of its figures.
_UNITS: Final[dict[SignalCode, str]] = {
    SignalCode.SLOWER_PAYMENT: mark("days"),
    SignalCode.AGREED_PAYMENT_MISSED: mark("payments"),
    SignalCode.BANK_CHANGES: mark("accounts"),
    SignalCode.LARGE_ORDER: "%",
    SignalCode.BROKEN_PROMISES: mark("promises"),
    SignalCode.UNANSWERED_CALLS: mark("calls"),
    SignalCode.POST_DATED_DRAFTS: mark("drafts"),
    SignalCode.BANK_RETURN: mark("returns"),
}


class SignalMarks(NamedTuple):
    """A computed signal as the form of the policy names it: code, name, and the unit of its figures."""

    code: str
    name: str
    unit: str


def label_of(name: str) -> str:
    """Returns the label of a field; a cap or factor of a grade with its grade."""
    grade = name.rpartition("_")[2].upper() if name.startswith(("cap_", "factor_")) else ""
    return f"{_(LABELS[name])} {grade}".strip() if grade in Grade.__members__ else _(LABELS[name])


def entry_labels() -> dict[str, str]:
    """Returns the labels of the fields of several figures and of each of their entries (`weights-0`…)."""
    entries = {
        "weights": [_(item.name) for item in ITEMS],
        "class_caps": [class_name(*each) for each in CLASSES],
        "class_factors": [class_name(*each) for each in CLASSES],
        "fires_at": [_(NAMES[code]) for code in COMPUTED],
        "rearms_below": [_(NAMES[code]) for code in COMPUTED],
    }
    return {name: label_of(name) for name in entries} | {
        f"{name}-{at}": f"{label_of(name)} · {text}" for name, texts in entries.items() for at, text in enumerate(texts)
    }


def class_name(grade: Grade, size: Size) -> str:
    """Returns the name of a class in the current language."""
    return _("%(grade)s, %(size)s", grade=grade.value, size=_(SIZE_NAMES[size]))


def signal_marks() -> list[SignalMarks]:
    """Returns the computed signals in the order of the form."""
    return [SignalMarks(code, _(NAMES[code]), _(_UNITS[code])) for code in COMPUTED]


def words_of(name: str, value: Any) -> str:
    """Returns a stored value as the page says it."""
    match name:
        case "checks_off":
            return ", ".join(_(OPTIONAL_NAMES[code]) for code in value)
        case "literal_raw" | "cap_in_months" | "bank_bills_count":
            return _("yes") if value else _("no")
        case "weights":
            return _named([_(item.name) for item in ITEMS], value)
        case "class_caps" | "class_factors":
            return _named([class_name(*each) for each in CLASSES], value)
        case "fires_at" | "rearms_below":
            return _named([_(NAMES[code]) for code in COMPUTED], value)
    return str(value)


def _named(names: list[str], value: Any) -> str:
    """Returns figures with their names, those that were left empty without."""
    texts = list(value)
    return " · ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=False) if text)
