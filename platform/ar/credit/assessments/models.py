"""Tables of assessments and their sign-offs."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Json,
    JsonOrNone,
    Minor,
    MinorOrNone,
    Moment,
    MomentOrNone,
    Tenanted,
    TenantKeyed,
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

GRADES: Final = ("A", "B", "C", "D")
ASSESSMENT_STATES: Final = ("draft", "submitted", "approved", "rejected", "withdrawn", "superseded")


class Assessment(Tenanted, Base):
    """A credit assessment (Annex 1, R040 to R048). Scores are 0 to 8 by item; `raw` is their sum, `score` 0 to 100.

    A score not given yet is -1, which only a draft has; `grade`, `raw` and `score` are computed when it is saved, a
    missing score counting 0. `limit_minor` and `term_days` are what the author proposes and, once approved, what was
    granted; `note` is the author's opinion. `round` counts how often it was submitted. An approved one is in force
    through `valid_through_on` (R072) or until the next supersedes it; `print_sha256` is then its Annex 1.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("supersedes_id", "assessment"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_assessment_customer", "tenant_id", "customer_id", "assessed_on"),
        sa.Index(
            "ix_assessment_in_force",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=sa.text("state = 'approved'"),
        ),
        one_of("state", *ASSESSMENT_STATES),
        one_of("grade", *GRADES),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    assessed_on: Mapped[Day]
    state: Mapped[Text]
    header: Mapped[Json] = mapped_column(JSONB)
    scores: Mapped[list[int]] = mapped_column(ARRAY(sa.SmallInteger))
    weights: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    literal_raw: Mapped[bool]
    raw: Mapped[int] = mapped_column(sa.SmallInteger)
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    grade: Mapped[Text]
    trading: Mapped[Json] = mapped_column(JSONB)
    forecast: Mapped[Json] = mapped_column(JSONB)
    guarantees: Mapped[Text]
    note: Mapped[Text]
    round: Mapped[int] = mapped_column(sa.SmallInteger)
    currency: Mapped[Currency]
    suggestion: Mapped[JsonOrNone]
    approval_id: Mapped[IdOrNone]
    limit_minor: Mapped[MinorOrNone]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    valid_through_on: Mapped[DayOrNone]
    supersedes_id: Mapped[IdOrNone]
    prepared_by: Mapped[Text]
    prepared_by_id: Mapped[IdOrNone]
    prepared_at: Mapped[Moment]
    decided_at: Mapped[MomentOrNone]
    reason: Mapped[TextOrNone]
    print_sha256: Mapped[TextOrNone]


class AssessmentOpinion(TenantKeyed, Base):
    """One sign-off of an assessment with a limit (minor units) and a term (days) of its own; position 0 is the author.

    `round` counts from 1: a returned assessment that is submitted again is signed by everybody again.
    """

    __tablename__ = "assessment_opinion"
    __table_args__ = (
        tenant_fk("assessment_id", "assessment"),
        sa.CheckConstraint("limit_minor >= 0 AND term_days >= 0", name="not_negative"),
    )
    assessment_id: Mapped[Id] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    role: Mapped[Text]
    limit_minor: Mapped[Minor]
    term_days: Mapped[int] = mapped_column(sa.Integer)
    note: Mapped[Text]
    given_by: Mapped[Text]
    given_by_id: Mapped[IdOrNone]
    given_at: Mapped[Moment]
