"""The words in which revisions write tables: columns by kind, keys that lead with the tenant, names by one rule.

Invariant: what these functions give is part of revisions that have run, so it never changes; a new kind of column or
constraint is a new function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

Columns = list[sa.Column[Any]]
#: A constraint that takes its name from the table it is put into.
Constraint = Callable[[str], sa.Constraint]


def create_table(table: str, *parts: Columns | Constraint, key: Iterable[str] = ("id",)) -> None:
    """Creates a tenant-owned table with the primary key (tenant_id, *key); its column `id` need not be named."""
    names = ("tenant_id", *key)
    own = uuid("tenant_id", "id") if "id" in names else uuid("tenant_id")
    primary = sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))
    op.create_table(table, *own, *_built(table, parts), primary)


def create_registry_table(table: str, *parts: Columns | Constraint) -> None:
    """Creates a table of the registry, shared by all tenants, with the primary key (id)."""
    primary = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    op.create_table(table, *uuid("id"), *_built(table, parts), primary)


def _built(table: str, parts: Iterable[Columns | Constraint]) -> list[sa.schema.SchemaItem]:
    made: list[sa.schema.SchemaItem] = []
    for part in parts:
        made.extend([part(table)] if callable(part) else part)
    return made


def index(table: str, name: str, *columns: str, unique: bool = False, where: str = "") -> None:
    """Creates the index `ix_<table>_<name>` over (tenant_id, *columns), partial when `where` is given."""
    condition: dict[str, Any] = {"postgresql_where": sa.text(where)} if where else {}
    op.create_index(f"ix_{table}_{name}", table, ["tenant_id", *columns], unique=unique, **condition)


# Columns, each function for one or more of a kind; NOT NULL unless `nullable`.


def text(*names: str, nullable: bool = False) -> Columns:
    """Texts of any length."""
    return _columns(names, sa.Text(), nullable)


def text_array(*names: str) -> Columns:
    """Lists of texts."""
    return _columns(names, ARRAY(sa.Text()), False)


def uuid(*names: str, nullable: bool = False) -> Columns:
    """Ids."""
    return _columns(names, sa.Uuid(), nullable)


def day(*names: str, nullable: bool = False) -> Columns:
    """Dates."""
    return _columns(names, sa.Date(), nullable)


def moment(*names: str, nullable: bool = False) -> Columns:
    """Moments with their time zone."""
    return _columns(names, sa.DateTime(timezone=True), nullable)


def minor(*names: str, nullable: bool = False) -> Columns:
    """Amounts in minor units, and other numbers of 64 bits."""
    return _columns(names, sa.BigInteger(), nullable)


def currency(*names: str, nullable: bool = False) -> Columns:
    """ISO 4217 codes; without names the column `currency`."""
    return _columns(names or ("currency",), sa.CHAR(length=3), nullable)


def integer(*names: str, nullable: bool = False) -> Columns:
    """Whole numbers of 32 bits."""
    return _columns(names, sa.Integer(), nullable)


def small(*names: str, nullable: bool = False) -> Columns:
    """Whole numbers of 16 bits."""
    return _columns(names, sa.SmallInteger(), nullable)


def numeric(name: str, precision: int, scale: int, *, nullable: bool = False) -> Columns:
    """An exact decimal number."""
    return _columns((name,), sa.Numeric(precision, scale), nullable)


def flag(*names: str, nullable: bool = False) -> Columns:
    """True or false."""
    return _columns(names, sa.Boolean(), nullable)


def time_of_day(*names: str, nullable: bool = False) -> Columns:
    """Local times without a date."""
    return _columns(names, sa.Time(), nullable)


def binary(*names: str, nullable: bool = False) -> Columns:
    """Bytes."""
    return _columns(names, sa.LargeBinary(), nullable)


def json(*names: str, nullable: bool = False) -> Columns:
    """JSONB."""
    return _columns(names, JSONB(astext_type=sa.Text()), nullable)


def recorded() -> Columns:
    """When and by whom the row was written."""
    return moment("recorded_at") + text("recorded_by")


def _columns(names: Iterable[str], kind: TypeEngine[Any], nullable: bool) -> Columns:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


# Constraints, named by the convention of `kernel.db` as it stood when these revisions were written.


def check(name: str, condition: str) -> Constraint:
    """CHECK, as `ck_<table>_<name>`."""
    return lambda table: sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def one_of(column: str, *values: str) -> Constraint:
    """CHECK that a text is one of `values`, as `kernel.columns.one_of` writes it."""
    listed = ", ".join(f"'{value}'" for value in values)
    return check(f"{column}_known", f"{column} IN ({listed})")


def unique(*columns: str) -> Constraint:
    """UNIQUE (tenant_id, *columns)."""
    return unique_in_registry("tenant_id", *columns)


def unique_in_registry(*columns: str) -> Constraint:
    """UNIQUE (*columns), over all tenants."""
    return lambda table: sa.UniqueConstraint(*columns, name=op.f(_name("uq", table, columns)))


def of_tenant() -> Constraint:
    """The foreign key to the tenant, for tables without a parent that leads there."""
    return references_registry("tenant_id", "tenant")


def references(
    column: str, target: str, target_column: str = "id", *, within: tuple[str, ...] = (), name: str = ""
) -> Constraint:
    """The foreign key (tenant_id, *within, column) → target (tenant_id, *within, target_column)."""
    own, others = ("tenant_id", *within, column), ("tenant_id", *within, target_column)
    return lambda table: sa.ForeignKeyConstraint(
        own, [f"{target}.{other}" for other in others], name=op.f(name or _name("fk", table, own))
    )


def references_registry(column: str, target: str) -> Constraint:
    """The foreign key column → target (id), where the target is a table of the registry."""
    return lambda table: sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(_name("fk", table, (column,))))


def _name(kind: str, table: str, columns: Iterable[str]) -> str:
    return "_".join((kind, table, *columns))
