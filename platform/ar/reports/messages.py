"""What the journal's kinds of events mean, in words, and the error texts of this slice.

May import kernel's texts and money, and the names other slices give their kinds. Invariant: every kind has a name; a
kind not listed here is shown as its code, and its facts are shown as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ar.cases.explain import reason_text
from ar.cases.texts import step_name
from ar.ledger.messages import KIND_NAMES
from ar.losses.messages import EVENTS as LOSS_EVENTS
from ar.receipts.messages import EVENTS as RECEIPT_EVENTS
from kernel.i18n import current_language, mark, ngettext
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol

MESSAGES: dict[str, str] = {}

#: Kind → (name, sentence of its facts; what the facts do not give leaves the sentence out).
EVENTS: Final[dict[str, tuple[str, str]]] = {
    "company_created": (mark("Company created"), "%(name)s"),
    "person_invited": (mark("Person invited"), "%(email)s"),
    "invitation_queued": (mark("Invitation put in the post"), ""),
    "person_removed": (mark("Person removed"), ""),
    "roles_changed": (mark("Roles changed"), ""),
    "settings_changed": (mark("Settings changed"), ""),
    "calendar_day_set": (mark("Working calendar changed"), "%(on)s %(reason)s"),
    "calendar_day_unset": (mark("Working calendar changed back"), "%(on)s"),
    "approval_requested": (mark("Approval asked for"), "%(number)s: %(reason)s"),
    "approval_step_approved": (mark("Step of an approval approved"), "%(number)s: %(reason)s"),
    "approval_step_rejected": (mark("Step of an approval rejected"), "%(number)s: %(reason)s"),
    "approval_decided": (mark("Approval decided"), "%(number)s: %(reason)s"),
    "approval_withdrawn": (mark("Approval withdrawn"), "%(number)s: %(reason)s"),
    "approval_chain_changed": (mark("Approval chain changed"), mark("%(approval_kind)s, version %(version)s")),
    "approval_substitute_set": (mark("Substitute set"), mark("%(substitute)s for %(of)s, %(from_on)s to %(to_on)s")),
    "approval_substitute_revoked": (
        mark("Substitute revoked"),
        mark("%(substitute)s for %(of)s, %(from_on)s to %(to_on)s"),
    ),
    "customer_created": (mark("Customer created"), "%(number)s"),
    "customer_changed": (mark("Customer changed"), "%(fields)s"),
    "contact_added": (mark("Contact added"), "%(name)s %(email)s"),
    "contact_deactivated": (mark("Contact deactivated"), "%(name)s %(email)s"),
    "period_locked": (mark("Period locked"), mark("through %(through_on)s")),
    "period_unlocked": (mark("Period unlocked"), mark("%(approval_no)s, asked by %(asked_by)s: %(reason)s")),
    "rate_recorded": (mark("Exchange rate recorded"), mark("%(currency)s %(rate)s on %(rate_on)s")),
    "rates_recorded": (mark("Exchange rates recorded"), mark("%(count)s, from %(from_on)s to %(to_on)s")),
    "exchange_revalued": (mark("Exchange difference booked"), mark("as of %(as_of)s, %(amount)s")),
    "revaluation_reversed": (mark("Exchange difference reversed"), "%(as_of)s: %(reason)s"),
    "books_differ": (mark("Examination of the books: something differs"), "%(checks)s"),
    "documents_posted": (mark("Documents booked"), "%(documents)s"),
    "document_reversed": (mark("Document reversed"), mark("%(document_no)s by %(reversal_no)s, %(amount)s")),
    "item_noted": (mark("Note on a document"), "%(document_no)s: %(note)s"),
    "documents_allocated": (mark("Receipts allocated"), "%(allocations)s"),
    "allocation_reversed": (mark("Allocation taken back"), mark("%(credit_no)s from %(debit_no)s, %(amount)s")),
    "ledger_settings_changed": (mark("Limit for small differences changed"), mark("up to %(amount)s by one person")),
    "interest_posted": (mark("Interest charged"), mark("%(number)s through %(through_on)s: %(documents)s")),
    "interest_terms_set": (mark("Interest terms recorded"), mark("from %(from_on)s")),
    "reference_rate_added": (
        mark("Reference rate recorded"),
        mark("%(percent)s per cent from %(from_on)s, %(source)s"),
    ),
    "interest_waived": (mark("Interest waived"), mark("%(document_no)s by %(waiver_no)s, %(amount)s: %(reason)s")),
    "interest_reinstated": (mark("Waived interest claimed again"), mark("%(document_no)s, %(amount)s: %(reason)s")),
    "interest_charge_reversed": (mark("Interest charge reversed"), mark("%(document_no)s, %(amount)s: %(reason)s")),
    "bill_received": (mark("Bill received"), mark("%(number)s over %(amount)s")),
    "bill_pledged": (mark("Bill pledged"), mark("%(number)s to %(party)s")),
    "bill_returned": (mark("Bill back from the pledge"), "%(number)s"),
    "bill_endorsed": (mark("Bill endorsed"), mark("%(number)s to %(party)s")),
    "bill_discounted": (mark("Bill discounted"), mark("%(number)s at %(party)s")),
    "bill_discounted_recourse": (mark("Bill discounted with recourse"), mark("%(number)s at %(party)s")),
    "bill_presented": (mark("Bill presented for payment"), "%(number)s"),
    "bill_honoured": (mark("Bill paid"), "%(number)s, %(amount)s"),
    "bill_dishonoured": (mark("Bill dishonoured"), "%(number)s, %(amount)s: %(note)s"),
    "bill_notified": (mark("Notice of dishonour given"), "%(number)s"),
    "bill_undone": (mark("Step of a bill undone"), "%(number)s: %(note)s"),
    "bill_cancelled": (mark("Bill cancelled"), "%(number)s: %(note)s"),
    "bill_reminded": (mark("Reminder of a bill"), mark("%(number)s until %(until_on)s")),
    **RECEIPT_EVENTS,
    **LOSS_EVENTS,
    "import_uploaded": (mark("File uploaded"), "%(file)s"),
    "import_confirmed": (mark("Import confirmed"), ""),
    "import_applied": (mark("File imported"), mark("%(file)s: %(rows)s rows, %(created)s new, %(updated)s changed")),
    "debt_list_sent": (
        mark("Debt list of the week sent"),
        mark("%(week)s: %(customers)s customers, %(people)s people"),
    ),
    "statement_issued": (mark("Statement issued"), mark("%(number)s over %(closing)s")),
    "statement_queued": (mark("Statement put in the post"), mark("%(number)s to %(to)s")),
    "statement_sent": (mark("Statement sent"), "%(to)s"),
    "statement_bounced": (mark("Statement came back"), "%(to)s: %(reason)s"),
    "statement_mail_arrived": (mark("Mail judged as arrived"), "%(to)s"),
    "statement_mail_lost": (mark("Mail judged as not arrived"), "%(to)s"),
    "statements_wait": (mark("Statements of the month wait"), mark("%(period)s: %(statements)s statements to issue")),
    "statement_code_sent": (mark("Code sent to the signer"), "%(to)s"),
    "statement_code_entered": (mark("Code entered by the signer"), ""),
    "statement_superseded": (mark("Statement superseded"), ""),
    "statement_confirmed": (mark("Statement confirmed"), mark("%(number)s by %(signer)s, reference %(reference)s")),
    "statement_disputed": (mark("Statement disputed"), mark("%(number)s by %(signer)s, reference %(reference)s")),
    "day_run": (mark("Daily run"), mark("%(run_on)s, steps: %(steps)s, letters and tasks: %(actions)s")),
    "policy_published": (mark("Policy published"), mark("%(policy)s, version %(version)s")),
    "action_approved": (mark("Step approved"), "%(step)s"),
    "actions_approved": (mark("Letters approved"), "%(count)s"),
    "action_skipped": (mark("Step skipped"), "%(step)s: %(reason)s"),
    "action_done": (mark("Task done"), "%(step)s: %(reason)s"),
    "action_delivered": (mark("Letter judged as arrived"), "%(step)s"),
    "action_reopened": (mark("Letter put back in the queue"), "%(step)s"),
    "letter_queued": (mark("Letter put in the post"), mark("%(number)s to %(to)s")),
    "letter_rewritten": (mark("Letter written anew"), "%(number)s"),
    "letter_sent": (mark("Letter sent"), mark("%(number)s to %(to)s")),
    "letter_not_sent": (mark("Letter held back"), "%(number)s: %(reason)s"),
    "letter_bounced": (mark("Letter came back"), mark("%(number)s to %(to)s: %(reason)s")),
    "letter_in_doubt": (mark("Letter in doubt"), mark("%(number)s to %(to)s")),
    "stop_shipment_proposed": (mark("Stop of shipments proposed"), ""),
    "block_placed": (mark("Hold placed"), "%(hold)s: %(reason)s"),
    "block_lifted": (mark("Hold lifted"), ""),
}
#: Purpose of a mail to the debtor → its name; mails to our own people and codes are not among what happened.
MAIL_NAMES: Final[dict[str, str]] = {
    "statement": mark("Statement by mail"),
    "statement_copy": mark("Copy of the answer by mail"),
}
TONES: Final[dict[str, str]] = {
    "statement_confirmed": "ok",
    "statement_disputed": "late",
    "statement_bounced": "late",
    "letter_bounced": "late",
    "letter_in_doubt": "late",
    "document_reversed": "late",
    "books_differ": "late",
    "bill_dishonoured": "late",
    "bill_honoured": "ok",
}
HOLD_NAMES: Final[dict[str, str]] = {
    "block": mark("Hold"),
    "dispute": mark("Dispute"),
    "promise": mark("Promise to pay"),
}
FIELD_NAMES: Final[dict[str, str]] = {
    "name": mark("name"),
    "entity_type": mark("legal form"),
    "tax_id": mark("tax number"),
    "owner_id": mark("owner"),
    "language": mark("language"),
    "terms": mark("payment terms"),
    "settlement_days": mark("settlement days"),
    "policy_code": mark("policy"),
    "contact": mark("contact"),
}


def event_name(kind: str) -> str:
    """The kind of event in words; an unknown kind as its code."""
    return _(EVENTS[kind][0]) if kind in EVENTS else kind


def event_text(kind: str, data: Mapping[str, Any]) -> str:
    """The event's facts as a sentence, or nothing where they do not make one."""
    template = EVENTS[kind][1] if kind in EVENTS else ""
    if not template:
        return ""
    try:
        return (_(template) % _Facts(data)).rstrip(" :")
    except KeyError:
        return ""


