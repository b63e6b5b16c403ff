"""Approval kind of unlocking a period.

Invariant: a requester does not decide; unlocking may be requested by the finance director, so the general manager
decides.
"""

from __future__ import annotations

from typing import Any, Final

from ar.ledger.closing.commands import UNLOCK, unlock
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url


def _url(_approved: Approved) -> str:
    return page_url("closing.periods")


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Locked through"), str(facts["locked_through"])),
        (_("Locked through, afterwards"), str(facts["back_to"] or _("nothing"))),
    ]


UNLOCK_PERIOD: Final = Kind(
    code=UNLOCK,
    name=mark("Unlock a period"),
    chain=(ChainStep("general_manager", 0),),
    approve=unlock,
    url=_url,
    facts=_facts,
)
