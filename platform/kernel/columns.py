"""Annotated column types, one per kind of column, and the tenant-owned mixin.

Invariant: every tenant-owned table gets `tenant_id` first in its primary key by inheriting `Tenanted`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.ids import new_id

Minor = Annotated[int, mapped_column(sa.BigInteger)]
MinorOrNone = Annotated[int | None, mapped_column(sa.BigInteger)]
Currency = Annotated[str, mapped_column(sa.CHAR(3))]
Text = Annotated[str, mapped_column(sa.Text)]
TextOrNone = Annotated[str | None, mapped_column(sa.Text)]
Day = Annotated[date, mapped_column(sa.Date)]
DayOrNone = Annotated[date | None, mapped_column(sa.Date)]
Moment = Annotated[datetime, mapped_column(sa.DateTime(timezone=True))]
MomentOrNone = Annotated[datetime | None, mapped_column(sa.DateTime(timezone=True))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonOrNone = Annotated[dict[str, Any] | None, mapped_column(JSONB(none_as_null=True))]
JsonList = Annotated[list[Any], mapped_column(JSONB)]
IdOrNone = Annotated[UUID | None, mapped_column(sa.Uuid)]
Id = Annotated[UUID, mapped_column(sa.Uuid)]


class TenantKeyed:
    """A tenant-owned table whose primary key continues with columns of its own.

    Its foreign keys lead, by way of its parents, to `tenant`; only tables without a parent name it themselves.
    """

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)


class Tenanted(TenantKeyed):
    """A tenant-owned table keyed (tenant_id, id)."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


def tenant_fk(column: str, target: str, *, target_column: str = "id") -> sa.ForeignKeyConstraint:
    """Returns a foreign key that cannot leave the tenant: (tenant_id, column) → target(tenant_id, target_column)."""
    return sa.ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.{target_column}"])


def one_of(column: str, *values: str) -> sa.CheckConstraint:
    """Returns a CHECK that `column` is one of `values` (text; PostgreSQL enums are hard to migrate)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
