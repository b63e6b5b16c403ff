"""Table of the credit policy's versions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Json,
    Moment,
    TenantKeyed,
    Text,
)
from kernel.db import Base


class CreditSettings(TenantKeyed, Base):
    """A version of the company's credit policy (`ar.credit.rules.policy.CreditPolicy` as JSON); the highest counts."""

    __tablename__ = "credit_settings"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    data: Mapped[Json] = mapped_column(JSONB)
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]
