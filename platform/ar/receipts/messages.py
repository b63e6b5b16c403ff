"""Texts of receipts: error sentences, names of methods, reasons and states.

Invariant: one sentence per code.
"""

from __future__ import annotations

from typing import Final

from ar.receipts.bank import messages as bank_messages
from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    **bank_messages.MESSAGES,
    "receipt_customer_unknown": mark("There is no customer with the number %(number)s."),
    "receipt_account_unknown": mark("There is no such bank account."),
    "receipt_account_currency": mark("That account is in %(account)s, this money in %(receipt)s."),
    "receipt_booked_before": mark("The receipt came on %(since_on)s: it cannot be posted before."),
    "receipt_in_future": mark("%(on)s is in the future: money is posted on the day it was received."),
    "receipt_overapplied": mark("The ticked amounts exceed the money available."),
    "nothing_ticked": mark("Tick what the money is for, or leave it unapplied."),
    "nothing_to_apply": mark("There is nothing open that this could pay."),
    "line_matched": mark("%(by)s has already posted this line as receipt %(number)s."),
    "line_set_aside": mark("%(by)s has already set this line aside: %(reason)s"),
    "line_not_matched": mark("This line is no longer matched. Reload the page."),
    "line_not_a_receipt": mark("This line is not incoming money."),
    "return_decided": mark("%(by)s has already decided this return."),
    "return_booked": mark("The return is booked. If that was wrong, post the receipt anew."),
    "return_subject_gone": mark("What came back is no longer there as shown. Reload the page."),
    "return_amount_differs": mark("The return is not of the amount of %(number)s."),
    "return_other_currency": mark("The return is in %(found)s, the payment was in %(currency)s."),
    "return_before_payment": mark("The return is dated before the payment."),
    "batch_not_found": mark("There is no such batch."),
    "batch_undone": mark("%(by)s has already undone this batch."),
    "refund_not_found": mark("There is no such refund."),
    "refund_of_debit": mark("%(document_no)s is not customer money that can be refunded."),
    "refund_too_much": mark("At most %(open)s: no more is unapplied and free of refund requests."),
    "refund_settled": mark("This refund has already been decided."),
    "refund_credit_gone": mark("%(document_no)s has since been used elsewhere: less is unapplied than was requested."),
}
METHODS: Final[dict[str, str]] = {
    "transfer": mark("Bank transfer"),
    "cash": mark("Cash"),
    "cheque": mark("Cheque"),
    "card": mark("Card"),
    "other": mark("Other"),
}
#: Reasons for a proposal; objections are in AGAINST.
REASONS: Final[dict[str, str]] = {
    "reference": mark("document named"),
    "reference_weak": mark("document perhaps named"),
    "amount": mark("amount matches"),
    "set_sum": mark("documents sum to the amount"),
    "designation": mark("divided so by the payer"),
    "part_payment": mark("part payment"),
    "overpaid": mark("more than is open"),
    "account_confirmed": mark("payer’s account confirmed"),
    "account_seen": mark("payer’s account seen before"),
    "name_same": mark("payer’s name is the customer’s"),
    "name_in_text": mark("customer named in the text"),
    "name_alike": mark("payer’s name is like the customer’s"),
    "order": mark("in the order of the law"),
}
AGAINST: Final[dict[str, str]] = {
    "other_account": mark("the account is another customer’s"),
    "other_name": mark("the payer has another customer's name"),
    "other_name_in_text": mark("the text names another customer"),
    "other_document": mark("the text names another customer’s document"),
    "settled_document": mark("the text names a document that is already paid"),
    "unknown_document": mark("the text names a document that is not in the books"),
    "other_currency": mark("the document named is in another currency"),
    "refused": mark("undone before by a person"),
    "refused_before": mark("a person has undone a match of this line"),
}
#: The rule that allocated a share (`allocation_order.AllocationRule`).
WHY: Final[dict[str, str]] = {
    "designated": mark("named by the debtor"),
    "due": mark("due, the oldest first"),
    "not_due": mark("not due yet"),
    "pro_rata": mark("in proportion: same day"),
}
TIERS: Final[dict[str, tuple[str, str]]] = {
    "sure": (mark("Sure"), "ok"),
    "likely": (mark("Proposal"), "warn"),
    "hand": (mark("By hand"), "quiet"),
}
MATCH_STATES: Final[dict[str, str]] = {
    "open": mark("To match"),
    "sure": mark("Sure"),
    "likely": mark("Proposal"),
    "hand": mark("By hand"),
    "matched": mark("Matched"),
    "set_aside": mark("Set aside"),
}
RECEIPT_STATES: Final[dict[str, str]] = {
    "all": mark("All"),
    "unapplied": mark("Unapplied"),
    "applied": mark("Applied"),
    "reversed": mark("Reversed"),
}
REFUND_STATES: Final[dict[str, tuple[str, str]]] = {
    "asked": (mark("Awaiting approval"), "warn"),
    "paid": (mark("Refunded"), "ok"),
    "returned": (mark("Sent back"), "late"),
    "refused": (mark("Refused"), "quiet"),
    "withdrawn": (mark("Withdrawn"), "quiet"),
}
#: Result of a line in a batch of receipts.
BATCH_OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    "posted": (mark("Posted"), "ok"),
    "changed": (mark("Not posted: its documents have changed"), "warn"),
    "decided": (mark("Not posted: somebody has decided it"), "warn"),
    "locked": (mark("Not posted: its period is closed"), "warn"),
}
#: What undoing a batch did with a receipt.
UNDO_OUTCOMES: Final[dict[str, tuple[str, str]]] = {
    "undone": (mark("Undone"), "quiet"),
    "depends": (mark("Kept: something depends on it"), "warn"),
}
#: Why a return may belong to a payment (`rules.returns`).
RETURN_REASONS: Final[dict[str, str]] = {
    "reference": mark("the bank’s or payer’s reference is the same"),
    "document": mark("a document of it is named"),
    "account": mark("account of the payer"),
    "name": mark("name of the payer"),
    "amount": mark("amount matches"),
}
