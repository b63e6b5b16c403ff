"""Defines the texts of the error codes and states of approvals."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "approval_not_found": mark("There is no such approval."),
    "approval_pending": mark("An approval of this is open already: %(number)s. Wait for it, or withdraw it first."),
    "approval_nobody": mark(
        "Nobody could decide on this as: %(role)s. The requester cannot, and one person decides one step only. "
        "Give somebody this role first."
    ),
    "approval_closed": mark("%(number)s is closed already; nothing was changed."),
    "approval_moved_on": mark("Somebody else has decided this step of %(number)s meanwhile; nothing was changed."),
    "approval_own": mark("You asked for this, so others decide."),
    "approval_once": mark("You have decided a step of this already; one person decides one step only."),
    "approval_not_yours": mark("This waits for: %(role)s."),
    "approval_not_yours_to_withdraw": mark("Only who asked for it, or the accountants, can withdraw it."),
    "approval_reason_needed": mark("Say why."),
    "approval_chain_gap": mark("At least one step must decide from 0 on, so that no amount goes without."),
    "approval_chain_bad": mark("Thresholds are amounts from 0 up, and a chain has six steps at most."),
    "approval_chain_role": mark("This role cannot decide on approvals."),
    "approval_chain_moved_on": mark("Somebody else has changed this chain meanwhile. Load the page again."),
    "approval_kind_not_found": mark("There is no such kind of approval."),
    "approval_substitute_not_found": mark("There is no such substitute."),
    "approval_substitute_self": mark("Name somebody else: nobody is their own substitute."),
    "approval_substitute_days": mark("The last day lies before the first."),
    "approval_substitute_past": mark("The last day is past already."),
    "approval_substitute_cannot": mark("This person's role cannot open approvals."),
    "approval_substitute_not_yours": mark("Only the person or an administrator can do this."),
}

STATE_NAMES: dict[str, str] = {
    "pending": mark("Waiting for a decision"),
    "approved": mark("Approved"),
    "rejected": mark("Rejected"),
    "withdrawn": mark("Withdrawn"),
}
STATE_TONES: dict[str, str] = {"pending": "warn", "approved": "ok", "rejected": "late", "withdrawn": "quiet"}
SUBSTITUTE_STATES: dict[str, str] = {
    "now": mark("Stands in now"),
    "later": mark("Begins later"),
    "over": mark("Over"),
    "revoked": mark("Revoked"),
}
SUBSTITUTE_TONES: dict[str, str] = {"now": "ok", "later": "warn", "over": "quiet", "revoked": "quiet"}
