"""Defines the texts of limits and guarantees: error codes, names of kinds and states, journal events."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from kernel.uploads import HEIC
from tenants.slice import Event

MESSAGES: Final[dict[str, str]] = {
    "limit_granted_here": mark("A customer's limit was granted here meanwhile. Check the file again."),
    "taken_over_none": mark("No limit waits for being asked for."),
    "limit_starts_past": mark("A limit begins today (%(today)s) at the earliest."),
    "limit_too_large": mark("Enter an amount from 0 up, or choose unlimited."),
    "limit_pending": mark("A request for this customer already waits for the general manager. Withdraw it first."),
    "limit_blacklisted": mark("The customer has been on the blacklist since %(since)s, so it gets no limit."),
    "limit_change_not_found": mark("There is no such request for a limit."),
    "limit_settled": mark("This request for a limit is already decided."),
    "limit_moved_on": mark(
        "The limit was changed since this was asked for. Reject it; whoever still wants it asks anew."
    ),
    "guarantee_not_found": mark("There is no such guarantee."),
    "guarantee_ended": mark("This guarantee has already ended."),
    "guarantee_file_size": mark("%(name)s is larger than 12 MB."),
    "guarantee_file_heic": HEIC,
    "guarantee_file_kind": mark("%(name)s is not of an accepted type: PDF, PNG, JPEG."),
    "guarantee_days": mark("The last day is before the first."),
}
KIND_NAMES: Final[dict[str, str]] = {"regular": mark("Regular"), "temporary": mark("Temporary")}
SOURCE_NAMES: Final[dict[str, str]] = {
    "assessment": mark("Assessment"),
    "change": mark("Change"),
    "review": mark("Limit review"),
    "signal": mark("Danger signal"),
    "taken_over": mark("Taken over"),
}
REQUEST_STATES: Final[dict[str, tuple[str, str]]] = {
    "requested": (mark("Awaiting approval"), "warn"),
    "approved": (mark("Approved"), "ok"),
    "rejected": (mark("Rejected"), "late"),
    "withdrawn": (mark("Withdrawn"), "quiet"),
}
GUARANTEE_NAMES: Final[dict[str, str]] = {
    "deposit": mark("Deposit"),
    "guarantee": mark("Guarantee"),
    "mortgage": mark("Mortgage"),
    "pledge": mark("Pledge"),
    "insurance": mark("Insurer's cover"),
}
#: View of the list of guarantees → its name.
GUARANTEE_VIEWS: Final[dict[str, str]] = {
    "all": mark("In force or to be claimed"),
    "due": mark("Deadline within a month"),
    "over": mark("Over or ended"),
}
EVENTS: Final[dict[str, Event]] = {
    "limit_requested": Event(mark("Credit limit asked for"), "%(reason)s"),
    "limit_refused": Event(mark("Credit limit not granted"), "%(reason)s"),
    "limits_taken_over": Event(mark("Credit limits of an import taken over"), mark("%(limits)s limits")),
    "limits_taken_over_asked": Event(mark("Approval of limits taken over asked for"), mark("%(limits)s limits")),
    "limits_taken_over_refused": Event(mark("Credit limits of an import refused"), "%(reason)s"),
    "guarantee_registered": Event(mark("Guarantee registered"), mark("%(provider)s, %(amount)s")),
    "guarantee_ended": Event(mark("Guarantee ended"), "%(provider)s: %(reason)s"),
}
