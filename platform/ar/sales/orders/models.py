"""Tables of orders, the decisions on them and their invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ar.sales.contracts.models import Price, Quantity
from kernel.columns import (
    Currency,
    Day,
    Id,
    IdOrNone,
    JsonList,
    Minor,
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

ORDER_STATES: Final = ("draft", "held", "released", "completed", "closed_short", "cancelled")
#: What is asked at each of: confirming the order, picking, shipping.
CHECKPOINTS: Final = ("confirm", "pick", "ship")


class Order(Tenanted, Base):
    """An order of one customer. `total_minor`: its lines with tax. `term_days` None: no term in writing (R065).

    `closed_short`: what was not delivered was given up. `prepaid`: to be paid before it ships. `is_history`: came in by
    import as it was, with no check.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("contract_id", "contract"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_sales_order_customer", "tenant_id", "customer_id", "ordered_on"),
        sa.Index("ix_sales_order_state", "tenant_id", "state", "ordered_on", "id"),
        one_of("state", *ORDER_STATES),
        sa.CheckConstraint("total_minor >= 0", name="not_negative"),
    )
    number: Mapped[Text]
    customer_id: Mapped[Id]
    contract_id: Mapped[IdOrNone]
    their_number: Mapped[Text]
    ordered_on: Mapped[Day]
    currency: Mapped[Currency]
    total_minor: Mapped[Minor]
    term_days: Mapped[int | None] = mapped_column(sa.Integer)
    prepaid: Mapped[bool]
    note: Mapped[Text]
    state: Mapped[Text]
    is_history: Mapped[bool]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    recorded_by_id: Mapped[IdOrNone]
    released_at: Mapped[MomentOrNone]
    closed_at: Mapped[MomentOrNone]
    closed_by: Mapped[TextOrNone]
    closed_reason: Mapped[TextOrNone]


class OrderLine(TenantKeyed, Base):
    """One product of an order; `amount_minor` is quantity times price, with tax, rounded half up once.

    `dropped`: taken off the order; it counts in nothing."""

    __tablename__ = "sales_order_line"
    __table_args__ = (
        tenant_fk("order_id", "sales_order"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("amount_minor >= 0", name="not_negative"),
    )
    order_id: Mapped[Id] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    product: Mapped[Text]
    unit: Mapped[Text]
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    unit_price: Mapped[Decimal] = mapped_column(Price)
    tax_rate_bps: Mapped[int | None] = mapped_column(sa.Integer)
    amount_minor: Mapped[Minor]
    dropped: Mapped[bool] = mapped_column(server_default=sa.false())


class OrderDecision(Tenanted, Base):
    """What the checks of one checkpoint answered for an order or a delivery, with every reason."""

    __tablename__ = "order_decision"
    __table_args__ = (
        tenant_fk("order_id", "sales_order"),
        tenant_fk("delivery_id", "delivery"),
        sa.Index("ix_order_decision_order", "tenant_id", "order_id", "decided_at"),
        one_of("checkpoint", *CHECKPOINTS),
        one_of("decision", "pass", "held"),
    )
    order_id: Mapped[Id]
    delivery_id: Mapped[IdOrNone]
    checkpoint: Mapped[Text]
    decision: Mapped[Text]
    reasons: Mapped[JsonList]
    decided_at: Mapped[Moment]
    decided_by: Mapped[Text]


class OrderInvoice(Tenanted, Base):
    """An invoice of the ledger that bills (a part of) an order, of one delivery or of none (a down payment)."""

    __tablename__ = "order_invoice"
    __table_args__ = (
        tenant_fk("order_id", "sales_order"),
        tenant_fk("delivery_id", "delivery"),
        tenant_fk("entry_id", "entry"),
        sa.UniqueConstraint("tenant_id", "order_id", "entry_id", "delivery_id"),
        sa.Index(
            "ix_order_invoice_down_payment",
            "tenant_id",
            "order_id",
            "entry_id",
            unique=True,
            postgresql_where=sa.text("delivery_id IS NULL"),
        ),
        sa.Index("ix_order_invoice_order", "tenant_id", "order_id"),
        sa.CheckConstraint("amount_minor > 0", name="amount_positive"),
    )
    order_id: Mapped[Id]
    delivery_id: Mapped[IdOrNone]
    entry_id: Mapped[Id]
    document_no: Mapped[Text]
    invoiced_on: Mapped[Day]
    amount_minor: Mapped[Minor]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
