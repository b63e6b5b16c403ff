"""Defines the texts of the error codes and states of approvals."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "approval_not_found": mark("There is no such approval."),
    "approval_pending": mark(
        "An approval request for this is already open: %(number)s. Wait for it, or withdraw it first."
    ),
    "approval_nobody": mark(
        "Nobody can decide on this as: %(role)s. The requester cannot, and one person may decide only one step. "
        "Assign this role to somebody first."
    ),
    "approval_closed": mark("%(number)s is already closed; nothing was changed."),
    "approval_moved_on": mark("Somebody else has already decided this step of %(number)s; nothing was changed."),
    "approval_own": mark("You requested this, so others decide."),
    "approval_once": mark("You have already decided a step of this; one person may decide only one step."),
    "approval_not_yours": mark("This awaits: %(role)s."),
    "approval_not_yours_to_withdraw": mark("Only the requester or an accountant can withdraw it."),
    "approval_reason_needed": mark("Give a reason."),
    "approval_chain_gap": mark("At least one step must decide from 0 on, so that no amount goes without."),
    "approval_chain_bad": mark("Thresholds are amounts from 0 up, and a chain has six steps at most."),
    "approval_chain_role": mark("This role cannot decide on approvals."),
    "approval_chain_moved_on": mark(
        "Somebody else has changed this chain in the meantime; what they saved stands at each step. "
        "Save again to replace it."
    ),
    "approval_kind_not_found": mark("There is no such kind of approval."),
    "approval_substitute_not_found": mark("There is no such substitute."),
    "approval_substitute_self": mark("Choose somebody else: nobody can be their own substitute."),
    "approval_substitute_days": mark("The last day is before the first."),
    "approval_substitute_past": mark("The last day has already passed."),
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
    "now": mark("Acting now"),
    "later": mark("Begins later"),
    "over": mark("Over"),
    "revoked": mark("Revoked"),
}
SUBSTITUTE_TONES: dict[str, str] = {"now": "ok", "later": "warn", "over": "quiet", "revoked": "quiet"}
