"""Tables of cases: policy versions, runs, ladder states, actions, steps, withheld steps, holds.

Invariants: one step per item, policy version, level and code, ever (the unique key makes a second, concurrent
or crashed run harmless); `ladder_state` is a projection by which a run selects its items; policies are
versions, never edited.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ar.cases.rules.outcomes import OUTCOMES
from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Json,
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


class PolicyVersion(Tenanted, Base):
    """An escalation policy as data (`ar.cases.rules.policy.Policy`); items finish on the version they started."""

    __tablename__ = "policy_version"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "code", "version"),
    )
    code: Mapped[Text]
    version: Mapped[int]
    data: Mapped[Json] = mapped_column(JSONB)
    effective_from: Mapped[Day]
    published_by: Mapped[Text]
    published_at: Mapped[Moment]


class DayRun(Tenanted, Base):
    """One daily run and its counts."""

    __tablename__ = "day_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.Index("ix_day_run_date", "tenant_id", "run_on"),
    )
    run_on: Mapped[Day]
    started_at: Mapped[Moment]
    counts: Mapped[Json] = mapped_column(JSONB)


class LadderState(TenantKeyed, Base):
    """An item's state on its ladder: level reached, whether a step is pending, and when the next one comes."""

    __tablename__ = "ladder_state"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        tenant_fk("policy_version_id", "policy_version"),
        sa.Index("ix_ladder_state_next", "tenant_id", "next_on", postgresql_where=sa.text("next_on IS NOT NULL")),
        sa.Index("ix_ladder_state_parked", "tenant_id", "item_id", postgresql_where=sa.text("parked")),
    )
    item_id: Mapped[Id] = mapped_column(primary_key=True)
    policy_version_id: Mapped[Id]
    level_reached: Mapped[int] = mapped_column(sa.SmallInteger)
    waiting: Mapped[bool]
    last_delivered_on: Mapped[DayOrNone]
    deadline_on: Mapped[DayOrNone]
    fired: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    next_on: Mapped[DayOrNone]
    parked: Mapped[bool]
    held_code: Mapped[TextOrNone]


class Action(Tenanted, Base):
    """One letter or task: the day's steps of one customer and currency, at the highest level among them.

    `outcome`: what came of the last try at a call or task; `again_on`: the day of the next try of one that stays open.
    """

    __tablename__ = "action"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("run_id", "day_run"),
        one_of("form", "letter", "call", "task"),
        one_of(
            "state",
            "proposed",
            "approved",
            "sending",
            "delivered",
            "done",
            "skipped",
            "suppressed",
            "failed",
            "unknown",
        ),
        one_of("outcome", *OUTCOMES),
        sa.Index("ix_action_state", "tenant_id", "state", "run_on"),
        sa.Index("ix_action_customer", "tenant_id", "customer_id", "id"),
        # Today shows the first of what waits, in this order.
        sa.Index(
            "ix_action_first",
            "tenant_id",
            sa.desc("level"),
            sa.desc("total_minor"),
            "id",
            postgresql_where=sa.text("state IN ('proposed', 'approved')"),
        ),
        sa.Index(
            "ix_action_waiting",
            "tenant_id",
            "form",
            "state",
            "run_on",
            postgresql_where=sa.text("claims AND state IN ('proposed', 'approved')"),
        ),
    )
    customer_id: Mapped[Id]
    run_id: Mapped[Id]
    run_on: Mapped[Day]
    currency: Mapped[Currency]
    form: Mapped[Text]
    code: Mapped[Text]
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    audience: Mapped[Text]
    release_role: Mapped[TextOrNone] = mapped_column("approval_role")
    effects: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    state: Mapped[Text]
    items: Mapped[int]
    total_minor: Mapped[Minor]
    number: Mapped[TextOrNone]
    deadline_on: Mapped[DayOrNone]
    contact_id: Mapped[IdOrNone]
    mail_id: Mapped[IdOrNone]
    pdf_sha256: Mapped[TextOrNone]
    reason: Mapped[TextOrNone]
    decided_by: Mapped[TextOrNone]
    decided_by_id: Mapped[IdOrNone]
    decided_at: Mapped[MomentOrNone]
    delivered_at: Mapped[MomentOrNone]
    outcome: Mapped[TextOrNone]
    again_on: Mapped[DayOrNone]
    created_at: Mapped[Moment]
    #: Something of it is still open, or it is about no item: kept by triggers of `open_item` and `step` (ADR 0048).
    claims: Mapped[bool] = mapped_column(server_default=sa.true())


class StepTaken(Tenanted, Base):
    """One item reaching one step: nominal date, execution date, and the line that explains it."""

    __tablename__ = "step"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        tenant_fk("policy_version_id", "policy_version"),
        tenant_fk("action_id", "action"),
        sa.UniqueConstraint("tenant_id", "item_id", "policy_version_id", "level", "code"),
        one_of("state", "proposed", "delivered", "done", "skipped", "suppressed", "failed", "unknown"),
        sa.Index("ix_step_action", "tenant_id", "action_id"),
    )
    item_id: Mapped[Id]
    customer_id: Mapped[Id]
    policy_version_id: Mapped[Id]
    action_id: Mapped[Id]
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    code: Mapped[Text]
    nominal_on: Mapped[Day]
    runs_on: Mapped[Day]
    open_minor: Mapped[Minor]
    state: Mapped[Text]
    why_code: Mapped[Text]
    why_params: Mapped[Json] = mapped_column(JSONB)


class WithheldStep(Tenanted, Base):
    """A due step that was withheld, and why (on hold, disputed, below tolerance, unapplied credit)."""

    __tablename__ = "held"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        tenant_fk("run_id", "day_run"),
        sa.Index("ix_held_customer", "tenant_id", "customer_id", "id"),
    )
    item_id: Mapped[Id]
    customer_id: Mapped[Id]
    run_id: Mapped[Id]
    held_on: Mapped[Day]
    code: Mapped[Text]
    params: Mapped[Json] = mapped_column(JSONB)


class CollectionHold(Tenanted, Base):
    """A hold on chasing a customer or one item, until a day or until it is lifted; disputes and promises too.

    `promised_minor`: the amount that was promised, in `currency`; None where a promise names none.
    """

    __tablename__ = "block"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("item_id", "open_item"),
        one_of("kind", "block", "dispute", "promise"),
        sa.CheckConstraint(
            "(promised_minor IS NULL) = (currency IS NULL) AND (promised_minor IS NULL OR promised_minor > 0)",
            name="promised",
        ),
        sa.Index("ix_block_customer", "tenant_id", "customer_id"),
        sa.Index("ix_block_item", "tenant_id", "item_id"),
    )
    customer_id: Mapped[Id]
    item_id: Mapped[IdOrNone]
    kind: Mapped[Text]
    until_on: Mapped[DayOrNone]
    reason: Mapped[Text]
    placed_by: Mapped[Text]
    placed_at: Mapped[Moment]
    lifted_by: Mapped[TextOrNone]
    lifted_at: Mapped[MomentOrNone]
    promised_minor: Mapped[MinorOrNone]
    currency: Mapped[TextOrNone] = mapped_column(sa.CHAR(3))
