"""Submits an assessment and signs it: author, sales manager, finance, general manager, each with figures of its own.

Invariants: a sign-off without a limit and a term is refused, also when it comes from the page of approvals; the last
one's figures are granted, nobody's above the cap of the grade (A04, A18); a returned one is signed by everybody again.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.credit.assessments.drafting import (
    NO_SCORE,
    amount_of,
    load_assessment,
    lock_assessment,
    save_assessment,
    set_state,
)
from ar.credit.assessments.inputs import ReturnAssessment, SaveAssessment, SignAssessment
from ar.credit.assessments.messages import item_text
from ar.credit.assessments.models import Assessment, AssessmentOpinion
from ar.credit.policy.queries import credit_policy, size_of
from ar.credit.rules.caps import cap_fault, term_cap_days
from ar.credit.rules.scoring import ITEMS, Grade
from ar.ledger.commands import lock_customers
from ar.ledger.rules.due_dates import add_months
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.views import DbRow
from tenants.approvals import engine
from tenants.approvals.engine import ApprovalRequest
from tenants.approvals.kinds import Approved
from tenants.approvals.models import Approval

KIND: Final = "credit_assessment"
AUTHOR: Final = "author"


def submit_assessment(db: Session, actor: Actor, assessment_id: UUID, data: SaveAssessment) -> UUID:
    """Saves the assessment, signs it as its author and asks the others to sign; returns the approval's id (R048).

    Raises what `save_assessment` and requesting an approval raise, RuleBroken(`assessment_incomplete`,
    `assessment_no_opinion`, `assessment_term_cap`, `assessment_no_credit`).
    """
    row = save_assessment(db, actor, assessment_id, data)
    missing = [item_text(item.code) for item, score in zip(ITEMS, row.scores, strict=True) if score == NO_SCORE]
    if missing:
        raise RuleBroken("assessment_incomplete", items=", ".join(missing))
    if row.limit_minor is None or row.term_days is None:
        raise RuleBroken("assessment_no_opinion")
    _require_within_cap(db, actor, row, row.limit_minor, row.term_days)
    this_round = row.round + 1
    _write_opinion(db, actor, row, this_round, 0, AUTHOR, row.limit_minor, row.term_days, row.note)
    facts = _facts(row, row.limit_minor, row.term_days)
    asked = ApprovalRequest(KIND, assessment_id, row.customer_id, None, None, facts, row.note or row.number)
    approval_id = engine.request(db, actor, asked)
    set_state(
        db,
        actor,
        assessment_id,
        state="submitted",
        round=this_round,
        approval_id=approval_id,
        prepared_by=actor.name,
        prepared_by_id=actor.user_id,
        reason=None,
    )
    journal.record(db, actor, "assessment_submitted", customer_id=row.customer_id, subject_id=assessment_id, data=facts)
    return approval_id


def sign_assessment(db: Session, actor: Actor, assessment_id: UUID, data: SignAssessment) -> str:
    """Signs the open step with a limit and a term of the signer's own; returns the approval's state (R048, A18).

    The last sign-off brings the assessment into force and grants the limit. Raises NotFound(`assessment_not_found`),
    Conflict(`approval_moved_on`), RuleBroken(`assessment_not_submitted`, `assessment_limit_unreadable`,
    `assessment_term_cap`, `assessment_no_credit`), and what deciding and granting raise.
    """
    actor, row = lock_assessment(db, actor, assessment_id)
    if row.state != "submitted" or row.approval_id is None:
        raise RuleBroken("assessment_not_submitted", number=row.number)
    step, role = _open_step(db, actor.tenant_id, row.approval_id)
    if data.step != step:
        raise Conflict("approval_moved_on", number=row.number)
    limit_minor = amount_of(data.limit, row.currency, "assessment_limit_unreadable")
    if limit_minor is None:
        raise RuleBroken("assessment_limit_unreadable")
    _require_within_cap(db, actor, row, limit_minor, data.term_days)
    _write_opinion(db, actor, row, row.round, step + 1, role, limit_minor, data.term_days, data.note)
    facts = _facts(row, limit_minor, data.term_days)
    journal.record(db, actor, "assessment_signed", customer_id=row.customer_id, subject_id=assessment_id, data=facts)
    return engine.decide(db, actor, row.approval_id, approve=True, reason=data.note, step=step)


def return_assessment(db: Session, actor: Actor, assessment_id: UUID, data: ReturnAssessment) -> None:
    """Returns the assessment to its author with a reason. Raises what deciding raises."""
    actor, row = lock_assessment(db, actor, assessment_id)
    if row.state != "submitted" or row.approval_id is None:
        raise RuleBroken("assessment_not_submitted", number=row.number)
    engine.decide(db, actor, row.approval_id, approve=False, reason=data.reason, step=data.step)


def require_opinion(db: Session, actor: Actor, approved: Approved, step: int) -> None:
    """Refuses a sign-off whose person wrote no figures (asked by the engine at each step).

    Raises RuleBroken(`assessment_figures_needed`).
    """
    row, opinion = load_assessment(db, actor.tenant_id, approved.subject_id), AssessmentOpinion
    found = db.execute(
        sa.select(opinion.given_by_id).where(
            opinion.tenant_id == actor.tenant_id,
            opinion.assessment_id == row.id,
            opinion.round == row.round,
            opinion.position == step + 1,
        )
    ).first()
    if found is None or found.given_by_id != actor.user_id:
        raise RuleBroken("assessment_figures_needed")


def bring_into_force(db: Session, actor: Actor, approved: Approved) -> DbRow:
    """Brings an assessment into force with the figures of the last sign-off; returns its row (R060, R072, A18).

    The one before it is superseded and stays. Valid for the policy's months, half a year as shipped.
    """
    row = load_assessment(db, actor.tenant_id, approved.subject_id)
    actor = lock_customers(db, actor, [row.customer_id])
    last = _last_opinion(db, actor.tenant_id, row)
    assessment = Assessment
    superseded = db.execute(
        sa.update(assessment)
        .where(
            assessment.tenant_id == actor.tenant_id,
            assessment.customer_id == row.customer_id,
            assessment.state == "approved",
        )
        .values(state="superseded")
        .returning(assessment.id)
    ).scalar()
    months = credit_policy(db, actor.tenant_id).limit_months
    set_state(
        db,
        actor,
        row.id,
        state="approved",
        limit_minor=last.limit_minor,
        term_days=last.term_days,
        valid_through_on=add_months(actor.today, months),
        supersedes_id=superseded,
        decided_at=actor.now,
    )
    facts = _facts(row, last.limit_minor, last.term_days)
    journal.record(db, actor, "assessment_approved", customer_id=row.customer_id, subject_id=row.id, data=facts)
    return load_assessment(db, actor.tenant_id, row.id)


def hand_back(db: Session, actor: Actor, approved: Approved) -> None:
    """Gives a rejected assessment back to its author with the reason, a withdrawn one as a draft."""
    row = load_assessment(db, actor.tenant_id, approved.subject_id)
    state = "rejected" if approved.state == "rejected" else "draft"
    set_state(db, actor, row.id, state=state, reason=approved.closing_reason)
    facts = {"number": row.number, "reason": approved.closing_reason}
    journal.record(db, actor, "assessment_returned", customer_id=row.customer_id, subject_id=row.id, data=facts)


def _require_within_cap(db: Session, actor: Actor, row: DbRow, limit_minor: int, term_days: int) -> None:
    policy, grade = credit_policy(db, actor.tenant_id), Grade(row.grade)
    size = size_of(db, actor.tenant_id, row.customer_id)
    fault = cap_fault(policy, grade, size, limit_minor, term_days, actor.today)
    if fault is not None:
        raise RuleBroken(fault, grade=row.grade, cap_days=term_cap_days(policy, grade, size, actor.today))


def _write_opinion(
    db: Session,
    actor: Actor,
    row: DbRow,
    this_round: int,
    position: int,
    role: str,
    limit_minor: int,
    term_days: int,
    note: str,
) -> None:
    db.execute(
        insert(AssessmentOpinion)
        .values(
            tenant_id=actor.tenant_id,
            assessment_id=row.id,
            round=this_round,
            position=position,
            role=role,
            limit_minor=limit_minor,
            term_days=term_days,
            note=note,
            given_by=actor.name,
            given_by_id=actor.user_id,
            given_at=actor.now,
        )
        .on_conflict_do_nothing()
    )


def _open_step(db: Session, tenant_id: UUID, approval_id: UUID) -> tuple[int, str]:
    """Returns the step that an approval waits for, counted from 0, and its role; under the customer's lock."""
    approval = Approval
    row = db.execute(
        sa.select(approval.step, approval.waits_for).where(approval.tenant_id == tenant_id, approval.id == approval_id)
    ).one()
    return row.step, row.waits_for or ""


def _last_opinion(db: Session, tenant_id: UUID, row: DbRow) -> DbRow:
    opinion = AssessmentOpinion
    return db.execute(
        sa.select(opinion.limit_minor, opinion.term_days)
        .where(opinion.tenant_id == tenant_id, opinion.assessment_id == row.id, opinion.round == row.round)
        .order_by(opinion.position.desc())
        .limit(1)
    ).one()


def _facts(row: DbRow, limit_minor: int, term_days: int) -> dict[str, Any]:
    suggested = row.suggestion["suggested_minor"] if row.suggestion else None
    return {
        "number": row.number,
        "grade": row.grade,
        "score": row.score,
        "raw": row.raw,
        "currency": row.currency,
        "limit_minor": limit_minor,
        "term_days": term_days,
        "suggested_minor": suggested,
    }
