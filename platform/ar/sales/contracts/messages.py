"""Texts of the error codes of quotations and contracts, names of states and items, journal events (msgids)."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from kernel.uploads import HEIC
from tenants.slice import Event

MESSAGES: Final[dict[str, str]] = {
    "line_twice": mark("Line number %(line_no)s is there twice."),
    "quotation_not_found": mark("There is no such quotation."),
    "quotation_days": mark("The last day of the offer lies before its first."),
    "quotation_settled": mark("%(number)s is already decided or waits for a decision."),
    "contract_not_found": mark("There is no such contract."),
    "contract_number_taken": mark("Another contract has the number %(number)s."),
    "contract_deal_taken": mark("This deal has a contract already: %(number)s. One deal has one contract."),
    "contract_supplement_of": mark("A supplement belongs to a sealed contract of this customer. Choose it."),
    "contract_supplement_prices": mark(
        "A supplement changes clauses. For prices register a new contract that replaces it."
    ),
    "contract_replaces": mark("Only a sealed contract of this customer can be replaced."),
    "contract_days": mark("The contract ends before it starts."),
    "contract_not_draft": mark("%(number)s is not a draft any more."),
    "contract_sealed": mark("%(number)s is sealed and stays as it is. Write a supplement or a new contract."),
    "contract_not_reviewed": mark("%(number)s is not reviewed yet. Submit it for review first."),
    "contract_not_sealed": mark("%(number)s is not sealed yet."),
    "contract_ended": mark("%(number)s has ended."),
    "contract_copy_day": mark("A copy cannot be received after today."),
    "contract_checklist": mark("Not on %(number)s yet: %(items)s"),
    "contract_quotation_missing": mark("%(number)s names prices. Choose the approved quotation that they come from."),
    "contract_price_off": mark("Line %(line_no)s: the price is not that of quotation %(number)s."),
    "contract_blacklisted": mark(
        "The customer has been on the blacklist since %(since)s: %(number)s is neither reviewed nor sealed."
    ),
    "contract_file_missing": mark("Attach the scan of the sealed contract first."),
    "contract_file_size": mark("%(name)s is empty or larger than 12 MB."),
    "contract_file_heic": HEIC,
    "contract_file_kind": mark("%(name)s is not of an accepted type: PDF, PNG, JPEG, Word, Excel."),
}
FORM_NAMES: Final[dict[str, str]] = {
    "own": mark("Our form"),
    "customer": mark("The customer's form"),
    "purchase_order": mark("Purchase order as contract"),
    "supplement": mark("Supplement"),
}
FORM_HINTS: Final[dict[str, str]] = {
    "own": mark("The sales manager reviews it."),
    "customer": mark("The finance director decides first, then the sales manager."),
    "purchase_order": mark("Stands for a contract when it says all that one must say."),
    "supplement": mark("Changes clauses of a sealed contract; prices need a new one."),
}
#: State → name and tone.
CONTRACT_STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "draft": (mark("Draft"), "quiet"),
    "submitted": (mark("In review"), "warn"),
    "reviewed": (mark("Reviewed"), "ok"),
    "sealed": (mark("Sealed"), "ok"),
    "ended": (mark("Ended"), "quiet"),
    "cancelled": (mark("Cancelled"), "quiet"),
}
QUOTATION_STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "draft": (mark("Draft"), "quiet"),
    "submitted": (mark("Awaits a decision"), "warn"),
    "approved": (mark("Approved"), "ok"),
    "rejected": (mark("Rejected"), "late"),
    "withdrawn": (mark("Withdrawn"), "quiet"),
}
CHECKLIST_NAMES: Final[dict[str, str]] = {
    "product": mark("Product"),
    "specification": mark("Specification"),
    "quantity": mark("Quantity"),
    "delivery_date": mark("Delivery date"),
    "price": mark("Price"),
    "payment_method": mark("Method of payment"),
    "payment_date": mark("Date of payment"),
    "transport": mark("Transport"),
    "acceptance": mark("Standard of acceptance"),
    "duties": mark("Rights, duties and liability for breach"),
    "term": mark("Term of the contract"),
    "late_interest": mark("Interest on late payment and how it is computed"),
    "default": mark("Consequences of default and the penalty"),
    "collection": mark("How what is owed is collected"),
    "date": mark("Date"),
    "signature": mark("Signature of the handler"),
    "seal": mark("Contract seal or company seal"),
}
PLACE_NAMES: Final[dict[str, str]] = {
    "gm_office": mark("General manager's office"),
    "finance": mark("Finance"),
    "customer": mark("Customer"),
}
EVENTS: Final[dict[str, Event]] = {
    "quotation_entered": Event(mark("Quotation entered"), "%(number)s"),
    "quotation_changed": Event(mark("Quotation changed"), "%(number)s"),
    "quotation_submitted": Event(mark("Quotation submitted"), "%(number)s"),
    "quotation_approved": Event(mark("Quotation approved"), "%(number)s", "ok"),
    "quotation_refused": Event(mark("Quotation not approved"), "%(number)s: %(reason)s"),
    "contract_registered": Event(mark("Contract registered"), "%(number)s"),
    "contract_changed": Event(mark("Contract changed"), "%(number)s"),
    "contract_file_attached": Event(mark("Scan of a contract attached"), "%(number)s: %(file_name)s"),
    "contract_submitted": Event(mark("Contract submitted for review"), "%(number)s"),
    "contract_reviewed": Event(mark("Contract reviewed"), "%(number)s", "ok"),
    "contract_returned": Event(mark("Contract given back"), "%(number)s: %(reason)s"),
    "contract_expiring": Event(mark("Contract ends soon"), mark("%(number)s on %(ends_on)s")),
    "contract_sealed": Event(mark("Contract sealed"), "%(number)s", "ok"),
    "contract_copy_kept": Event(mark("Copy of a contract recorded"), "%(number)s: %(holder)s"),
    "contract_ended": Event(mark("Contract ended"), "%(number)s: %(reason)s"),
    "contract_cancelled": Event(mark("Contract cancelled"), "%(number)s: %(reason)s"),
}
