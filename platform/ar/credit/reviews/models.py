"""Tables of limit reviews."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Day,
    Id,
    IdOrNone,
    Json,
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

CAMPAIGN_STATES: Final = ("open", "submitted", "signed", "cancelled")
#: What a review or a signal decides on a limit.
DECISIONS: Final = ("keep", "cut", "raise", "freeze")
#: What became of a decision when the review was signed: a new limit, a stop of shipments, or nothing, and why.
OUTCOMES: Final = ("granted", "stopped", "file_gaps", "changed")


class ReviewCampaign(Tenanted, Base):
    """A review of every customer with a limit (R069): 1 June, 1 December, or on demand."""

    __tablename__ = "review_campaign"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index(
            "ix_review_campaign_day", "tenant_id", "review_on", unique=True,
            postgresql_where=sa.text("state <> 'cancelled'"),
        ),
        one_of("state", *CAMPAIGN_STATES),
    )  # fmt: skip
    number: Mapped[Text]
    review_on: Mapped[Day]
    state: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    opened_by: Mapped[Text]
    opened_at: Mapped[Moment]
    signed_by: Mapped[TextOrNone]
    signed_at: Mapped[MomentOrNone]


class ReviewLine(TenantKeyed, Base):
    """One customer in a review: the figures put before the deciders (`pack`), flags (A10), explanation and decision."""

    __tablename__ = "review_line"
    __table_args__ = (
        tenant_fk("campaign_id", "review_campaign"),
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_review_line_customer", "tenant_id", "customer_id"),
        one_of("decision", *DECISIONS),
        one_of("outcome", *OUTCOMES),
    )
    campaign_id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[Id] = mapped_column(primary_key=True)
    pack: Mapped[Json] = mapped_column(JSONB)
    flags: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    explanation: Mapped[Text]
    explained_by: Mapped[TextOrNone]
    explained_at: Mapped[MomentOrNone]
    decision: Mapped[TextOrNone]
    limit_minor: Mapped[MinorOrNone]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    note: Mapped[Text]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]
    outcome: Mapped[TextOrNone]
