"""Defines the approval of a bad debt's write-off.

Invariant: the last decision writes the debt off in its own transaction, or the decision is refused (R233).
"""

from __future__ import annotations

from typing import Any, Final

from ar.losses.bad_debts.commands import KIND, close_unapproved, write_off
from ar.losses.messages import CAUSE_NAMES, OPTION_NAMES
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url

#: From 50,000.00 in the company's currency the general manager decides as well.
GENERAL_MANAGER_FROM_MINOR: Final = 5_000_000


def _url(approved: Approved) -> str:
    return page_url("bad_debts.show", bad_debt_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    language = current_language()
    sums = [format_with_symbol(each["amount_minor"], each["currency"], language) for each in facts.get("totals", [])]
    tried = [_(OPTION_NAMES[code]) if code in OPTION_NAMES else code for code in facts.get("options", [])]
    cause = str(facts.get("cause", ""))
    return [
        (_("Case"), str(facts.get("number", ""))),
        (_("Documents"), ", ".join(facts.get("documents", []))),
        (_("To be written off"), "; ".join(sums)),
        (_("Cause"), _(CAUSE_NAMES[cause]) if cause in CAUSE_NAMES else cause),
        (_("Previous efforts"), ", ".join(tried) or "—"),
    ]


APPROVALS: tuple[Kind, ...] = (
    Kind(
        code=KIND,
        name=mark("Write off a bad debt"),
        chain=(ChainStep("finance_director"), ChainStep("general_manager", GENERAL_MANAGER_FROM_MINOR)),
        approve=write_off,
        reject=close_unapproved,
        url=_url,
        facts=_facts,
    ),
)
