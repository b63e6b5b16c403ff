"""Keeps the answers of the opening questionnaire; each time is a version of its own.

Invariant: answers are inserted and never changed; the last version counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.documents import lock_customer
from ar.customers.file.models import Questionnaire
from ar.customers.file.survey.inputs import AnswerQuestionnaire
from ar.customers.file.survey.questions import CODES
from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.ids import new_id
from kernel.versions import check_version
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class QuestionnaireVersion:
    """Answers as somebody gave them, question code → text."""

    id: UUID
    answers: Mapping[str, str]
    answered_by: str
    answered_at: datetime


def answer_values(answers: Mapping[str, str]) -> dict[str, str]:
    """Returns the answers as the form shows them, every question included."""
    return {code: answers.get(code, "") for code in CODES}


def questionnaires(db: Session, tenant_id: UUID, customer_id: UUID) -> list[QuestionnaireVersion]:
    """Returns the versions, the last one first."""
    paper = Questionnaire
    rows = db.execute(
        select_view(
            QuestionnaireVersion,
            id=value(paper.id),
            answers=value(paper.answers),
            answered_by=value(paper.answered_by),
            answered_at=value(paper.answered_at),
        )
        .where(paper.tenant_id == tenant_id, paper.customer_id == customer_id)
        .order_by(paper.answered_at.desc(), paper.id.desc())
    )
    return views(QuestionnaireVersion, rows)


def answer_questionnaire(db: Session, actor: Actor, customer_id: UUID, data: AnswerQuestionnaire) -> UUID:
    """Keeps a new version; returns its id, or that of the last one when nothing differs.

    Raises NotFound(`customer_not_found`), RuleBroken(`questionnaire_empty`), Conflict(`changed_meanwhile`).
    """
    lock_customer(db, actor, customer_id)
    known = questionnaires(db, actor.tenant_id, customer_id)
    before = dict(known[0].answers) if known else {}
    if not data.answers:
        raise RuleBroken("questionnaire_empty")
    if known and before == data.answers:
        return known[0].id
    check_version(data, answer_values(before))
    paper_id = new_id()
    db.execute(
        sa.insert(Questionnaire).values(
            tenant_id=actor.tenant_id,
            id=paper_id,
            customer_id=customer_id,
            answers=data.answers,
            answered_by=actor.name,
            answered_at=actor.now,
        )
    )
    facts = {"answers": len(data.answers)}
    journal.record(db, actor, "questionnaire_answered", customer_id=customer_id, subject_id=paper_id, data=facts)
    return paper_id
