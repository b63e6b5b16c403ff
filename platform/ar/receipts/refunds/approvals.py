"""Registers the approval of refunds: its chain of approvers and its effects.

Invariant: a refund is posted in the transaction of the last decision, or the decision is refused.
"""

from __future__ import annotations

from typing import Any, Final

from ar.receipts.refunds.commands import KIND, close_unapproved_refund, pay_refund
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url

#: From 100,000.00 of the company's currency on, the general manager approves as well.
GENERAL_MANAGER_FROM_MINOR: Final = 10_000_000


def _url(approved: Approved) -> str:
    return page_url("refunds.show", refund_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Out of"), str(facts.get("credit_no", ""))),
        (_("Payee"), str(facts.get("payee", ""))),
        (_("Payee’s account"), str(facts.get("account", "")) or "—"),
    ]


APPROVALS: tuple[Kind, ...] = (
    Kind(
        code=KIND,
        name=mark("Refund"),
        chain=(ChainStep("finance_director"), ChainStep("general_manager", GENERAL_MANAGER_FROM_MINOR)),
        approve=pay_refund,
        reject=close_unapproved_refund,
        url=_url,
        facts=_facts,
    ),
)
