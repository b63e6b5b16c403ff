"""Helpers of migrations: what every tenant-owned table gets, so that no revision forgets a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from alembic import op

SQL = Path(__file__).parent / "sql"


def run_sql(name: str) -> None:
    """Runs a reviewed file of `migrations/sql`."""
    # Through the driver's own cursor: SQLAlchemy's would take the % of format() for a parameter.
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute((SQL / name).read_text(encoding="utf-8"))


def secure_tenant_table(table: str, *, update: bool | Sequence[str] = True, delete: bool = False) -> None:
    """Row-level security, forced, and the app's grants. `update`: all columns, none, or the named ones."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    own = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({own}) WITH CHECK ({own})")
    op.execute(f"GRANT SELECT, INSERT ON {table} TO huikuan_app")
    if update is True:
        op.execute(f"GRANT UPDATE ON {table} TO huikuan_app")
    elif update:
        op.execute(f"GRANT UPDATE ({', '.join(update)}) ON {table} TO huikuan_app")
    if delete:
        op.execute(f"GRANT DELETE ON {table} TO huikuan_app")


def append_only(table: str) -> None:
    """Rows are inserted and never changed: no grant, and a trigger that refuses the owner too."""
    secure_tenant_table(table, update=False)
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def each_tenant() -> Iterator[UUID]:
    """The tenants one after the other, each entered while its turn lasts: a data migration sees one at a time.

    SET LOCAL and no `set_config()`, which would not reach the shards of a Citus cluster; no `enter_tenant()`, which
    rightly refuses a second tenant in one transaction.
    """
    connection = op.get_bind()
    connection.exec_driver_sql("SET LOCAL citus.propagate_set_commands = 'local'")
    for (tenant_id,) in connection.execute(sa.text("SELECT id FROM tenant ORDER BY id")).all():
        connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{UUID(str(tenant_id))}'")
        yield tenant_id
    connection.exec_driver_sql("SET LOCAL app.tenant_id = ''")