class _Facts(dict[str, Any]):
    """The facts of an event and what can be said from them."""

    def __missing__(self, name: str) -> str:
        return _MAKERS[name](self)

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        return reason_text(found) if name == "reason" else found


def _money(facts: Mapping[str, Any], name: str) -> str:
    return format_with_symbol(int(facts[name]), str(facts["currency"]), current_language())


def _hold(facts: Mapping[str, Any]) -> str:
    kind = str(facts["kind"])
    name = _(HOLD_NAMES[kind]) if kind in HOLD_NAMES else kind
    return _("%(hold)s until %(day)s", hold=name, day=facts["until_on"]) if facts.get("until_on") else name


def _fields(changes: Mapping[str, Any]) -> str:
    return _list(_(FIELD_NAMES[field]) if field in FIELD_NAMES else field for field in changes)


def _documents(facts: Mapping[str, Any]) -> str:
    if "document_no" in facts:
        return f"{_kind(facts)} {facts['document_no']}, {_money(facts, 'amount_minor')}"
    return _list(f"{_kind(each)} ({each['count']}), {_money(each, 'amount_minor')}" for each in facts["totals"])


def _allocations(facts: Mapping[str, Any]) -> str:
    if "debit_no" in facts:
        return f"{facts['credit_no']} → {facts['debit_no']}, {_money(facts, 'amount_minor')}"
    sums = _list(_money(each, "amount_minor") for each in facts["totals"])
    return ngettext("%(num)s allocation, %(sums)s", "%(num)s allocations, %(sums)s", int(facts["count"]), sums=sums)


def _kind(facts: Mapping[str, Any]) -> str:
    kind = str(facts["kind"])
    return _(KIND_NAMES[kind]) if kind in KIND_NAMES else kind


def _list(parts: Iterable[str]) -> str:
    return "; ".join(parts)


_MAKERS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "amount": lambda facts: _money(facts, "amount_minor"),
    "closing": lambda facts: _money(facts, "closing_minor"),
    "step": lambda facts: step_name(str(facts["code"])),
    "hold": _hold,
    "fields": lambda facts: _fields(facts["changes"]),
    "documents": _documents,
    "allocations": _allocations,
    "reason": lambda _facts: "",
}
