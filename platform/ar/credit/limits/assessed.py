"""Defines the approval of a credit assessment: its last sign-off grants the limit (R048, R060, A18).

Invariant: the general manager's sign-off brings the assessment into force and writes the limit in one transaction, or
is refused: by an incomplete customer file, for one.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from ar.credit.assessments.printing import PRINT
from ar.credit.assessments.signing import KIND, bring_into_force, hand_back, require_opinion
from ar.credit.limits.granting import GrantLimit, grant_limit
from kernel import outbox
from kernel.actor import Actor
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url


def grant_assessed(db: Session, actor: Actor, approved: Approved) -> None:
    """Brings the assessment into force and grants its limit, valid as long as it is."""
    row = bring_into_force(db, actor, approved)
    data = GrantLimit(
        customer_id=row.customer_id,
        kind="regular",
        currency=row.currency,
        amount_minor=row.limit_minor,
        term_days=row.term_days,
        grade=row.grade,
        valid_from=actor.today,
        valid_to=row.valid_through_on,
        source="assessment",
        reason=row.number,
        approval_id=approved.id,
        assessment_id=row.id,
    )
    grant_limit(db, actor, data)
    outbox.put(db, actor, PRINT, {"assessment_id": str(row.id)}, key=f"{PRINT}:{row.id}")


def _url(approved: Approved) -> str:
    return page_url("assessments.show", assessment_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    currency, language = str(facts["currency"]), current_language()
    suggested = facts.get("suggested_minor")
    return [
        (_("Assessment"), str(facts["number"])),
        (_("Grade and score"), f"{facts['grade']} · {facts['score']}"),
        (_("Proposed limit"), format_with_symbol(int(facts["limit_minor"]), currency, language)),
        (_("Proposed term"), _("%(days)s days", days=facts["term_days"])),
        (_("Suggested limit"), "—" if suggested is None else format_with_symbol(int(suggested), currency, language)),
    ]


ASSESSMENT: Final = Kind(
    code=KIND,
    name=mark("Credit assessment"),
    chain=(ChainStep("sales_manager"), ChainStep("finance"), ChainStep("general_manager")),
    approve=grant_assessed,
    reject=hand_back,
    url=_url,
    facts=_facts,
    before_step=require_opinion,
)
