"""Defines the tables of approvals.

Invariants: chains and decisions are only inserted; of an approval only its progress changes; one open approval per
kind and subject, one decision per step, one step per person (unique keys enforce all three).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Day,
    Id,
    IdOrNone,
    Json,
    JsonList,
    MinorOrNone,
    Moment,
    MomentOrNone,
    Tenanted,
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

PENDING = "state = 'pending'"


def _member(column: str) -> sa.ForeignKeyConstraint:
    """Returns the foreign key to a member of the company, also a removed one."""
    return sa.ForeignKeyConstraint(["tenant_id", column], ["membership.tenant_id", "membership.user_id"])


class ApprovalChain(Tenanted, Base):
    """One version of the company's own chain for a kind: `steps` is [{role, from_minor}]; the newest is in force."""

    __tablename__ = "approval_chain"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "kind", "version"),
        sa.CheckConstraint("version > 0", name="version_counts"),
    )
    kind: Mapped[Text]
    version: Mapped[int]
    steps: Mapped[JsonList] = mapped_column(JSONB)
    changed_at: Mapped[Moment]
    changed_by: Mapped[Text]
    changed_by_id: Mapped[IdOrNone]


class Approval(Tenanted, Base):
    """A request and its progress. `chain`: the steps that the amount required at the time of the request.

    `step` counts decided steps; `waits_for` is the role of the next one, NULL when it is closed.
    """

    __tablename__ = "approval"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "number"),
        one_of("state", "pending", "approved", "rejected", "withdrawn"),
        sa.CheckConstraint(
            "(state = 'pending') = (waits_for IS NOT NULL) AND (state = 'pending') = (closed_at IS NULL)",
            name="open_or_closed",
        ),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount_whole"),
        sa.Index(
            "ix_approval_pending", "tenant_id", "kind", "subject_id", unique=True, postgresql_where=sa.text(PENDING)
        ),
        sa.Index("ix_approval_waits", "tenant_id", "waits_for", postgresql_where=sa.text(PENDING)),
        sa.Index("ix_approval_requested", "tenant_id", "requested_at"),
        sa.Index("ix_approval_requester", "tenant_id", "requested_by_id"),
        sa.Index("ix_approval_subject", "tenant_id", "subject_id"),
        sa.Index("ix_approval_customer", "tenant_id", "customer_id"),
    )
    number: Mapped[Text]
    kind: Mapped[Text]
    subject_id: Mapped[Id]
    customer_id: Mapped[IdOrNone]
    amount_minor: Mapped[MinorOrNone]
    currency: Mapped[str | None] = mapped_column(sa.CHAR(3))
    compare_minor: Mapped[MinorOrNone]
    facts: Mapped[Json] = mapped_column(JSONB)
    reason: Mapped[Text]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    chain: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    chain_version: Mapped[int]
    state: Mapped[Text]
    step: Mapped[int]
    waits_for: Mapped[TextOrNone]
    requested_at: Mapped[Moment]
    requested_by: Mapped[Text]
    requested_by_id: Mapped[IdOrNone]
    closed_at: Mapped[MomentOrNone]
    closed_by: Mapped[TextOrNone]
    closed_reason: Mapped[TextOrNone]


class ApprovalDecision(Tenanted, Base):
    """One person's decision on one step, and whom they represented."""

    __tablename__ = "approval_decision"
    __table_args__ = (
        tenant_fk("approval_id", "approval"),
        sa.UniqueConstraint("tenant_id", "approval_id", "step"),
        sa.UniqueConstraint("tenant_id", "approval_id", "decided_by_id"),
        one_of("outcome", "approved", "rejected"),
        sa.CheckConstraint("outcome = 'approved' OR reason <> ''", name="rejection_says_why"),
    )
    approval_id: Mapped[Id]
    step: Mapped[int]
    role: Mapped[Text]
    outcome: Mapped[Text]
    reason: Mapped[Text]
    decided_at: Mapped[Moment]
    decided_by: Mapped[Text]
    decided_by_id: Mapped[Id]
    on_behalf_of: Mapped[TextOrNone]
    on_behalf_of_id: Mapped[IdOrNone]


class ApprovalSubstitute(Tenanted, Base):
    """`substitute_id` may decide what `user_id` may, from `from_on` to `to_on`, both days included, until revoked."""

    __tablename__ = "approval_substitute"
    __table_args__ = (
        _member("user_id"),
        _member("substitute_id"),
        sa.CheckConstraint("user_id <> substitute_id", name="somebody_else"),
        sa.CheckConstraint("from_on <= to_on", name="days_in_order"),
        sa.Index(
            "ix_approval_substitute_stands_in",
            "tenant_id",
            "substitute_id",
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
        sa.Index("ix_approval_substitute_user", "tenant_id", "user_id"),
    )
    user_id: Mapped[Id]
    substitute_id: Mapped[Id]
    from_on: Mapped[Day]
    to_on: Mapped[Day]
    created_at: Mapped[Moment]
    created_by: Mapped[Text]
    revoked_at: Mapped[MomentOrNone]
    revoked_by: Mapped[TextOrNone]
