"""Journal events of late interest: names and sentences."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "interest_posted": Event(mark("Interest charged"), mark("%(number)s through %(through_on)s: %(documents)s")),
    "interest_terms_set": Event(mark("Interest terms recorded"), mark("from %(from_on)s")),
    "reference_rate_added": Event(
        mark("Reference rate recorded"), mark("%(percent)s per cent from %(from_on)s, %(source)s")
    ),
    "interest_waived": Event(mark("Interest waived"), mark("%(document_no)s by %(waiver_no)s, %(amount)s: %(reason)s")),
    "interest_reinstated": Event(mark("Waived interest reinstated"), mark("%(document_no)s, %(amount)s: %(reason)s")),
    "interest_corrected": Event(mark("Charged interest corrected"), mark("%(document_no)s, %(amount)s: %(reason)s")),
    "interest_charge_reversed": Event(
        mark("Interest charge reversed"), mark("%(document_no)s, %(amount)s: %(reason)s")
    ),
}
