"""Names the journal events of stops of shipments, overrides, over-limit requests and proofs of payment."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "shipments_stopped": Event(mark("Shipments stopped"), "%(reason)s", tone="late"),
    "shipments_released": Event(mark("Stop of shipments lifted"), "%(reason)s", tone="ok"),
    "stop_notice_queued": Event(mark("Notice of the stop queued"), mark("%(number)s to %(to)s")),
    "check_overridden": Event(mark("Check overridden"), mark("%(code)s until %(until_on)s: %(reason)s")),
    "override_ended": Event(mark("Override ended"), "%(code)s"),
    "over_limit_requested": Event(mark("Over-limit approval asked for"), "%(number)s, %(order_no)s: %(reason)s"),
    "over_limit_approved": Event(mark("Order let pass over the limit"), "%(number)s, %(order_no)s", tone="ok"),
    "over_limit_refused": Event(mark("Order not let pass over the limit"), "%(number)s, %(order_no)s: %(reason)s"),
    "proof_uploaded": Event(mark("Proof of payment uploaded"), "%(order_no)s, %(amount)s"),
    "proof_accepted": Event(mark("Proof of payment accepted"), "%(amount)s", tone="ok"),
    "proof_rejected": Event(mark("Proof of payment rejected"), "%(amount)s: %(note)s", tone="late"),
}
