"""Running numbers and row locks per tenant: `INV-2026-000123`, and named locks.

Invariants: a number is taken in the transaction that uses it, so a rolled-back command leaves
no gap; locks are rows, never advisory locks (those are per node on Citus).
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.columns import TenantKeyed, Text
from kernel.db import Base


class TenantCounter(TenantKeyed, Base):
    """The last number taken of a series."""

    __tablename__ = "tenant_counter"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    name: Mapped[Text] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger)


_TAKE = sa.text("""
    INSERT INTO tenant_counter (tenant_id, name, value) VALUES (:tenant, :name, :count)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = tenant_counter.value + excluded.value
    RETURNING value
""")


def take_numbers(db: Session, tenant_id: UUID, name: str, count: int = 1) -> range:
    """Takes the next `count` numbers of the series `name`, without gaps. Locks the counter's row until COMMIT."""
    last: int = db.connection().execute(_TAKE, {"tenant": tenant_id, "name": name, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


def lock_counter(db: Session, tenant_id: UUID, name: str) -> None:
    """Locks the row `name` until COMMIT, after waiting for others: one process of a tenant at a time."""
    take_numbers(db, tenant_id, f"lock:{name}", 1)


def document_number(prefix: str, year: int, number: int) -> str:
    """Formats a document number: `INV-2026-000123`."""
    return f"{prefix}-{year}-{number:06d}"
