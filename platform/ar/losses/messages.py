"""Defines the texts of the error codes of losses, and the names of causes, options, states and events."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from kernel.uploads import HEIC

MESSAGES: dict[str, str] = {
    "provision_buckets_few": mark("A policy has two to eight buckets."),
    "provision_last_open": mark("The last bucket has no end; every other one names its last day."),
    "provision_buckets_order": mark("The first bucket ends on day 0 (not due), each later one on a later day."),
    "provision_rate_range": mark("A rate must be between 0 and 100 per cent."),
    "provision_policy_missing": mark("There is no provision policy yet. Record one first."),
    "provision_run_not_found": mark("There is no such provision run."),
    "provision_in_future": mark("A provision can be made as of today (%(today)s) at the latest."),
    "provision_rate_missing": mark("No exchange rate is known by %(as_of)s for: %(currencies)s. Record it first."),
    "provision_later_run": mark("%(number)s was posted as of %(as_of)s. Choose a later day, or reverse it first."),
    "provision_changed": mark("The books have changed since this preview. Check the new figures, then post."),
    "provision_reversed": mark("%(number)s is already reversed."),
    "provision_not_last": mark("%(number)s was posted after it. Reverse the latest run first."),
    "provision_item_unknown": mark("There is no open document %(document_no)s."),
    "provision_item_unassessed": mark("%(document_no)s is not assessed individually."),
    "bad_debt_not_found": mark("There is no such bad-debt case."),
    "bad_debt_nothing": mark("Tick the documents that are to be written off."),
    "bad_debt_item_pending": mark("%(document_no)s is already proposed in %(number)s."),
    "bad_debt_too_much": mark("More than is open on %(document_no)s cannot be written off."),
    "bad_debt_paid_meanwhile": mark(
        "Less is open on %(document_no)s now than was proposed: it has since been paid or settled. Reject this "
        "proposal; the remainder can be proposed again."
    ),
    "bad_debt_settled": mark("%(number)s is already decided."),
    "bad_debt_not_written_off": mark("%(number)s is not written off."),
    "bad_debt_recovered": mark("Money was recovered for %(number)s. Reverse the recoveries first."),
    "bad_debt_no_evidence": mark("Add at least one file of evidence."),
    "bad_debt_many_files": mark("At most %(most)s files."),
    "bad_debt_file_heic": HEIC,
    "bad_debt_file_kind": mark("%(name)s is not of an accepted type: PDF, PNG, JPEG, Word, Excel."),
    "bad_debt_file_size": mark("%(name)s is empty or larger than 10 MB."),
    "recovery_not_found": mark("There is no such recovery."),
    "recovery_too_much": mark("No more can be recovered than is still written off (%(rest)s %(currency)s)."),
    "recovery_day": mark("Recoveries are dated from the write-off (%(first)s) to today (%(last)s)."),
    "recovery_credit": mark("Choose an unapplied credit of this customer in a currency that was written off."),
    "recovery_taken_back": mark("This recovery has already been reversed."),
    "promise_day_needed": mark("A promise needs a date."),
    "promise_currency_needed": mark("A promised amount needs its currency."),
    "event_in_future": mark("What happened is dated today at the latest."),
}

METHOD_NAMES: Final[dict[str, str]] = {
    "matrix": mark("Aging matrix"),
    "migration": mark("Migration rates"),
}
METHOD_HINTS: Final[dict[str, str]] = {
    "matrix": mark("Each bucket has its rate."),
    "migration": mark("Rates follow from how much moved on from bucket to bucket, month by month."),
}
MOVEMENT_NAMES: Final[dict[str, str]] = {
    "opening": mark("Allowance at the previous run"),
    "charge": mark("Charged"),
    "reversal": mark("Released"),
    "write_off": mark("Written off"),
    "recovery": mark("Recovered"),
    "other": mark("Other entries"),
    "fx": mark("Exchange difference"),
    "closing": mark("Allowance after this run"),
}
CAUSE_NAMES: Final[dict[str, str]] = {
    "bankrupt": mark("Bankrupt or in liquidation"),
    "closed": mark("Closed, licence revoked or struck off"),
    "deceased": mark("Deceased or missing, no estate"),
    "court": mark("Lost or not enforceable by judgment"),
    "fled": mark("Absconded, cannot be reached"),
    "barred": mark("Time-barred"),
    "disputed_lost": mark("Dispute resolved against us"),
    "uneconomic": mark("Costs more than it brings"),
    "other": mark("Another cause"),
}
OPTION_NAMES: Final[dict[str, str]] = {
    "rebate": mark("Rebate offered"),
    "goods_back": mark("Goods taken back"),
    "collateral": mark("Collateral disposed of"),
    "legal_help": mark("Legal help sought"),
    "preservation": mark("Preservation in litigation"),
    "payment_plan": mark("Payment plan offered"),
    "agency": mark("Handed to an agency"),
    "none": mark("None of these"),
}
STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "proposed": (mark("Awaiting approval"), "warn"),
    "written_off": (mark("Written off"), "late"),
    "refused": (mark("Not approved"), "quiet"),
    "withdrawn": (mark("Withdrawn"), "quiet"),
    "taken_back": (mark("Reversed"), "quiet"),
}
EVENT_NAMES: Final[dict[str, str]] = {
    "note": mark("Note"),
    "contact": mark("Contact"),
    "promise": mark("Promise to pay"),
}
