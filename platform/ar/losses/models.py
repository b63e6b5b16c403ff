"""Defines the tables of losses: provision policies and runs, bad-debt cases with their recoveries and events.

Invariants: policies, assessments, runs, lines, files, recoveries and events are inserted once and never changed; of a
case only its state and decision columns change; a credit or recovery counts until its document is reversed.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
    Json,
    JsonList,
    Minor,
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

METHODS = ("matrix", "migration")
CASE_STATES = ("proposed", "written_off", "refused", "withdrawn", "taken_back")
EVENT_KINDS = ("note", "contact", "promise")


class ProvisionPolicy(Tenanted, Base):
    """A version of the provision policy; the highest is in force.

    `buckets`: [{through_days, rate_bps}], the last without an end. Rates, the loss given default, the fallback
    roll and the forward-looking factor are basis points (factor 10,000: unchanged).
    """

    __tablename__ = "provision_policy"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "version"),
        one_of("method", *METHODS),
        sa.CheckConstraint("lgd_bps BETWEEN 0 AND 10000", name="lgd_within"),
        sa.CheckConstraint("fallback_bps BETWEEN 0 AND 10000", name="fallback_within"),
        sa.CheckConstraint("factor_bps BETWEEN 1 AND 100000", name="factor_within"),
        sa.CheckConstraint("factor_bps = 10000 OR factor_reason <> ''", name="factor_has_reason"),
        sa.CheckConstraint("months BETWEEN 1 AND 60", name="months_within"),
    )
    version: Mapped[int] = mapped_column(sa.Integer)
    method: Mapped[Text]
    buckets: Mapped[JsonList]
    lgd_bps: Mapped[int] = mapped_column(sa.Integer)
    months: Mapped[int] = mapped_column(sa.SmallInteger)
    fallback_bps: Mapped[int] = mapped_column(sa.Integer)
    factor_bps: Mapped[int] = mapped_column(sa.Integer)
    factor_reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class ProvisionAssessment(Tenanted, Base):
    """An assessment that takes a document out of the buckets; `loss_bps` None ends it. The last counts."""

    __tablename__ = "provision_assessment"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        sa.CheckConstraint("loss_bps BETWEEN 0 AND 10000", name="loss_within"),
        sa.Index("ix_provision_assessment_item", "tenant_id", "item_id"),
    )
    item_id: Mapped[Id]
    loss_bps: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class ProvisionRun(Tenanted, Base):
    """One run as of a day: allowance required, balance before, and the posted difference (`charge_minor`, signed).

    `figures` is the whole preview as it was posted; `sums` are the allowance's postings so far by kind and currency,
    from which the next run counts its movements. `entry_id` None: nothing to post.
    """

    __tablename__ = "provision_run"
    __table_args__ = (
        tenant_fk("policy_id", "provision_policy"),
        tenant_fk("entry_id", "entry"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.CheckConstraint("required_minor >= 0", name="required_not_negative"),
        sa.CheckConstraint("required_minor = before_minor + charge_minor", name="charge_closes"),
        sa.CheckConstraint("(entry_id IS NULL) = (charge_minor = 0)", name="booked_when_charged"),
        sa.Index("ix_provision_run_day", "tenant_id", "as_of"),
    )
    number: Mapped[Text]
    as_of: Mapped[Day]
    policy_id: Mapped[Id]
    currency: Mapped[Currency]
    required_minor: Mapped[Minor]
    before_minor: Mapped[Minor]
    charge_minor: Mapped[Minor]
    entry_id: Mapped[IdOrNone]
    figures: Mapped[Json]
    sums: Mapped[Json]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class ProvisionReversal(Tenanted, Base):
    """The reversal of a run, at most one, and its entry."""

    __tablename__ = "provision_reversal"
    __table_args__ = (
        tenant_fk("run_id", "provision_run"),
        tenant_fk("entry_id", "entry"),
        sa.UniqueConstraint("tenant_id", "run_id"),
    )
    run_id: Mapped[Id]
    entry_id: Mapped[IdOrNone]
    reversed_on: Mapped[Day]
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class BadDebtCase(Tenanted, Base):
    """Debts of one customer proposed for write-off, and the decision. `options`: tried before (R236)."""

    __tablename__ = "bad_debt_case"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("approval_id", "approval"),
        sa.UniqueConstraint("tenant_id", "number"),
        one_of("state", *CASE_STATES),
        sa.CheckConstraint(
            "(written_off_on IS NOT NULL) = (state IN ('written_off', 'taken_back'))", name="dated_when_written_off"
        ),
        sa.Index("ix_bad_debt_case_customer", "tenant_id", "customer_id"),
        sa.Index("ix_bad_debt_case_state", "tenant_id", "state"),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    cause: Mapped[Text]
    options: Mapped[JsonList]
    reason: Mapped[Text]
    state: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    written_off_on: Mapped[DayOrNone]
    proposed_at: Mapped[Moment]
    proposed_by: Mapped[Text]
    settled_at: Mapped[MomentOrNone]
    settled_by: Mapped[TextOrNone]
    settled_reason: Mapped[TextOrNone]


class BadDebtLine(Tenanted, Base):
    """An amount of one open document proposed for write-off."""

    __tablename__ = "bad_debt_line"
    __table_args__ = (
        tenant_fk("case_id", "bad_debt_case"),
        tenant_fk("item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "case_id", "item_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.Index("ix_bad_debt_line_item", "tenant_id", "item_id"),
    )
    case_id: Mapped[Id]
    item_id: Mapped[Id]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]


class BadDebtFile(Tenanted, Base):
    """Evidence of a case: a stored blob under its file name."""

    __tablename__ = "bad_debt_file"
    __table_args__ = (
        tenant_fk("case_id", "bad_debt_case"),
        tenant_fk("sha256", "blob", target_column="sha256"),
        sa.UniqueConstraint("tenant_id", "case_id", "sha256"),
    )
    case_id: Mapped[Id]
    sha256: Mapped[Text]
    file_name: Mapped[Text]
    media_type: Mapped[Text]
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class BadDebtCredit(Tenanted, Base):
    """The credit that wrote off a case's debts of one currency. It counts until that document is reversed."""

    __tablename__ = "bad_debt_credit"
    __table_args__ = (
        tenant_fk("case_id", "bad_debt_case"),
        tenant_fk("item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "case_id", "currency"),
        sa.UniqueConstraint("tenant_id", "item_id"),
    )
    case_id: Mapped[Id]
    item_id: Mapped[Id]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]


