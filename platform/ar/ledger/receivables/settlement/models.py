"""The table of ledger settings: the limit for small differences, how credits count; one row per version."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Minor,
    Moment,
    Tenanted,
    Text,
)
from kernel.db import Base


class LedgerSettings(Tenanted, Base):
    """A version of the ledger's settings; the newest is in force. Amounts in the company's currency.

    `credits_netted`: receivables are shown after unapplied credits, else before them.
    """

    __tablename__ = "ledger_settings"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.CheckConstraint("write_off_at_once_minor >= 0", name="not_negative"),
    )
    write_off_at_once_minor: Mapped[Minor]
    credits_netted: Mapped[bool] = mapped_column(server_default=sa.true())
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
