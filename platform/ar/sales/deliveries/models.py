"""Tables of deliveries, sign-offs and returns."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ar.sales.contracts.models import Quantity
from kernel.columns import (
    Day,
    DayOrNone,
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

#: R100: our driver, a carrier or courier, pick-up by the customer, and stock kept at the customer's.
DELIVERY_MODES: Final = ("direct", "carrier", "pick_up", "consignment")
DELIVERY_STATES: Final = ("planned", "picked", "shipped", "signed", "returned", "cancelled")
SIGN_OFF_CHANNELS: Final = ("scan", "driver", "carrier", "portal", "import")


class Delivery(Tenanted, Base):
    """A delivery note of one order. `amount_minor` is with tax. `held_codes`: of history, what would have held it."""

    __tablename__ = "delivery"
    __table_args__ = (
        tenant_fk("order_id", "sales_order"),
        tenant_fk("customer_id", "customer"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_delivery_order", "tenant_id", "order_id"),
        sa.Index("ix_delivery_state", "tenant_id", "state", "shipped_on", "id"),
        sa.Index("ix_delivery_driver", "tenant_id", "driver_id", "state"),
        one_of("mode", *DELIVERY_MODES),
        one_of("state", *DELIVERY_STATES),
        sa.CheckConstraint("state IN ('planned', 'picked', 'cancelled') OR shipped_on IS NOT NULL", name="ship_day"),
    )
    number: Mapped[Text]
    order_id: Mapped[Id]
    customer_id: Mapped[Id]
    mode: Mapped[Text]
    state: Mapped[Text]
    amount_minor: Mapped[Minor]
    carrier: Mapped[Text]
    tracking_no: Mapped[Text]
    driver_id: Mapped[IdOrNone]
    picker_up: Mapped[Text]
    planned_on: Mapped[Day]
    shipped_on: Mapped[DayOrNone]
    shipped_by: Mapped[TextOrNone]
    shipped_at: Mapped[MomentOrNone]
    is_history: Mapped[bool]
    held_codes: Mapped[JsonList]
    invoice_no: Mapped[TextOrNone]
    invoice_on: Mapped[DayOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class DeliveryLine(TenantKeyed, Base):
    """A quantity of one order line on a delivery note; the same order line may stand on it more than once (batches).

    `dropped`: taken off the note before it was shipped; it counts in nothing.
    """

    __tablename__ = "delivery_line"
    __table_args__ = (
        tenant_fk("delivery_id", "delivery"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id", "order_line_no"],
            ["sales_order_line.tenant_id", "sales_order_line.order_id", "sales_order_line.line_no"],
        ),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.Index("ix_delivery_line_order", "tenant_id", "order_id", "order_line_no"),
    )
    delivery_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    order_id: Mapped[Id]
    order_line_no: Mapped[int] = mapped_column(sa.Integer)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    amount_minor: Mapped[Minor]
    batch: Mapped[Text]
    dropped: Mapped[bool] = mapped_column(server_default=sa.false())


class SignOff(Tenanted, Base):
    """The customer's signature on a delivery note: from that day on the amount is owed (R104).

    `amount_minor`: what was signed for, with tax. `reverses_id`: a counter-entry takes a wrong one back.
    """

    __tablename__ = "sign_off"
    __table_args__ = (
        tenant_fk("delivery_id", "delivery"),
        tenant_fk("customer_id", "customer"),
        tenant_fk("reverses_id", "sign_off"),
        sa.UniqueConstraint("tenant_id", "reverses_id"),
        sa.Index("ix_sign_off_delivery", "tenant_id", "delivery_id"),
        sa.Index("ix_sign_off_customer", "tenant_id", "customer_id", "signed_on"),
        one_of("channel", *SIGN_OFF_CHANNELS),
    )
    delivery_id: Mapped[Id]
    customer_id: Mapped[Id]
    signed_on: Mapped[Day]
    signed_by: Mapped[Text]
    channel: Mapped[Text]
    amount_minor: Mapped[Minor]
    file_sha256: Mapped[TextOrNone]
    file_name: Mapped[Text]
    signature_sha256: Mapped[TextOrNone]
    note: Mapped[Text]
    reverses_id: Mapped[IdOrNone]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
    recorded_by_id: Mapped[IdOrNone]


class SignOffLine(TenantKeyed, Base):
    """What was signed for of one line of a delivery note, and why less than was shipped."""

    __tablename__ = "sign_off_line"
    __table_args__ = (
        tenant_fk("sign_off_id", "sign_off"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "delivery_id", "position"],
            ["delivery_line.tenant_id", "delivery_line.delivery_id", "delivery_line.position"],
        ),
        sa.CheckConstraint("quantity >= 0", name="not_negative"),
    )
    sign_off_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    delivery_id: Mapped[Id]
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    amount_minor: Mapped[Minor]
    short_reason: Mapped[Text]


class DeliveryReturn(Tenanted, Base):
    """Goods of a delivery that came back before they were signed for, or after (then a credit note follows, R100)."""

    __tablename__ = "delivery_return"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["tenant_id", "delivery_id", "position"],
            ["delivery_line.tenant_id", "delivery_line.delivery_id", "delivery_line.position"],
        ),
        tenant_fk("customer_id", "customer"),
        tenant_fk("credit_item_id", "open_item"),
        sa.Index("ix_delivery_return_delivery", "tenant_id", "delivery_id"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
    )
    delivery_id: Mapped[Id]
    position: Mapped[int] = mapped_column(sa.Integer)
    customer_id: Mapped[Id]
    returned_on: Mapped[Day]
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    amount_minor: Mapped[Minor]
    #: Whether it had been signed for: then the ledger gives it back by a document.
    was_signed: Mapped[bool]
    credit_item_id: Mapped[IdOrNone]
    reason: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


class UnsignedReason(Tenanted, Base):
    """Why a shipped note has not come back signed (R102), and the measure that the sales manager chose."""

    __tablename__ = "unsigned_reason"
    __table_args__ = (
        tenant_fk("delivery_id", "delivery"),
        sa.Index("ix_unsigned_reason_delivery", "tenant_id", "delivery_id", "given_at"),
    )
    delivery_id: Mapped[Id]
    reason: Mapped[Text]
    given_by: Mapped[Text]
    given_at: Mapped[Moment]
    measure: Mapped[TextOrNone]
    measure_due_on: Mapped[DayOrNone]
    decided_by: Mapped[TextOrNone]
    decided_at: Mapped[MomentOrNone]
