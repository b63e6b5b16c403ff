"""Reviews of credit limits, from the opening to the signature."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.models import ReviewCampaign, ReviewLine
from ar.credit.reviews.deciding import decide_line, decide_lines, explain_line
from ar.credit.reviews.inputs import DecideLine, DecideLines, ExplainLine
from ar.credit.reviews.opening import open_review
from ar.credit.reviews.signing import submit_review
from tests.support.world.credit import Credit


class Reviews(Credit):
    """Makers of reviews."""

    def open_review(self) -> UUID:
        """Opens a review on the world's day; returns its id."""
        with self.transaction() as db:
            return open_review(db, self.actor())

    def explain_line(self, review: UUID, customer: UUID, text: str = "季节性备货") -> None:
        """Explains a flagged line."""
        with self.transaction() as db:
            explain_line(db, self.actor(), review, customer, ExplainLine(explanation=text))

    def decide_line(self, review: UUID, customer: UUID, decision: str, **values: Any) -> None:
        """Decides on one line."""
        data = DecideLine.model_validate({"decision": decision, "note": "按回款情况", **values})
        with self.transaction() as db:
            decide_line(db, self.actor(), review, customer, data)

    def decide_lines(self, review: UUID, customers: list[UUID], decision: str, percent: int | None = None) -> int:
        """Decides on many lines in one way; returns how many."""
        data = DecideLines.model_validate(
            {"customer_ids": customers, "decision": decision, "percent": percent, "note": "统一调整"}
        )
        with self.transaction() as db:
            return decide_lines(db, self.actor(), review, data)

    def submit_review(self, review: UUID) -> UUID:
        """Submits a review; returns the approval's id."""
        c = ReviewCampaign
        with self.transaction() as db:
            submit_review(db, self.actor(), review)
            query = sa.select(c.approval_id).where(c.tenant_id == self.tenant_id, c.id == review)
            found: UUID = db.execute(query).scalar_one()
            return found

    def review(self, review: UUID) -> sa.Row[Any]:
        """Returns a review as it stands."""
        c = ReviewCampaign.__table__
        with self.reading() as db:
            return db.execute(sa.select(c).where(c.c.tenant_id == self.tenant_id, c.c.id == review)).one()

    def review_line(self, review: UUID, customer: UUID) -> sa.Row[Any]:
        """Returns one line of a review as it stands."""
        c = ReviewLine.__table__
        query = sa.select(c).where(
            c.c.tenant_id == self.tenant_id, c.c.campaign_id == review, c.c.customer_id == customer
        )
        with self.reading() as db:
            return db.execute(query).one()
