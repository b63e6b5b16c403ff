"""Names steps and states, and words the letter or the hint of each step, by step code; msgids, translated when shown.

Invariants: only a step that has texts can be published (`ladder.policy_versions`); a letter names amount, due date,
account, contact, and what the contract and the law allow next, and never threatens, shames or invents a legal
department (R195, R201).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ar.cases.rules.outcomes import OUTCOME_NAMES
from kernel.i18n import gettext as _
from kernel.i18n import mark

STEP_NAMES: Final[dict[str, str]] = {
    "due_notice": mark("Due notice"),
    "overdue_report": mark("Overdue report"),
    "statement_confirmation": mark("Statement to confirm"),
    "demand": mark("Demand letter"),
    "warning": mark("Warning"),
    "general_manager": mark("Report to the general manager"),
    "remind_1": mark("First reminder"),
    "remind_2": mark("Second reminder"),
    "inquiry_call": mark("Call to ask what is wrong"),
    "formal_1": mark("First formal letter"),
    "solemn_notice": mark("Formal notice"),
    "formal_2": mark("Second formal letter"),
    "pressure_call": mark("Call on the second letter"),
    "manager_call_1": mark("First call by the manager"),
    "manager_call_2": mark("Second call by the manager"),
    "final_notice": mark("Final notice"),
    "agency": mark("Hand over to an agency"),
    "litigation": mark("Prepare a lawsuit"),
    "mend_contact": mark("Correct the contact's e-mail"),
}
TASK_HINTS: Final[dict[str, str]] = {
    "overdue_report": mark("Write to the department manager why the amount is late and when it will be paid."),
    "general_manager": mark("Report to the general manager, who decides on legal or other means."),
    "inquiry_call": mark("Ask what is holding up the payment; note the reason and the promised date."),
    "pressure_call": mark("Refer to the second formal letter and ask for a firm day of payment."),
    "manager_call_1": mark("The manager speaks to the person who decides at the customer."),
    "manager_call_2": mark("Last conversation before the final notice: agree on a payment date in writing."),
    "agency": mark("Choose a collection agency by reputation and price, and sign the order."),
    "litigation": mark("Gather contract, delivery notes, statements and letters for counsel."),
    "mend_contact": mark("The e-mail bounced. Find a working address, then send the letter again."),
}


STATE_NAMES: Final[dict[str, str]] = {
    "proposed": mark("Proposed"),
    "approved": mark("Approved"),
    "sending": mark("Being sent"),
    "delivered": mark("Sent"),
    "done": mark("Done"),
    "skipped": mark("Skipped"),
    "suppressed": mark("Not sent"),
    "failed": mark("Bounced"),
    "unknown": mark("In doubt"),
    "held": mark("Withheld"),
    "simulated": mark("Simulated"),
}
STATE_TONES: Final = {
    "delivered": "ok",
    "done": "ok",
    "failed": "late",
    "unknown": "late",
    "held": "warn",
    "approved": "ok",
}


@dataclass(frozen=True)
class LetterTexts:
    """Texts of one letter: title, subject of mail and PDF, paragraphs before and after the table of items."""

    title: str
    subject: str
    before: str
    after: str


_RESERVE: Final = mark("If you have paid in the meantime, please tell us the date and disregard this letter.")
_FRIENDLY_END: Final = mark("If something prevents you from paying, please tell us so that we can resolve it together.")
_CONTRACT: Final = mark(
    "Should the amount stay unpaid, we may suspend further deliveries and claim what the contract and the law "
    "provide for late payment."
)
_LEGAL: Final = mark(
    "Should the amount stay unpaid, we shall consider the legal means open to us, including a claim before the "
    "competent court or arbitration body, with the costs that follow from it."
)

LETTERS: Final[dict[str, LetterTexts]] = {
    "due_notice": LetterTexts(
        mark("Payment notice"),
        mark("Payment is due"),
        mark("Please note that the items below are now due."),
        _FRIENDLY_END,
    ),
    "remind_1": LetterTexts(
        mark("Payment reminder"),
        mark("A friendly reminder of payment"),
        mark("This may have been overlooked: the items below are past their due date."),
        _FRIENDLY_END,
    ),
    "remind_2": LetterTexts(
        mark("Payment reminder"),
        mark("Second reminder of payment"),
        mark("We have not yet seen a payment for the items below and kindly remind you once more."),
        _FRIENDLY_END,
    ),
    "statement_confirmation": LetterTexts(
        mark("Overdue statement"),
        mark("Please confirm the overdue statement"),
        mark("The items below are overdue. Please pay them, and confirm the statement or tell us what differs."),
        _FRIENDLY_END,
    ),
    "formal_1": LetterTexts(
        mark("Formal request for payment"),
        mark("Formal request for payment of overdue items"),
        mark("Despite our reminders, the items below remain unpaid. We formally ask you to settle them now."),
        _CONTRACT,
    ),
    "solemn_notice": LetterTexts(
        mark("Formal notice"),
        mark("Notice of overdue payment"),
        mark("The items below have been overdue for some time, and our requests have gone unanswered."),
        _CONTRACT,
    ),
    "formal_2": LetterTexts(
        mark("Second formal request for payment"),
        mark("Second formal request for payment"),
        mark("We refer to our earlier letters. The items below are still unpaid, and we ask for payment once more."),
        _CONTRACT,
    ),
    "demand": LetterTexts(
        mark("Demand letter"),
        mark("Demand for payment with a deadline"),
        mark("The items below have passed the agreed date of payment, and our reminders have gone unanswered."),
        _CONTRACT,
    ),
    "warning": LetterTexts(
        mark("Warning"),
        mark("The deadline for payment has passed"),
        mark("The deadline of our demand has passed without payment of the items below."),
        _LEGAL,
    ),
    "final_notice": LetterTexts(
        mark("Final notice"),
        mark("Final notice before further steps"),
        mark("This is our last request to settle the items below without further steps."),
        _LEGAL,
    ),
}


def has_texts(code: str, form: str) -> bool:
    """Returns whether a step of this code has a name, and letter texts or, for calls and tasks, a hint."""
    return code in STEP_NAMES and code in (LETTERS if form == "letter" else TASK_HINTS)


def step_name(code: str) -> str:
    """Returns a step's name in the current language; an unknown code as it is."""
    return _(STEP_NAMES[code]) if code in STEP_NAMES else code


def state_name(state: str) -> str:
    """Returns the state of a step or an action in the current language."""
    return _(STATE_NAMES[state]) if state in STATE_NAMES else state


def outcome_name(outcome: str | None) -> str:
    """Returns what came of a call or task in the current language; empty for none."""
    return _(OUTCOME_NAMES[outcome]) if outcome in OUTCOME_NAMES else outcome or ""


def task_hint(code: str) -> str:
    """Returns the instruction for a call or task; empty for letters."""
    return _(TASK_HINTS[code]) if code in TASK_HINTS else ""


def letter_texts(code: str) -> LetterTexts:
    """Returns the texts of a letter in the current language."""
    msgids = LETTERS[code]
    return LetterTexts(_(msgids.title), _(msgids.subject), _(msgids.before), _(msgids.after))


def closing_paragraph() -> str:
    """Returns the paragraph that ends every letter."""
    return _(_RESERVE)
