"""Reads reviews for their pages: the list, one review with its progress, its lines, one line.

Invariant: a constant number of statements, lists bounded; a salesperson is counted own customers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.reviews.models import ReviewCampaign, ReviewLine
from ar.credit.reviews.texts import flag_texts
from ar.customers.models import Customer
from kernel.binds import TENANT
from kernel.errors import NotFound
from kernel.views import select_view, tuple_of, value, view, views
from tenants.models import User

FILTERS: Final = ("all", "unexplained", "undecided", "flagged", "keep", "cut", "raise", "freeze")
EVERY_LINE: Final = 100_000


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review and how far it is: lines in all, flagged, and those of each filter."""

    id: UUID
    number: str
    review_on: date
    state: str
    approval_id: UUID | None
    opened_by: str
    opened_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    all: int
    flagged: int
    unexplained: int
    undecided: int
    keep: int
    cut: int
    raised: int
    freeze: int

    @property
    def decided(self) -> int:
        """Returns how many lines are decided."""
        return self.all - self.undecided

    @property
    def explained(self) -> int:
        """Returns how many flagged lines are explained."""
        return self.flagged - self.unexplained

    @property
    def is_ready(self) -> bool:
        """Whether it can be submitted."""
        return self.state == "open" and not self.unexplained and not self.undecided

    def count(self, name: str) -> int:
        """Returns how many lines a filter shows."""
        return int(getattr(self, "raised" if name == "raise" else name))


