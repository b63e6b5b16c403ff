"""The table of exchange rates into the company currency, dated, never changed."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Currency,
    Day,
    Moment,
    Tenanted,
    Text,
)
from kernel.db import Base


class FxRate(Tenanted, Base):
    """Units of the company's currency per unit of `currency` on a day; the last recorded of a day is in force."""

    __tablename__ = "fx_rate"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.CheckConstraint("rate > 0", name="rate_positive"),
        sa.Index("ix_fx_rate_day", "tenant_id", "currency", "rate_on"),
    )
    currency: Mapped[Currency]
    rate_on: Mapped[Day]
    rate: Mapped[Decimal] = mapped_column(sa.Numeric(20, 10))
    source: Mapped[Text]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
