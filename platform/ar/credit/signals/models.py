"""Tables of danger signals."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ar.credit.reviews.models import DECISIONS
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

SIGNAL_SOURCES: Final = ("computed", "manual")


class DangerSignal(Tenanted, Base):
    """A danger signal of a customer (R240 to R269) with the figures that fired it, and what was decided (R081, R270).

    `due_on`: one working day after it was raised. A signal counts as waiting until it has a decision.
    """

    __tablename__ = "danger_signal"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_danger_signal_customer", "tenant_id", "customer_id", "raised_on"),
        sa.Index("ix_danger_signal_waiting", "tenant_id", "due_on", postgresql_where=sa.text("decision IS NULL")),
        one_of("source", *SIGNAL_SOURCES),
        one_of("decision", *DECISIONS),
    )
    customer_id: Mapped[Id]
    code: Mapped[Text]
    source: Mapped[Text]
    raised_on: Mapped[Day]
    raised_by: Mapped[Text]
    raised_by_id: Mapped[IdOrNone]
    raised_at: Mapped[Moment]
    figures: Mapped[Json] = mapped_column(JSONB)
    note: Mapped[Text]
    due_on: Mapped[Day]
    proposed_limit_minor: Mapped[MinorOrNone]
    proposed_term_days: Mapped[int | None] = mapped_column(sa.Integer)
    decision: Mapped[TextOrNone]
    decision_reason: Mapped[TextOrNone]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]


class SignalState(TenantKeyed, Base):
    """Whether a computed signal's condition holds for a customer, so that it fires at the edge only, once."""

    __tablename__ = "signal_state"
    __table_args__ = (tenant_fk("customer_id", "customer"),)
    customer_id: Mapped[Id] = mapped_column(primary_key=True)
    code: Mapped[Text] = mapped_column(primary_key=True)
    active: Mapped[bool]
    since_on: Mapped[Day]
    figures: Mapped[Json] = mapped_column(JSONB)
