"""Names the journal events of provision and bad debts."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "provision_policy_set": Event(mark("Provision policy recorded"), mark("version %(version)s")),
    "provision_assessed": Event(mark("Document assessed individually"), "%(document_no)s: %(reason)s"),
    "provision_posted": Event(mark("Provision posted"), mark("%(number)s as of %(as_of)s, %(amount)s")),
    "provision_run_reversed": Event(mark("Provision reversed"), "%(number)s: %(reason)s"),
    "bad_debt_proposed": Event(mark("Bad debt proposed"), "%(number)s: %(reason)s"),
    "bad_debt_written_off": Event(mark("Bad debt written off"), mark("%(number)s, approved by %(approval)s")),
    "bad_debt_refused": Event(mark("Bad debt not written off"), "%(number)s"),
    "bad_debt_taken_back": Event(mark("Write-off reversed"), "%(number)s: %(reason)s"),
    "bad_debt_recovery": Event(mark("Written-off debt recovered"), "%(number)s, %(amount)s"),
    "bad_debt_recovery_undone": Event(mark("Recovery reversed"), "%(number)s, %(amount)s: %(reason)s"),
    "bad_debt_event": Event(mark("Written-off debt followed up"), "%(number)s: %(text)s"),
}
#: Kinds of entries that open no document → what they are called.
ENTRY_NAMES: Final[dict[str, str]] = {"provision": mark("Provision")}
