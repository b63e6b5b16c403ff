"""Defines the approval of a limit that is cut after a danger signal (R070, R081).

Invariant: the general manager's decision cuts the limit in its own transaction, or is refused.
"""

from __future__ import annotations

from typing import Any, Final

from ar.credit.signals.commands import CUT, cut_approved
from ar.credit.signals.texts import signal_name
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from tenants.permissions import Role
from web.formatters import days
from web.links import page_url


def _url(approved: Approved) -> str:
    return page_url("signals.show", signal_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    before, term_before, term_days = facts["limit_minor"], facts["term_before"], facts["term_days"]
    return [
        (_("Danger signal"), signal_name(str(facts["code"]))),
        (_("Raised on"), str(facts["raised_on"])),
        (
            _("Limit now"),
            _("unlimited")
            if before is None
            else format_with_symbol(int(before), str(facts["currency"]), current_language()),
        ),
        (_("Term now"), "—" if term_before is None else days(term_before)),
        (_("Term then"), "—" if term_days is None else days(term_days)),
    ]


APPROVALS: Final = (
    Kind(
        code=CUT,
        name=mark("Cut a credit limit after a danger signal"),
        chain=(ChainStep(Role.GENERAL_MANAGER.value),),
        approve=cut_approved,
        url=_url,
        facts=_facts,
    ),
)
