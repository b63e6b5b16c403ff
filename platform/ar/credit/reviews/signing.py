"""Submits a review to the general manager, who alone signs it, and does what it decided (R069, R070, R081).

Invariants: submitted only when every flagged line is explained and every line is decided; signing grants all new limits
in one transaction; a limit that was changed since the figures were shown is left alone, and so is one whose customer's
file has gaps: the lines say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.holds.commands import stop_shipments
from ar.credit.checks.holds.inputs import StopShipments
from ar.credit.limits.granting import GrantLimit
from ar.credit.limits.granting_many import grant_limits
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy
from ar.credit.reviews.deciding import lock_review
from ar.credit.reviews.inputs import CancelReview
from ar.credit.reviews.models import ReviewCampaign, ReviewLine
from ar.credit.rules.exposure import limit_on
from ar.credit.rules.scoring import Grade
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from ar.ledger.rules.due_dates import add_months
from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.visibility import everything
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.kinds import Approved

#: The code of the approval kind.
SIGN: Final = "sign_review"


def submit_review(db: Session, actor: Actor, campaign_id: UUID) -> None:
    """Submits a review for the general manager's signature.

    Raises as `lock_review`, RuleBroken(`review_unexplained`, `review_undecided`, `approval_nobody`).
    """
    campaign = lock_review(db, actor, campaign_id, "open")
    line = ReviewLine
    with everything(db):
        counts = db.execute(
            sa.select(
                sa.func.count().filter(sa.func.cardinality(line.flags) > 0, line.explanation == "").label("unexplained"),
                sa.func.count().filter(line.decision.is_(None)).label("undecided"),
                *(
                    sa.func.count().filter(line.decision == decision).label(decision)
                    for decision in ("keep", "cut", "raise", "freeze")
                ),
            ).where(line.tenant_id == actor.tenant_id, line.campaign_id == campaign_id)
        ).one()
    for missing in ("unexplained", "undecided"):
        if count := getattr(counts, missing):
            raise RuleBroken(f"review_{missing}", lines=count)
    decided = {name: getattr(counts, name) for name in ("keep", "cut", "raise", "freeze")}
    facts = {"number": campaign.number, "review_on": campaign.review_on.isoformat(), **decided}
    approval_id = request(db, actor, ApprovalRequest(SIGN, campaign_id, None, None, None, facts=facts))
    _set(db, actor, campaign_id, state="submitted", approval_id=approval_id)
    journal.record(db, actor, "review_submitted", subject_id=campaign_id, data=facts)


def sign_review(db: Session, actor: Actor, approved: Approved) -> None:
    """Does what the general manager signed. Raises as `lock_review`."""
    campaign = lock_review(db, actor, approved.subject_id, "submitted")
    with everything(db):
        lines = _lines(db, actor, campaign.id)
        actor = lock_customers(db, actor, [line.customer_id for line in lines])
        outcomes = _carry_out(db, actor, campaign, lines, approved)
        _write_outcomes(db, actor, campaign.id, outcomes)
    _set(db, actor, campaign.id, state="signed", signed_by=actor.name, signed_at=actor.now)
    counts = {name: sum(1 for each in outcomes.values() if each == name) for name in sorted(set(outcomes.values()))}
    facts = {"number": campaign.number, "outcomes": counts}
    journal.record(db, actor, "review_signed", subject_id=campaign.id, data=facts)


def reopen_review(db: Session, actor: Actor, approved: Approved) -> None:
    """Opens a review again that the general manager did not sign, or that was withdrawn."""
    campaign = lock_review(db, actor, approved.subject_id, "submitted")
    _set(db, actor, campaign.id, state="open", approval_id=None)
    facts = {"number": campaign.number, "reason": approved.closing_reason}
    journal.record(db, actor, "review_returned", subject_id=campaign.id, data=facts)


def cancel_review(db: Session, actor: Actor, campaign_id: UUID, data: CancelReview) -> None:
    """Cancels an open review: nothing of it takes effect. Raises as `lock_review`."""
    campaign = lock_review(db, actor, campaign_id, "open")
    _set(db, actor, campaign_id, state="cancelled")
    facts = {"number": campaign.number, "reason": data.reason}
    journal.record(db, actor, "review_cancelled", subject_id=campaign_id, data=facts)


def _carry_out(
    db: Session, actor: Actor, campaign: Any, lines: Sequence[Any], approved: Approved
) -> dict[UUID, str]:
    """Stops shipments and grants limits; returns what became of each line."""
    outcomes: dict[UUID, str] = {}
    in_force = limits_in_force(db, actor.tenant_id, [line.customer_id for line in lines], actor.today)
    valid_to = add_months(actor.today, credit_policy(db, actor.tenant_id).limit_months)
    limits = []
    for line in lines:
        pack, now = line.pack, limit_on(in_force.get(line.customer_id, ()), actor.today)
        if line.decision == "freeze":
            stop = StopShipments(customer_id=line.customer_id, reason=_reason(campaign, line)[:500])
            stop_shipments(db, actor, stop, kind="review")
            outcomes[line.customer_id] = "stopped"
        elif not now.is_absent and (now.currency, now.regular_minor, now.term_days) != (
            pack["currency"],
            pack["limit_minor"],
            pack["term_days"],
        ):
            outcomes[line.customer_id] = "changed"
        else:
            outcomes[line.customer_id] = "granted"
            limits.append(
                GrantLimit(
                    customer_id=line.customer_id,
                    currency=pack["currency"],
                    amount_minor=line.limit_minor,
                    term_days=line.term_days,
                    grade=Grade(pack["grade"]) if pack["grade"] else None,
                    valid_from=actor.today,
                    valid_to=valid_to,
                    source="review",
                    reason=_reason(campaign, line),
                    approval_id=approved.id,
                )
            )
    outcomes.update(dict.fromkeys(grant_limits(db, actor, limits), "file_gaps"))
    return outcomes


def _reason(campaign: Any, line: Any) -> str:
    return f"{campaign.number}: {line.note}"


def _lines(db: Session, actor: Actor, campaign_id: UUID) -> Sequence[Any]:
    """Returns the lines of customers who are still with us."""
    line, customer = ReviewLine, Customer
    return db.execute(
        sa.select(line.customer_id, line.pack, line.decision, line.limit_minor, line.term_days, line.note)
        .join(customer, sa.and_(customer.tenant_id == actor.tenant_id, customer.id == line.customer_id))
        .where(
            line.tenant_id == actor.tenant_id, line.campaign_id == campaign_id, customer.retired_at.is_(None)
        )
        .order_by(line.customer_id)
    ).all()


def _write_outcomes(db: Session, actor: Actor, campaign_id: UUID, outcomes: dict[UUID, str]) -> None:
    line = ReviewLine
    for outcome in sorted(set(outcomes.values())):
        ids = sa.cast(sorted(each for each, what in outcomes.items() if what == outcome), sa.ARRAY(sa.Uuid))
        db.execute(
            sa.update(line)
            .where(
                line.tenant_id == actor.tenant_id, line.campaign_id == campaign_id, line.customer_id == sa.any_(ids)
            )
            .values(outcome=outcome)
        )


def _set(db: Session, actor: Actor, campaign_id: UUID, **values: Any) -> None:
    c = ReviewCampaign
    db.execute(sa.update(c).where(c.tenant_id == actor.tenant_id, c.id == campaign_id).values(**values))
