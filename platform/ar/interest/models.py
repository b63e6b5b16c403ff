"""Tables of late interest: terms, reference rates, runs, charges with their lines, waivers, corrections.

Invariants: rows are inserted once and never changed; a charge is one ledger document with its lines, in force until
that document is reversed; a waiver is in force until it is reinstated, a correction until its document is reversed.
"""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
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
    Tenanted,
    Text,
    one_of,
    tenant_fk,
)
from kernel.db import Base

TERMS_KINDS = (
    *("none", "standard", "contract", "lpr", "sme_daily", "eu", "uk"),
    *("de", "fr", "be", "nl", "at", "es", "it", "ie"),  # a country: its statute of late payment
)
SERIES = ("lpr_1y", "sme_daily", "ecb_reference", "boe_reference", "bgb_base", "oenb_base")


class InterestTerms(Tenanted, Base):
    """Interest terms of a customer, or of the company (`customer_id` None), in force from a day on.

    `currency` None: every currency that has no row of its own. Rates are per cent, a year's (`annual_percent`) or a
    day's (`daily_percent`). `minimum_minor`: of a debt, `document_minimum_minor`: of all debts of a run together, in
    minor units. `standard`: the company's. Of several for one day the last recorded is in force.
    """

    __tablename__ = "interest_terms"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        tenant_fk("customer_id", "customer"),
        one_of("kind", *TERMS_KINDS),
        sa.CheckConstraint("basis IN (360, 365)", name="basis_known"),
        sa.CheckConstraint("grace_days BETWEEN 0 AND 365", name="grace_within"),
        sa.CheckConstraint(
            "(kind = 'contract') = (num_nonnulls(annual_percent, daily_percent) = 1)", name="contract_has_one_rate"
        ),
        sa.CheckConstraint("annual_percent > 0", name="annual_positive"),
        sa.CheckConstraint("daily_percent > 0", name="daily_positive"),
        sa.CheckConstraint("(kind = 'lpr') = (factor IS NOT NULL)", name="lpr_has_factor"),
        sa.CheckConstraint("(kind IN ('eu', 'uk')) = (margin_percent IS NOT NULL)", name="statute_has_margin"),
        sa.CheckConstraint("minimum_minor IS NULL OR currency IS NOT NULL", name="minimum_has_currency"),
        sa.CheckConstraint(
            "document_minimum_minor IS NULL OR currency IS NOT NULL", name="document_minimum_has_currency"
        ),
        sa.Index("ix_interest_terms_customer", "tenant_id", "customer_id", "from_on"),
    )
    customer_id: Mapped[IdOrNone]
    currency: Mapped[str | None] = mapped_column(sa.CHAR(3))
    from_on: Mapped[Day]
    kind: Mapped[Text]
    annual_percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 4))
    daily_percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 6))
    factor: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 4))
    margin_percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(9, 4))
    basis: Mapped[int] = mapped_column(sa.SmallInteger)
    grace_days: Mapped[int] = mapped_column(sa.SmallInteger)
    fixed_sum: Mapped[bool]
    minimum_minor: Mapped[MinorOrNone]
    document_minimum_minor: Mapped[MinorOrNone]
    note: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class ReferenceRate(Tenanted, Base):
    """A published rate that the company recorded itself, besides the product's own; the last of a day is in force.

    `through_on`: the last day for which its source tells that it held (None: until the next may be published).
    """

    __tablename__ = "reference_rate"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        one_of("series", *SERIES),
        sa.CheckConstraint("percent BETWEEN -10 AND 100", name="percent_within"),
        sa.CheckConstraint("through_on >= from_on", name="days_in_order"),
        sa.Index("ix_reference_rate_series", "tenant_id", "series", "from_on"),
    )
    series: Mapped[Text]
    from_on: Mapped[Day]
    through_on: Mapped[DayOrNone]
    percent: Mapped[Decimal] = mapped_column(sa.Numeric(9, 4))
    source: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class InterestRun(Tenanted, Base):
    """One posting of interest through a day, for all customers or one, with the fingerprint of its preview.

    `due_days` None: each document falls due by its customer's payment terms.
    """

    __tablename__ = "interest_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        tenant_fk("customer_id", "customer"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.CheckConstraint("through_on <= document_on", name="through_before_document"),
        sa.CheckConstraint("due_days >= 0", name="due_after_document"),
        sa.Index("ix_interest_run_recorded", "tenant_id", "recorded_at"),
    )
    number: Mapped[Text]
    through_on: Mapped[Day]
    document_on: Mapped[Day]
    due_days: Mapped[int | None] = mapped_column(sa.SmallInteger)
    customer_id: Mapped[IdOrNone]
    currency: Mapped[str | None] = mapped_column(sa.CHAR(3))
    fingerprint: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class InterestCharge(Tenanted, Base):
    """An interest document of a run, for a customer and a currency. `item_id`: its open item."""

    __tablename__ = "interest_charge"
    __table_args__ = (
        tenant_fk("run_id", "interest_run"),
        tenant_fk("customer_id", "customer"),
        tenant_fk("item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "run_id", "customer_id", "currency"),
        sa.UniqueConstraint("tenant_id", "item_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.Index("ix_interest_charge_customer", "tenant_id", "customer_id"),
    )
    run_id: Mapped[Id]
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    item_id: Mapped[Id]
    document_no: Mapped[Text]
    amount_minor: Mapped[Minor]


class InterestLine(Tenanted, Base):
    """Days of one debt at one principal and rate (`part` interest), or the fixed sum of a late debt (`part` fixed).

    `exact_minor`: the product before rounding; `rate`: the rate with its source, as `Rate.as_json` returns it.
    """

    __tablename__ = "interest_line"
    __table_args__ = (
        tenant_fk("charge_id", "interest_charge"),
        tenant_fk("item_id", "open_item"),
        tenant_fk("terms_id", "interest_terms"),
        sa.UniqueConstraint("tenant_id", "charge_id", "position"),
        one_of("part", "interest", "fixed"),
        sa.CheckConstraint("principal_minor > 0", name="principal_positive"),
        sa.CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
        sa.CheckConstraint("part = 'fixed' OR days = to_on - from_on + 1", name="days_counted"),
        sa.CheckConstraint("from_on <= to_on", name="days_in_order"),
        sa.Index("ix_interest_line_item", "tenant_id", "item_id"),
    )
    charge_id: Mapped[Id]
    position: Mapped[int]
    item_id: Mapped[Id]
    terms_id: Mapped[IdOrNone]
    part: Mapped[Text]
    principal_minor: Mapped[Minor]
    from_on: Mapped[Day]
    to_on: Mapped[Day]
    days: Mapped[int]
    rate: Mapped[Json] = mapped_column(JSONB)
    exact_minor: Mapped[Decimal] = mapped_column(sa.Numeric(24, 6))
    amount_minor: Mapped[Minor]


class InterestWaiver(Tenanted, Base):
    """A waived amount of a charge: the credit and its allocation to the charge."""

    __tablename__ = "interest_waiver"
    __table_args__ = (
        tenant_fk("charge_id", "interest_charge"),
        tenant_fk("item_id", "open_item"),
        tenant_fk("allocation_id", "allocation"),
        sa.UniqueConstraint("tenant_id", "item_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
        sa.Index("ix_interest_waiver_charge", "tenant_id", "charge_id"),
    )
    charge_id: Mapped[Id]
    item_id: Mapped[Id]
    allocation_id: Mapped[Id]
    document_no: Mapped[Text]
    waived_on: Mapped[Day]
    amount_minor: Mapped[Minor]
    reason: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class InterestReinstatement(Tenanted, Base):
    """The reinstatement of a waiver: its allocation unapplied and its credit reversed."""

    __tablename__ = "interest_reinstatement"
    __table_args__ = (
        tenant_fk("waiver_id", "interest_waiver"),
        tenant_fk("reversal_item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "waiver_id"),
    )
    waiver_id: Mapped[Id]
    reversal_item_id: Mapped[Id]
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class InterestCorrection(Tenanted, Base):
    """A document that puts right interest charged before: a further charge (above 0) or a credit (below 0).

    `batch_id`: what was posted together; `item_id`: its open item, of kind `interest` or `interest_credit`; `reason`:
    what happened, as the person wrote it.
    """

    __tablename__ = "interest_correction"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("item_id", "open_item"),
        sa.UniqueConstraint("tenant_id", "item_id"),
        sa.CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        sa.Index("ix_interest_correction_customer", "tenant_id", "customer_id"),
        sa.Index("ix_interest_correction_batch", "tenant_id", "batch_id"),
    )
    batch_id: Mapped[Id]
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    item_id: Mapped[Id]
    document_no: Mapped[Text]
    reason: Mapped[Text]
    document_on: Mapped[Day]
    amount_minor: Mapped[Minor]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class InterestCorrectionLine(Tenanted, Base):
    """The difference of one charged line: charged and corrected `before_minor`, right `right_minor`.

    `segments`: the days that are right, as [first day, last day, principal in minor units, amount in minor units].
    """

    __tablename__ = "interest_correction_line"
    __table_args__ = (
        tenant_fk("correction_id", "interest_correction"),
        tenant_fk("line_id", "interest_line"),
        sa.UniqueConstraint("tenant_id", "correction_id", "line_id"),
        sa.CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        sa.CheckConstraint("right_minor >= 0", name="right_not_negative"),
        sa.Index("ix_interest_correction_line_line", "tenant_id", "line_id"),
    )
    correction_id: Mapped[Id]
    line_id: Mapped[Id]
    before_minor: Mapped[Minor]
    right_minor: Mapped[Minor]
    amount_minor: Mapped[Minor]
    segments: Mapped[JsonList] = mapped_column(JSONB)