@dataclass(frozen=True, slots=True)
class ReviewLineView:
    """One customer in a review; `pack` as `packs.Pack.figures`, amounts in minor units of its currency."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    owner_name: str | None
    pack: dict[str, Any]
    flags: tuple[str, ...]
    explanation: str
    explained_by: str | None
    explained_at: datetime | None
    decision: str | None
    limit_minor: int | None
    term_days: int | None
    note: str
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None

    @property
    def currency(self) -> str:
        """Returns the currency of the limit."""
        return str(self.pack["currency"])

    @property
    def flag_names(self) -> list[str]:
        """Returns what is to be explained, in words."""
        return flag_texts(self.flags)

    @property
    def used_bps(self) -> int | None:
        """Returns the exposure in basis points of all limits; None where there is nothing to divide by."""
        exposure, limit = self.pack["exposure_minor"], self.pack["limit_minor"]
        total = None if limit is None else limit + self.pack["temporary_minor"]
        return None if exposure is None or not total else max(0, exposure) * 10_000 // total

    @property
    def sales(self) -> list[tuple[date, int]]:
        """Returns the sales of six months, the oldest first."""
        return [(date.fromisoformat(month), minor) for month, minor in self.pack["sales"]]


def _conditions() -> dict[str, sa.ColumnElement[bool]]:
    line = ReviewLine
    is_flagged = sa.func.cardinality(line.flags) > 0
    return {
        "all": sa.true(),
        "flagged": is_flagged,
        "unexplained": sa.and_(is_flagged, line.explanation == ""),
        "undecided": line.decision.is_(None),
        **{decision: line.decision == decision for decision in ("keep", "cut", "raise", "freeze")},
    }


def _reviews(tenant_id: UUID) -> sa.Select[Any]:
    c, line, counted = ReviewCampaign, ReviewLine, _conditions()

    def lines(name: str) -> sa.ColumnElement[int]:
        return sa.func.count(line.customer_id).filter(counted[name])

    return (
        select_view(
            ReviewView,
            id=value(c.id),
            number=value(c.number),
            review_on=value(c.review_on),
            state=value(c.state),
            approval_id=value(c.approval_id),
            opened_by=value(c.opened_by),
            opened_at=value(c.opened_at),
            signed_by=value(c.signed_by),
            signed_at=value(c.signed_at),
            all=value(sa.func.count(line.customer_id)),
            flagged=value(lines("flagged")),
            unexplained=value(lines("unexplained")),
            undecided=value(lines("undecided")),
            keep=value(lines("keep")),
            cut=value(lines("cut")),
            raised=value(lines("raise")),
            freeze=value(lines("freeze")),
        )
        .join(line, sa.and_(line.tenant_id == tenant_id, line.campaign_id == c.id))
        .where(c.tenant_id == tenant_id)
        .group_by(c.tenant_id, c.id)
    )


def reviews(db: Session, tenant_id: UUID, *, offset: int = 0, limit: int = 50) -> tuple[list[ReviewView], int]:
    """Returns the reviews with a customer that the reader sees, the newest first, and how many there are."""
    c = ReviewCampaign
    rows = db.execute(_reviews(tenant_id).order_by(c.review_on.desc(), c.id.desc()).offset(offset).limit(limit)).all()
    total = db.execute(sa.select(sa.func.count()).select_from(_reviews(tenant_id).subquery())).scalar_one()
    return views(ReviewView, rows), total


def review(db: Session, tenant_id: UUID, campaign_id: UUID) -> ReviewView:
    """Returns one review. Raises NotFound(`review_not_found`), also where the reader sees no customer of it."""
    row = db.execute(_reviews(tenant_id).where(ReviewCampaign.id == campaign_id)).first()
    if row is None:
        raise NotFound("review_not_found")
    return view(ReviewView, row)


def _lines(tenant_id: UUID, campaign_id: UUID) -> sa.Select[Any]:
    line, customer = ReviewLine, Customer
    return (
        select_view(
            ReviewLineView,
            customer_id=value(line.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            owner_name=value(User.name),
            pack=value(line.pack),
            flags=tuple_of(line.flags),
            explanation=value(line.explanation),
            explained_by=value(line.explained_by),
            explained_at=value(line.explained_at),
            decision=value(line.decision),
            limit_minor=value(line.limit_minor),
            term_days=value(line.term_days),
            note=value(line.note),
            decided_by=value(line.decided_by),
            decided_at=value(line.decided_at),
            outcome=value(line.outcome),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == line.customer_id))
        .outerjoin(User, User.id == customer.owner_id)
        .where(line.tenant_id == tenant_id, line.campaign_id == campaign_id)
    )


def review_lines(
    db: Session, tenant_id: UUID, campaign_id: UUID, *, only: str = "all", offset: int = 0, limit: int = EVERY_LINE
) -> list[ReviewLineView]:
    """Returns the lines that a filter shows, flagged ones first, then by customer number."""
    is_flagged = sa.func.cardinality(ReviewLine.flags) > 0
    rows = db.execute(
        _lines(tenant_id, campaign_id)
        .where(_conditions()[only])
        .order_by(is_flagged.desc(), Customer.number, Customer.id)
        .offset(offset)
        .limit(limit)
    ).all()
    return views(ReviewLineView, rows)


def review_line(db: Session, tenant_id: UUID, campaign_id: UUID, customer_id: UUID) -> ReviewLineView:
    """Returns one line. Raises NotFound(`review_line_not_found`)."""
    row = db.execute(_lines(tenant_id, campaign_id).where(ReviewLine.customer_id == customer_id)).first()
    if row is None:
        raise NotFound("review_line_not_found")
    return view(ReviewLineView, row)


def matching(db: Session, tenant_id: UUID, campaign_id: UUID, only: str) -> Sequence[UUID]:
    """Returns the customers of every line that a filter shows."""
    line = ReviewLine
    return (
        db.execute(
            sa.select(line.customer_id).where(
                line.tenant_id == tenant_id, line.campaign_id == campaign_id, _conditions()[only]
            )
        )
        .scalars()
        .all()
    )


def lines_to_explain() -> sa.Select[Any]:
    """Selects the flagged lines that wait for an explanation (bind: tenant)."""
    line, c = ReviewLine, ReviewCampaign
    return (
        sa.select(line.customer_id)
        .join(c, sa.and_(c.tenant_id == TENANT, c.id == line.campaign_id, c.state == "open"))
        .where(line.tenant_id == TENANT, _conditions()["unexplained"])
    )
