"""Tables of what orders commit."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    Id,
    Minor,
    Moment,
    Tenanted,
    TenantKeyed,
    tenant_fk,
)
from kernel.db import Base


class Commitment(TenantKeyed, Base):
    """What one order still commits, in minor units: released, shipped and not signed, signed and not invoiced.

    A projection of `commitment_change`. The order belongs to sales, so no key leads there. `prepaid`: it takes money in
    hand before it ships.
    """

    __tablename__ = "commitment"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        sa.CheckConstraint("released_minor >= 0 AND shipped_minor >= 0 AND signed_minor >= 0", name="not_negative"),
        sa.Index(
            "ix_commitment_customer",
            "tenant_id",
            "customer_id",
            "currency",
            postgresql_where=sa.text("released_minor + shipped_minor + signed_minor > 0"),
        ),
    )
    order_id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    released_minor: Mapped[Minor]
    shipped_minor: Mapped[Minor]
    signed_minor: Mapped[Minor]
    prepaid: Mapped[bool]


class CommitmentChange(Tenanted, Base):
    """By how much an order's commitment changed from a day on (signed minor units): any day can be recomputed."""

    __tablename__ = "commitment_change"
    __table_args__ = (
        tenant_fk("order_id", "commitment", target_column="order_id"),
        sa.Index("ix_commitment_change_order", "tenant_id", "order_id", "effective_on"),
        sa.Index("ix_commitment_change_customer", "tenant_id", "customer_id", "effective_on"),
    )
    order_id: Mapped[Id]
    customer_id: Mapped[Id]
    currency: Mapped[Currency]
    effective_on: Mapped[Day]
    released_minor: Mapped[Minor]
    shipped_minor: Mapped[Minor]
    signed_minor: Mapped[Minor]
    recorded_at: Mapped[Moment]
