"""Texts of the credit policy: error codes, checks that can be switched off, the journal event."""

from __future__ import annotations

from typing import Final

from ar.credit.rules.policy import CheckCode
from kernel.i18n import mark
from tenants.slice import Event

MESSAGES: Final[dict[str, str]] = {
    "policy_thresholds": mark("The finance director's share must not be below the sales manager's."),
}
#: The checks that a company may switch off → what each asks.
OPTIONAL_NAMES: Final[dict[str, str]] = {
    CheckCode.STATEMENT: mark("The last statement was answered in time"),
    CheckCode.FILE: mark("The customer file is complete"),
    CheckCode.CONTRACT: mark("There is a contract, or a purchase order in its place"),
}
EVENTS: Final[dict[str, Event]] = {
    "credit_policy_set": Event(mark("Credit policy recorded"), mark("version %(version)s")),
}
