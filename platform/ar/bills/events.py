"""Journal events of bills: names and sentences."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "bill_received": Event(mark("Bill received"), mark("%(number)s over %(amount)s")),
    "bill_pledged": Event(mark("Bill pledged"), mark("%(number)s to %(party)s")),
    "bill_returned": Event(mark("Bill back from the pledge"), "%(number)s"),
    "bill_endorsed": Event(mark("Bill endorsed"), mark("%(number)s to %(party)s")),
    "bill_discounted": Event(mark("Bill discounted"), mark("%(number)s at %(party)s")),
    "bill_discounted_recourse": Event(mark("Bill discounted with recourse"), mark("%(number)s at %(party)s")),
    "bill_presented": Event(mark("Bill presented for payment"), "%(number)s"),
    "bill_honoured": Event(mark("Bill paid"), "%(number)s, %(amount)s", tone="ok"),
    "bill_dishonoured": Event(mark("Bill dishonoured"), "%(number)s, %(amount)s: %(note)s", tone="late"),
    "bill_notified": Event(mark("Notice of dishonour given"), "%(number)s"),
    "bill_undone": Event(mark("Step of a bill undone"), "%(number)s: %(note)s"),
    "bill_cancelled": Event(mark("Bill cancelled"), "%(number)s: %(note)s"),
    "bill_reminded": Event(mark("Reminder of a bill"), mark("%(number)s until %(until_on)s")),
}
#: A bill's entries are named like the events that posted them.
ENTRY_NAMES: Final[dict[str, str]] = {kind: event.name for kind, event in EVENTS.items()}
