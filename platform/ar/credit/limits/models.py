"""Tables of limits, the changes asked for, and guarantees."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ar.credit.assessments.models import GRADES
from kernel.columns import (
    Currency,
    Day,
    DayOrNone,
    Id,
    IdOrNone,
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

LIMIT_KINDS: Final = ("regular", "temporary")
#: How a limit came about: an approved assessment, an approved change, a review, a danger signal, taken over by import.
LIMIT_SOURCES: Final = ("assessment", "change", "review", "signal", "taken_over")
GUARANTEE_KINDS: Final = ("deposit", "guarantee", "mortgage", "pledge", "insurance")
REQUEST_STATES: Final = ("requested", "approved", "rejected", "withdrawn")


class CreditLimit(Tenanted, Base):
    """A credit limit in minor units of `currency`, from `valid_from` through `valid_to`; both days count.

    `unlimited` has no amount. A regular limit carries the credit term in days; a temporary one adds to the regular
    limit of its days. `valid_to` may only be brought forward, by the next limit. `taken_over`: came in by import.
    """

    __tablename__ = "credit_limit"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("assessment_id", "assessment"),
        sa.Index("ix_credit_limit_customer", "tenant_id", "customer_id", "valid_from"),
        sa.Index("ix_credit_limit_ends", "tenant_id", "valid_to"),
        one_of("kind", *LIMIT_KINDS),
        one_of("source", *LIMIT_SOURCES),
        one_of("grade", *GRADES),
        sa.CheckConstraint("unlimited = (amount_minor IS NULL)", name="amount_or_unlimited"),
        sa.CheckConstraint("amount_minor >= 0", name="not_negative"),
        sa.CheckConstraint("kind = 'regular' OR (valid_to IS NOT NULL AND NOT unlimited)", name="temporary_ends"),
    )
    customer_id: Mapped[Id]
    kind: Mapped[Text]
    currency: Mapped[Currency]
    amount_minor: Mapped[MinorOrNone]
    unlimited: Mapped[bool]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    grade: Mapped[TextOrNone]
    valid_from: Mapped[Day]
    valid_to: Mapped[DayOrNone]
    source: Mapped[Text]
    assessment_id: Mapped[IdOrNone]
    approval_id: Mapped[IdOrNone]
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class LimitChange(Tenanted, Base):
    """A limit that was asked for and waits for the general manager, or was decided (R070)."""

    __tablename__ = "limit_change"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("limit_id", "credit_limit"),
        sa.Index("ix_limit_change_customer", "tenant_id", "customer_id", "requested_at"),
        one_of("kind", *LIMIT_KINDS),
        one_of("state", *REQUEST_STATES),
        one_of("source", *LIMIT_SOURCES),
    )
    customer_id: Mapped[Id]
    kind: Mapped[Text]
    source: Mapped[Text]
    currency: Mapped[Currency]
    amount_minor: Mapped[MinorOrNone]
    unlimited: Mapped[bool]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    grade: Mapped[TextOrNone]
    valid_from: Mapped[Day]
    valid_to: Mapped[DayOrNone]
    reason: Mapped[Text]
    state: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    limit_id: Mapped[IdOrNone]
    requested_by: Mapped[Text]
    requested_by_id: Mapped[IdOrNone]
    requested_at: Mapped[Moment]
    decided_at: Mapped[MomentOrNone]


class Guarantee(Tenanted, Base):
    """A deposit, guarantee, mortgage, pledge or insurer's cover of a customer's debts, with its own expiry (R047)."""

    __tablename__ = "guarantee"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.Index("ix_guarantee_customer", "tenant_id", "customer_id"),
        sa.Index("ix_guarantee_ends", "tenant_id", "valid_to"),
        one_of("kind", *GUARANTEE_KINDS),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    customer_id: Mapped[Id]
    kind: Mapped[Text]
    provider: Mapped[Text]
    reference: Mapped[Text]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    valid_from: Mapped[Day]
    valid_to: Mapped[DayOrNone]
    #: Last day on which the claim against the guarantor can be made; six months after the debt by default.
    claim_by_on: Mapped[DayOrNone]
    file_sha256: Mapped[TextOrNone]
    file_name: Mapped[Text]
    note: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    ended_at: Mapped[MomentOrNone]
    ended_by: Mapped[TextOrNone]
    ended_reason: Mapped[TextOrNone]
