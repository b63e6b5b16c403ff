"""Defines the two approvals of the blacklist: to put a customer on it, and to take it off (R079).

Invariant: both ways are decided by the same two, the finance director and the general manager.
"""

from __future__ import annotations

from typing import Any, Final

from ar.customers.blacklist.commands import ENTRY, EXIT, keep_on, leave_off, put_on, take_off
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url

_CHAIN: Final = (ChainStep("finance_director"), ChainStep("general_manager"))


def _url(approved: Approved) -> str:
    return page_url("blacklist.show", entry_id=approved.subject_id)


def _entry_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Customer number"), str(facts.get("customer_no", ""))),
        (_("If approved"), _("No order of the customer passes, and no limit is granted.")),
    ]


def _exit_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Customer number"), str(facts.get("customer_no", ""))),
        (_("If approved"), _("Orders and limits are possible again; every other check stays.")),
    ]


APPROVALS: tuple[Kind, ...] = (
    Kind(
        code=ENTRY,
        name=mark("Put a customer on the blacklist"),
        chain=_CHAIN,
        approve=put_on,
        reject=leave_off,
        url=_url,
        facts=_entry_facts,
    ),
    Kind(
        code=EXIT,
        name=mark("Take a customer off the blacklist"),
        chain=_CHAIN,
        approve=take_off,
        reject=keep_on,
        url=_url,
        facts=_exit_facts,
    ),
)
