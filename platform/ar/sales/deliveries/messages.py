"""Texts of the error codes of deliveries, names of their states and modes; msgids, translated when shown.

The warehouse and drivers read reasons without amounts: `GOODS_REASONS` says why a note stays, and whom to ask.
"""

from __future__ import annotations

from typing import Final

from ar.credit.rules.policy import CheckCode
from kernel.i18n import mark
from kernel.uploads import HEIC

MESSAGES: Final[dict[str, str]] = {
    "delivery_not_found": mark("There is no such delivery note."),
    "delivery_number_taken": mark("Another delivery note has the number %(number)s."),
    "delivery_number_unknown": mark("There is no delivery note %(number)s. Scan it again or type its number."),
    "delivery_order_draft": mark("Order %(number)s is a draft. Confirm it first."),
    "delivery_order_ended": mark("Order %(number)s is closed. Open it again first."),
    "delivery_driver_unknown": mark("Choose a driver of the company."),
    "delivery_too_much": mark(
        "Line %(line_no)s (%(product)s): the notes would come to %(quantity)s, but %(allowed)s were ordered."
    ),
    "delivery_line_unknown": mark("The order has no line %(line_no)s."),
    "delivery_moved_on": mark("Somebody else has just changed note %(number)s. Look at it again."),
    "delivery_ship_day": mark("Goods cannot have left after today, %(today)s."),
    "delivery_nothing_left": mark("Nothing is left to ship of order %(number)s."),
    "delivery_several_open": mark("Order %(number)s has %(count)s open notes. Name the one to ship."),
    "delivery_not_of_order": mark("Note %(number)s is not of order %(order_no)s."),
    "delivery_counts_changed": mark(
        "Since this page was opened somebody recorded a signature or a return on note %(number)s. Check the quantities "
        "and send it again."
    ),
    "delivery_return_credits": mark(
        "What comes back of %(number)s was invoiced, so booking it credits the customer. "
        "The warehouse, order follow-up or the accounts book it."
    ),
    "delivery_other_driver": mark("Note %(number)s is with another driver."),
    "delivery_invoice_day": mark("The invoice cannot be dated after today, %(today)s."),
    "delivery_invoice_number": mark("Enter the number of the invoice."),
    "delivery_invoice_taken": mark("Invoice %(number)s is already in the books."),
    "delivery_nothing_to_invoice": mark("Nothing of note %(number)s is left to invoice."),
    "sign_off_not_found": mark("There is no such signature."),
    "sign_off_day": mark(
        "The day of the signature lies between %(shipped_on)s, when it shipped, and today, %(today)s."
    ),
    "sign_off_strokes": mark("The signature could not be read. Clear the pad and sign again."),
    "sign_off_no_signature": mark(
        "There is no signature yet: sign on the pad, take a photo of the signed note, or type the name of who signed."
    ),
    "sign_off_name_illegible": mark("Write the name of who signed so that it can be read."),
    "sign_off_file_missing": mark("Choose the scan or photo of the signed note."),
    "sign_off_carrier_proof_missing": mark("Choose the carrier's proof of delivery."),
    "sign_off_picker_up_missing": mark("The customer named %(picker_up)s to fetch the goods. Enter who signed."),
    "sign_off_other_person": mark(
        "The customer named %(picker_up)s to fetch the goods. Say in the note on whose word somebody else signed."
    ),
    "sign_off_too_much": mark("Position %(position)s: only %(out)s are out."),
    "sign_off_short_reason": mark("Position %(position)s: say why less than %(out)s was signed for."),
    "sign_off_nothing": mark("Nothing was signed for of note %(number)s. Record a return instead."),
    "sign_off_countered": mark("This signature was already taken back."),
    "sign_off_invoiced": mark("What was signed for of note %(number)s is invoiced. Reverse the invoice first."),
    "sign_off_returned": mark("Goods of note %(number)s came back after this signature. It stays."),
    "sign_off_file_size": mark("%(name)s is empty or larger than %(megabytes)s MB."),
    "sign_off_file_kind": mark("%(name)s is not a photo or scan: JPEG, PNG and PDF can be read."),
    "sign_off_file_heic": HEIC,
    "return_day": mark("The day of the return lies between %(shipped_on)s, when it shipped, and today, %(today)s."),
    "return_too_much": mark("Position %(position)s: only %(out)s can come back."),
    "unsigned_as_of": mark("The list is of a day until today, %(today)s: what comes back later is not known yet."),
    "unsigned_not_out": mark("Note %(number)s is not out any more."),
    "unsigned_reason_unknown": mark("Follow-up has not given a reason for this note yet."),
    "unsigned_measure_day": mark("The day of the measure lies between today, %(today)s, and %(last)s."),
}
#: State → name and tone.
STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "planned": (mark("Planned"), "quiet"),
    "picked": (mark("Picked"), "quiet"),
    "shipped": (mark("On its way"), "warn"),
    "signed": (mark("Signed for"), "ok"),
    "returned": (mark("Came back"), "quiet"),
    "cancelled": (mark("Cancelled"), "quiet"),
}
#: How goods travel, and who signs for them (R100).
MODE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "direct": (mark("Our driver"), mark("The customer signs; the driver brings the note back.")),
    "carrier": (mark("Carrier or courier"), mark("The customer signs; the carrier's proof comes back.")),
    "pick_up": (mark("Picked up by the customer"), mark("The person whom the customer named signs.")),
    "consignment": (mark("Stock at the customer's"), mark("The customer signs what is taken out, by settlements.")),
}
CHANNEL_NAMES: Final[dict[str, str]] = {
    "scan": mark("Scan of the note"),
    "driver": mark("With the driver"),
    "carrier": mark("Carrier's proof"),
    "portal": mark("By the customer online"),
    "import": mark("From a file"),
}
#: What the sales manager may order for a note that does not come back (R102).
MEASURES: Final[dict[str, str]] = {
    "fetch": mark("The salesperson fetches the signature"),
    "resend": mark("Send a copy to be signed"),
    "carrier": mark("Claim the proof from the carrier"),
    "return": mark("Take the goods back"),
    "stop": mark("Stop shipments until it is signed"),
}
_FINANCE: Final = mark("Ask finance.")
_SALES: Final = mark("Ask the salesperson.")
_FOLLOW_UP: Final = mark("Ask order follow-up.")
#: Why a note stays in the warehouse, without amounts, and whom to ask.
GOODS_REASONS: Final[dict[str, tuple[str, str]]] = {
    CheckCode.LIMIT: (mark("The customer's credit is used up."), _FINANCE),
    CheckCode.GROUP_LIMIT: (mark("The credit of the customer's group is used up."), _FINANCE),
    CheckCode.NO_LIMIT: (mark("The customer has no credit."), _FINANCE),
    CheckCode.NO_RATE: (mark("An exchange rate of today is missing."), _FINANCE),
    CheckCode.TERM: (mark("The customer has not paid what is due."), _FINANCE),
    CheckCode.NO_TERM: (mark("No term of payment is in writing."), _SALES),
    CheckCode.LONG_TERM: (mark("The term of payment is longer than was granted."), _SALES),
    CheckCode.PROOF: (mark("The proof of payment is missing."), _SALES),
    CheckCode.CLEARED_FUNDS: (mark("The money has not come yet."), _FINANCE),
    CheckCode.HOLD: (mark("Shipments to this customer are stopped."), _FINANCE),
    CheckCode.BLACKLIST: (mark("The customer is on the blacklist."), _FINANCE),
    CheckCode.STATEMENT: (mark("The customer has not confirmed the statement."), _FINANCE),
    CheckCode.FILE: (mark("The customer's file is not complete."), _SALES),
    CheckCode.CONTRACT: (mark("There is no contract."), _SALES),
    CheckCode.PRICE: (mark("The order departs from the contract."), _SALES),
    CheckCode.QUANTITY: (mark("More would ship than was ordered."), _FOLLOW_UP),
    CheckCode.STATE: (mark("The order is closed or not confirmed."), _FOLLOW_UP),
}
