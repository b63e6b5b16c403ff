"""Defines the texts of the blacklist: states, error codes, journal events."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

#: State → name and tone.
STATE_NAMES: Final[dict[str, tuple[str, str]]] = {
    "proposed": (mark("Awaiting approval"), "warn"),
    "listed": (mark("On the blacklist"), "late"),
    "refused": (mark("Not listed"), "quiet"),
    "delisted": (mark("Taken off"), "ok"),
}
MESSAGES: Final[dict[str, str]] = {
    "blacklist_not_found": mark("There is no such entry of the blacklist."),
    "blacklist_open": mark("The customer is on the blacklist, or its entry awaits approval."),
    "blacklist_not_listed": mark("The customer is not on the blacklist."),
    "blacklist_settled": mark("The entry is settled by now."),
}
EVENTS: Final[dict[str, Event]] = {
    "blacklist_proposed": Event(mark("Blacklist proposed"), "%(reason)s", tone="late"),
    "blacklist_listed": Event(mark("Put on the blacklist"), "%(number)s: %(reason)s", tone="late"),
    "blacklist_refused": Event(mark("Not put on the blacklist"), "%(reason)s"),
    "blacklist_exit_proposed": Event(mark("Exit from the blacklist proposed"), "%(reason)s"),
    "blacklist_delisted": Event(mark("Taken off the blacklist"), "%(number)s: %(reason)s", tone="ok"),
    "blacklist_kept": Event(mark("Kept on the blacklist"), "%(reason)s", tone="late"),
}
