"""Credit assessments: drafted, submitted, signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.assessments.drafting import save_assessment, start_assessment
from ar.credit.assessments.inputs import SaveAssessment, SignAssessment, StartAssessment
from ar.credit.assessments.models import Assessment, AssessmentOpinion
from ar.credit.assessments.signing import sign_assessment, submit_assessment
from kernel.actor import Actor
from kernel.views import DbRow
from tests.support.approvals import on, open_step, person
from tests.support.world.ledger import Ledger

#: Points of the twelve items that give each grade with equal weights.
POINTS: dict[str, tuple[int, ...]] = {
    "A": (8,) * 12,
    "B": (6, 7, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5),
    "C": (4, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4),
    "D": (1, 0) + (2,) * 10,
}
SIGNERS = ("sales_manager", "finance", "general_manager")


class Assessments(Ledger):
    """Makers of assessments; who signs is a new person each time unless given."""

    def draft_assessment(self, customer_id: UUID, author: Actor | None = None) -> UUID:
        """Starts an assessment; returns its id."""
        with self.transaction() as db:
            return start_assessment(db, author or self.actor(), StartAssessment(customer_id=customer_id))

    def written(self, grade: str = "A", **values: Any) -> SaveAssessment:
        """Returns what an author writes: points of that grade, 50万 for 60 days where the grade gives credit."""
        given = {"points": POINTS[grade], "limit": "0", "term_days": 0} if grade in "CD" else {"points": POINTS[grade]}
        return SaveAssessment.model_validate({"limit": "50", "term_days": 30, "note": "合作多年"} | given | values)

    def submitted_assessment(
        self, customer_id: UUID, grade: str = "A", *, author: Actor | None = None, **values: Any
    ) -> UUID:
        """Submits an assessment by a salesperson; everybody who signs is there. Returns its id."""
        for role in SIGNERS:
            person(self, role)
        by = author or person(self, "salesperson", today=self.today)
        assessment_id = self.draft_assessment(customer_id, by)
        with self.transaction() as db:
            submit_assessment(db, by, assessment_id, self.written(grade, **values))
        return assessment_id

    def save_assessment(self, assessment_id: UUID, **values: Any) -> None:
        """Saves a draft."""
        with self.transaction() as db:
            save_assessment(db, self.actor(), assessment_id, SaveAssessment.model_validate(values))

    def sign_assessment(
        self, assessment_id: UUID, signer: Actor, limit: str = "50", term_days: int = 30, *, step: int | None = None
    ) -> str:
        """Signs the open step, or the one given; returns the state of the approval."""
        open_now = open_step(self, self.assessment(assessment_id).approval_id)[2]
        data = SignAssessment(limit=limit, term_days=term_days, note="同意", step=open_now if step is None else step)
        with self.transaction() as db:
            return sign_assessment(db, on(signer, self, self.today), assessment_id, data)

    def approved_assessment(
        self, customer_id: UUID, grade: str = "A", *, figures: Sequence[tuple[str, int]] = (), **values: Any
    ) -> UUID:
        """Has an assessment signed by everybody, with `figures` (limit in ten thousands, term) or the author's own."""
        assessment_id = self.submitted_assessment(customer_id, grade, **values)
        own = ("0", 0) if grade in "CD" else ("50", 30)
        for role, (limit, term_days) in zip(SIGNERS, figures or [own] * len(SIGNERS), strict=True):
            self.sign_assessment(assessment_id, person(self, role), limit, term_days)
        return assessment_id

    def assessment(self, assessment_id: UUID) -> DbRow:
        """Returns all columns of an assessment."""
        with self.reading() as db:
            table = Assessment.__table__
            statement = sa.select(*table.columns).where(
                table.c.tenant_id == self.tenant_id, table.c.id == assessment_id
            )
            return db.execute(statement).one()

    def opinions(self, assessment_id: UUID) -> list[tuple[int, str, int, int]]:
        """Returns (round, role, limit in minor units, term) of every sign-off, in order."""
        opinion = AssessmentOpinion
        with self.reading() as db:
            rows = db.execute(
                sa.select(opinion.round, opinion.role, opinion.limit_minor, opinion.term_days)
                .where(opinion.tenant_id == self.tenant_id, opinion.assessment_id == assessment_id)
                .order_by(opinion.round, opinion.position)
            )
            return [tuple(row) for row in rows]  # type: ignore[misc]
