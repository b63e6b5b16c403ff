"""Names the journal events of companies, people, settings and approvals."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "company_created": Event(mark("Company created"), "%(name)s"),
    "person_invited": Event(mark("Person invited"), "%(email)s"),
    "invitation_queued": Event(mark("Invitation queued")),
    "person_removed": Event(mark("Person removed")),
    "signed_in": Event(mark("Signed in"), "%(browser)s"),
    "signed_in_new_browser": Event(mark("Signed in with a new browser"), "%(browser)s"),
    "signed_out": Event(mark("Signed out")),
    "sessions_ended": Event(mark("Sessions ended elsewhere"), "%(count)s"),
    "password_link_asked": Event(mark("Link to a new password asked for")),
    "password_changed": Event(mark("Password changed"), tone="late"),
    "roles_changed": Event(mark("Roles changed")),
    "settings_changed": Event(mark("Settings changed")),
    "calendar_day_set": Event(mark("Working calendar changed"), "%(on)s %(reason)s"),
    "calendar_notice_entered": Event(mark("Official days off entered"), "%(year)s, %(source)s"),
    "calendar_day_unset": Event(mark("Working calendar changed back"), "%(on)s"),
    "mail_judged_arrived": Event(mark("E-mail judged to have arrived"), "%(to)s"),
    "mail_judged_lost": Event(mark("E-mail judged not to have arrived"), "%(to)s", tone="late"),
    "work_discarded": Event(mark("Work given up for good"), "%(kind)s: %(reason)s", tone="late"),
    "approval_requested": Event(mark("Approval requested"), "%(number)s: %(reason)s"),
    "approval_step_approved": Event(mark("Step of an approval approved"), "%(number)s: %(reason)s"),
    "approval_step_rejected": Event(mark("Step of an approval rejected"), "%(number)s: %(reason)s"),
    "approval_decided": Event(mark("Approval decided"), "%(number)s: %(reason)s"),
    "approval_withdrawn": Event(mark("Approval withdrawn"), "%(number)s: %(reason)s"),
    "approval_chain_changed": Event(mark("Approval chain changed"), mark("%(approval_kind)s, version %(version)s")),
    "approval_substitute_set": Event(
        mark("Substitute appointed"), mark("%(substitute)s for %(of)s, %(from_on)s to %(to_on)s")
    ),
    "approval_substitute_revoked": Event(
        mark("Substitute revoked"), mark("%(substitute)s for %(of)s, %(from_on)s to %(to_on)s")
    ),
}
