"""Journal events of bank statements, matching, receipts and refunds: names and sentences."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "bank_account_added": Event(mark("Bank account added"), "%(name)s %(number)s"),
    "bank_account_changed": Event(mark("Bank account changed"), "%(name)s %(number)s"),
    "bank_file_uploaded": Event(mark("Bank statement uploaded"), "%(file)s"),
    "bank_file_read": Event(
        mark("Bank statement read"), mark("%(file)s: %(lines)s lines, %(new)s new, %(bad)s unreadable")
    ),
    "bank_file_mapped": Event(mark("Columns of a bank table named")),
    "bank_file_refused": Event(mark("Bank statement refused")),
    "bank_line_set_aside": Event(mark("Bank line set aside"), "%(reason)s"),
    "bank_line_taken_back": Event(mark("Bank line reopened")),
    "chain_break_explained": Event(mark("Break between statements accounted for"), "%(reason)s"),
    "possible_duplicates_decided": Event(
        mark("Possible duplicates decided"), mark("%(same)s the same, %(different)s others")
    ),
    "bank_lines_matched": Event(
        mark("Bank lines matched"), mark("sure: %(sure)s, proposals: %(likely)s, by hand: %(hand)s")
    ),
    "bank_lines_accepted": Event(mark("Sure matches posted"), mark("%(booked)s lines, %(passed_over)s skipped")),
    "bank_line_matched": Event(mark("Bank line matched"), mark("%(amount)s from %(payer)s")),
    "bank_line_undone": Event(mark("Match undone"), mark("%(amount)s from %(payer)s")),
    "return_booked": Event(mark("Return booked"), mark("%(number)s came back, %(amount)s")),
    "return_dismissed": Event(mark("No return"), "%(reason)s"),
    "return_offset": Event(mark("Payment and its return set aside together")),
    "receipt_batch_undone": Event(mark("Batch of receipts undone"), mark("%(undone)s undone, %(depends)s not")),
    "payer_account_new": Event(mark("Paid from a new account"), "%(payer)s %(account)s %(bank)s"),
    "refund_paid": Event(mark("Refund paid"), mark("%(number)s out of %(credit_no)s, %(amount)s to %(payee)s")),
}
