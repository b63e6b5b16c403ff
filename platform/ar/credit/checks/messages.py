"""Words the reasons of the checks: why an order is held, and what can be done about it; msgids, translated when shown.

Invariant: every check has both, in the words of who enters orders; `%(name)s` are the parameters of
`ar.credit.rules.decision`, amounts beside their `currency` already formatted.
"""

from __future__ import annotations

from typing import Final

from ar.credit.rules.policy import CheckCode
from kernel.i18n import mark
from kernel.uploads import HEIC

#: Names of the checks, for the policy, for what is switched off and for overrides.
CHECK_NAMES: Final[dict[str, str]] = {
    CheckCode.LIMIT: mark("Over the limit"),
    CheckCode.GROUP_LIMIT: mark("Over the limit of the group"),
    CheckCode.NO_LIMIT: mark("No limit granted"),
    CheckCode.NO_RATE: mark("No exchange rate"),
    CheckCode.TERM: mark("Past due"),
    CheckCode.NO_TERM: mark("No term in writing"),
    CheckCode.LONG_TERM: mark("Longer term than granted"),
    CheckCode.PROOF: mark("No accepted proof of payment"),
    CheckCode.CLEARED_FUNDS: mark("Money not yet received"),
    CheckCode.HOLD: mark("Stop of shipments"),
    CheckCode.BLACKLIST: mark("Blacklist"),
    CheckCode.STATEMENT: mark("Unconfirmed statement"),
    CheckCode.FILE: mark("Gaps in the customer file"),
    CheckCode.CONTRACT: mark("No contract"),
    CheckCode.PRICE: mark("Other price than agreed"),
    CheckCode.QUANTITY: mark("More than agreed"),
    CheckCode.STATE: mark("State of the order"),
}
#: Why an order is held.
REASON_SENTENCES: Final[dict[str, str]] = {
    CheckCode.LIMIT: mark("Over the credit limit of %(limit)s %(currency)s by %(excess)s."),
    CheckCode.GROUP_LIMIT: mark("Over the limit of the group, %(limit)s %(currency)s, by %(excess)s."),
    CheckCode.NO_LIMIT: mark("No credit limit was granted to this customer."),
    CheckCode.NO_RATE: mark(
        "There is no exchange rate for %(currencies)s, so what is owed cannot be set against the limit."
    ),
    CheckCode.TERM: mark("Documents past due: %(items)s, the oldest by %(days)s days."),
    CheckCode.NO_TERM: mark("Neither the contract nor the order names a credit term."),
    CheckCode.LONG_TERM: mark("The term of %(term_days)s days is longer than the %(granted_days)s days granted."),
    CheckCode.PROOF: mark(
        "Grade C ships against a proof of payment; accepted proofs are short by %(missing)s %(currency)s."
    ),
    CheckCode.CLEARED_FUNDS: mark("Paid before delivery; the money received is short by %(missing)s %(currency)s."),
    CheckCode.HOLD: mark("Shipments are stopped: %(reason)s"),
    CheckCode.BLACKLIST: mark("The customer has been on the blacklist since %(since)s."),
    CheckCode.STATEMENT: mark("Statement %(number)s has gone unconfirmed for %(days)s days."),
    CheckCode.FILE: mark("The customer file is not complete: %(gaps)s"),
    CheckCode.CONTRACT: mark("There is no sealed contract in force, and no purchase order that stands for one."),
    CheckCode.PRICE: mark("Line %(line_no)s: the price is not the contract's."),
    CheckCode.QUANTITY: mark("Line %(line_no)s: more would be shipped than was ordered."),
    CheckCode.STATE: mark("In its present state nothing can be shipped."),
}
#: The quantity of a contract, in place of an order's.
OVER_CONTRACT: Final = mark(
    "Line %(line_no)s: orders on contract %(contract)s come to %(quantity)s of %(product)s, %(allowed)s were agreed."
)
#: Why an approval does not let it pass, after the sentence of the reason.
LONGER_THAN_APPROVED: Final = mark(
    "Approval %(approval)s was given for a term of %(approved_days)s days, the order gives %(term_days)s."
)
TERM_SINCE_APPROVED: Final = mark(
    "Approval %(approval)s was given while the order had no term in writing; it gives %(term_days)s days."
)
#: What can be done about it, and by whom.
REMEDIES: Final[dict[str, str]] = {
    CheckCode.LIMIT: mark("Ask for approval over the limit, ask for a higher limit, or collect first."),
    CheckCode.GROUP_LIMIT: mark("Ask for approval over the limit, or for a higher limit of the group."),
    CheckCode.NO_LIMIT: mark("Assess the customer, or ask for approval of this order alone."),
    CheckCode.NO_RATE: mark("Finance records the rate of the day."),
    CheckCode.TERM: mark("Collect what is past due, or ask for approval of this order alone."),
    CheckCode.NO_TERM: mark("Write the credit term into the order or the contract."),
    CheckCode.LONG_TERM: mark("Shorten the term of the order, or ask for approval of this order alone."),
    CheckCode.PROOF: mark("Upload the cheque, pay-in slip or transfer receipt; finance accepts it."),
    CheckCode.CLEARED_FUNDS: mark("Wait until the money is in the bank, or ask for approval of this order alone."),
    CheckCode.HOLD: mark("Finance, the sales manager or the collector lifts it, with a reason."),
    CheckCode.BLACKLIST: mark("Leaving the blacklist needs an approval."),
    CheckCode.STATEMENT: mark("Have the statement confirmed, or ask a manager for an override."),
    CheckCode.FILE: mark("Complete the customer file: what is missing stands there."),
    CheckCode.CONTRACT: mark("Seal a contract, or attach the customer's purchase order."),
    CheckCode.PRICE: mark("Set the contract's price, or make a new contract."),
    CheckCode.QUANTITY: mark("Lower the quantity, or change the order first."),
    CheckCode.STATE: mark("Confirm or reopen the order first."),
}
HOLD_NAMES: Final[dict[str, str]] = {
    "ladder": mark("By the steps of collection"),
    "hand": mark("By hand"),
    "signal": mark("By a danger signal"),
    "review": mark("By a limit review"),
}
MESSAGES: Final[dict[str, str]] = {
    "group_changed": mark("The group of this customer was changed at this moment. Try again."),
    "stop_not_found": mark("There is no such stop of shipments."),
    "stop_until_past": mark("The last day of the stop is already past."),
    "stop_lifted_before": mark("This stop of shipments is already lifted."),
    "stop_notice_sent": mark("Notice %(number)s of this stop was already sent."),
    "stop_notice_contact": mark("This customer has no contact with an e-mail address. Add one first."),
    "stop_not_yours": mark("The general manager signed this stop with a review, so the general manager lifts it."),
    "override_not_yours": mark("Only the general manager lets a customer pass who is past due."),
    "override_not_found": mark("There is no such override."),
    "override_day": mark("An override ends between %(first)s and %(last)s."),
    "override_ended": mark("This override has already ended."),
    "over_limit_not_found": mark("There is no such over-limit request."),
    "over_limit_not_needed": mark("Nothing that could be approved holds order %(order_no)s. Check it again."),
    "over_limit_pending": mark("Request %(number)s for this order already waits for a decision."),
    "over_limit_until_past": mark("The last day of the approval is already past."),
    "over_limit_settled": mark("%(number)s is already decided."),
    "proof_not_found": mark("There is no such proof of payment."),
    "proof_file_missing": mark("Choose the scan or photo of the proof."),
    "proof_file_size": mark("%(name)s is larger than 12 MB."),
    "proof_file_heic": HEIC,
    "proof_file_kind": mark("%(name)s is not of an accepted type: PDF, PNG, JPEG."),
    "proof_decided": mark("This proof is already decided."),
    "proof_own": mark("You uploaded this proof, so somebody else accepts it."),
    "proof_reason_needed": mark("Say why the proof is rejected."),
}
PROOF_NAMES: Final[dict[str, str]] = {
    "cheque": mark("Cheque"),
    "pay_in_slip": mark("Pay-in slip"),
    "transfer_receipt": mark("Transfer receipt"),
}
PROOF_STATES: Final[dict[str, tuple[str, str]]] = {
    "uploaded": (mark("Waits for finance"), "warn"),
    "accepted": (mark("Accepted"), "ok"),
    "rejected": (mark("Rejected"), "late"),
}
