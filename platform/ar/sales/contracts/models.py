"""Tables of quotations and contracts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

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

QUOTATION_STATES: Final = ("draft", "submitted", "approved", "rejected", "withdrawn")
CONTRACT_FORMS: Final = ("own", "customer", "purchase_order", "supplement")
CONTRACT_STATES: Final = ("draft", "submitted", "reviewed", "sealed", "ended", "cancelled")
CUSTODY_PLACES: Final = ("gm_office", "finance", "customer")
Quantity = sa.Numeric(18, 6)
Price = sa.Numeric(20, 6)


class Quotation(Tenanted, Base):
    """Prices offered to a customer: checked by the cost accountant, signed by the finance director (R094)."""

    __tablename__ = "quotation"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_quotation_customer", "tenant_id", "customer_id"),
        one_of("state", *QUOTATION_STATES),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    quoted_on: Mapped[Day]
    valid_to: Mapped[DayOrNone]
    currency: Mapped[Currency]
    lines: Mapped[JsonList]
    state: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    note: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    recorded_by_id: Mapped[IdOrNone]
    decided_at: Mapped[MomentOrNone]


class Contract(Tenanted, Base):
    """A sales contract, its supplement, or a purchase order that stands for one (R090 to R098).

    `checklist`: what R091 demands, item → present. `deal_ref`: one deal has one contract (R096). A supplement names
    the contract it belongs to, a new contract the one it replaces.
    """

    __tablename__ = "contract"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("supplements_id", "contract"),
        tenant_fk("replaces_id", "contract"),
        tenant_fk("quotation_id", "quotation"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_contract_customer", "tenant_id", "customer_id"),
        sa.Index("ix_contract_ends", "tenant_id", "ends_on"),
        sa.Index(
            "ix_contract_deal",
            "tenant_id",
            "customer_id",
            "deal_ref",
            unique=True,
            postgresql_where=sa.text("deal_ref <> '' AND form <> 'supplement' AND state NOT IN ('ended', 'cancelled')"),
        ),
        one_of("form", *CONTRACT_FORMS),
        one_of("state", *CONTRACT_STATES),
        sa.CheckConstraint("(form = 'supplement') = (supplements_id IS NOT NULL)", name="supplement_of"),
        sa.CheckConstraint("state <> 'sealed' OR sealed_at IS NOT NULL", name="sealed_when"),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    form: Mapped[Text]
    state: Mapped[Text]
    title: Mapped[Text]
    deal_ref: Mapped[Text]
    their_number: Mapped[Text]
    quotation_id: Mapped[IdOrNone]
    supplements_id: Mapped[IdOrNone]
    replaces_id: Mapped[IdOrNone]
    currency: Mapped[Currency]
    amount_minor: Mapped[MinorOrNone]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    starts_on: Mapped[Day]
    ends_on: Mapped[DayOrNone]
    checklist: Mapped[Json] = mapped_column(JSONB)
    clauses: Mapped[Text]
    file_sha256: Mapped[TextOrNone]
    file_name: Mapped[Text]
    approval_id: Mapped[IdOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    recorded_by_id: Mapped[IdOrNone]
    reviewed_at: Mapped[MomentOrNone]
    reviewed_by: Mapped[TextOrNone]
    sealed_at: Mapped[MomentOrNone]
    sealed_by: Mapped[TextOrNone]
    ended_at: Mapped[MomentOrNone]
    ended_by: Mapped[TextOrNone]
    ended_reason: Mapped[TextOrNone]


class ContractLine(TenantKeyed, Base):
    """One product of a contract: `unit_price` in major units with tax. `dropped`: taken out before it was sealed."""

    __tablename__ = "contract_line"
    __table_args__ = (
        tenant_fk("contract_id", "contract"),
        sa.CheckConstraint("quantity IS NULL OR quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("unit_price >= 0", name="price_not_negative"),
    )
    contract_id: Mapped[Id] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    product: Mapped[Text]
    specification: Mapped[Text]
    unit: Mapped[Text]
    quantity: Mapped[Decimal | None] = mapped_column(Quantity)
    unit_price: Mapped[Decimal] = mapped_column(Price)
    dropped: Mapped[bool] = mapped_column(server_default=sa.false())


class ContractCopy(TenantKeyed, Base):
    """Where one of the three copies of a contract is kept (A27)."""

    __tablename__ = "contract_copy"
    __table_args__ = (tenant_fk("contract_id", "contract"), one_of("place", *CUSTODY_PLACES))
    contract_id: Mapped[Id] = mapped_column(primary_key=True)
    place: Mapped[Text] = mapped_column(primary_key=True)
    holder: Mapped[Text]
    received_on: Mapped[Day]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