class BadDebtRecovery(Tenanted, Base):
    """Money received after the write-off. It counts until its `recovery` document is reversed."""

    __tablename__ = "bad_debt_recovery"
    __table_args__ = (
        tenant_fk("case_id", "bad_debt_case"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recovery_item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name="fk_bad_debt_recovery_recovery",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "credit_item_id"], ["open_item.tenant_id", "open_item.id"], name="fk_bad_debt_recovery_credit"
        ),
        sa.UniqueConstraint("tenant_id", "recovery_item_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.Index("ix_bad_debt_recovery_case", "tenant_id", "case_id"),
    )
    case_id: Mapped[Id]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    recovery_item_id: Mapped[Id]
    credit_item_id: Mapped[Id]
    recovered_on: Mapped[Day]
    note: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class BadDebtEvent(Tenanted, Base):
    """An event of a written-off debt: a note, a contact, a promise to pay (R234)."""

    __tablename__ = "bad_debt_event"
    __table_args__ = (
        tenant_fk("case_id", "bad_debt_case"),
        one_of("kind", *EVENT_KINDS),
        sa.CheckConstraint("(kind = 'promise') = (promised_on IS NOT NULL)", name="promise_has_day"),
        sa.CheckConstraint("(promised_minor IS NULL) = (promised_currency IS NULL)", name="promise_whole"),
        sa.Index("ix_bad_debt_event_case", "tenant_id", "case_id"),
    )
    case_id: Mapped[Id]
    kind: Mapped[Text]
    happened_on: Mapped[Day]
    text: Mapped[Text]
    promised_on: Mapped[DayOrNone]
    promised_minor: Mapped[MinorOrNone]
    promised_currency: Mapped[str | None] = mapped_column(sa.CHAR(3))
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
