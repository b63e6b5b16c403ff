"""The approvals that this slice asks for: refunds. May import refunds, the approvals' shapes and Flask's addresses.

Invariant: a refund is paid by the last decision, in its transaction, or the decision is refused.
"""

from __future__ import annotations

from typing import Any, Final

from ar.receipts.refunds.commands import KIND, not_paid, pay
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, Kind, Step
from web.links import page_url

#: From 100,000.00 of the company's currency the general manager decides as well.
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
        chain=(Step("finance_director"), Step("general_manager", GENERAL_MANAGER_FROM_MINOR)),
        approve=pay,
        reject=not_paid,
        url=_url,
        facts=_facts,
    ),
)
