"""Running numbers and row locks per tenant: `INV-2026-000123`, and named locks.

Invariants: a number is taken in the transaction that uses it, so a rolled-back command leaves
no gap; locks are rows, never advisory locks (those are per node on Citus).
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor, at_moment
from kernel.columns import TenantKeyed, Text
from kernel.db import Base


class TenantCounter(TenantKeyed, Base):
    """The last number taken of a series."""

    __tablename__ = "tenant_counter"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    name: Mapped[Text] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger)


_TAKE_SQL = """
    INSERT INTO tenant_counter (tenant_id, name, value) VALUES (:tenant, :name, :count)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = tenant_counter.value + excluded.value
    RETURNING {result}
"""
_TAKE = sa.text(_TAKE_SQL.format(result="value"))
_LOCK = sa.text(_TAKE_SQL.format(result="clock_timestamp()"))


def take_numbers(db: Session, tenant_id: UUID, name: str, count: int = 1) -> range:
    """Takes the next `count` numbers of the series `name`, without gaps. Locks the counter's row until COMMIT."""
    last: int = db.connection().execute(_TAKE, {"tenant": tenant_id, "name": name, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


def lock_counter(db: Session, actor: Actor, name: str) -> Actor:
    """Locks the row `name` until COMMIT, after waiting for others: one process of a tenant at a time.

    Returns the actor at the moment after the lock; go on with it (ADR 0037).
    """
    values = {"tenant": actor.tenant_id, "name": f"lock:{name}", "count": 1}
    return at_moment(actor, db.connection().execute(_LOCK, values).scalar_one())


def document_number(prefix: str, year: int, number: int) -> str:
    """Formats a document number: `INV-2026-000123`."""
    return f"{prefix}-{year}-{number:06d}"
