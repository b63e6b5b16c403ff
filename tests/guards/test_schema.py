"""The catalogue itself is asked: tenant first in every key, row-level security forced, no way out of the tenant."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.models import REGISTRY_TABLES, TENANT_TABLES

# Tables without a tenant, each with its reason.
WITHOUT_TENANT = REGISTRY_TABLES | {"alembic_version"}

KEYS = """
SELECT c.conrelid::regclass::text AS child, c.conname AS name, c.contype AS kind, c.confdeltype AS on_delete,
       (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k(num, n)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns,
       c.confrelid::regclass::text AS parent
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = 'public' AND c.contype IN ('p', 'u', 'f')
"""
SECURITY = """
SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       (SELECT count(*) FROM pg_policies p
        WHERE p.tablename = c.relname AND p.policyname = 'tenant_isolation') AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


def test_every_table_is_of_a_tenant_or_on_the_list(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names())
    assert names == TENANT_TABLES | WITHOUT_TENANT


def test_tenant_tables_force_row_level_security(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        rows = {row.name: row for row in connection.execute(sa.text(SECURITY))}
    for table in TENANT_TABLES:
        row = rows[table]
        assert (row.enabled, row.forced, row.policies) == (True, True, 1), table


def test_the_tenant_leads_every_key(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        keys = connection.execute(sa.text(KEYS)).all()
    for key in keys:
        if key.child not in TENANT_TABLES:
            assert key.parent not in TENANT_TABLES, f"{key.name}: a registry table must not point into a tenant's"
            continue
        assert key.columns[0] == "tenant_id", f"{key.name} does not begin with tenant_id"
        assert key.on_delete != "n", f"{key.name}: ON DELETE SET NULL cannot be distributed"


@pytest.mark.parametrize("table", ["entry", "posting", "allocation", "confirmation", "blob", "statement_line"])
def test_what_was_booked_or_evidenced_is_never_changed_even_by_the_owner(
    database_url: str, engine: sa.Engine, table: str
) -> None:
    with engine.connect() as connection:
        triggers = connection.execute(
            sa.text("SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(:t) AND NOT tgisinternal"), {"t": table}
        ).scalars()
        assert f"{table}_kept" in set(triggers)


def test_the_app_may_delete_nothing(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        for table in sorted(TENANT_TABLES | REGISTRY_TABLES):
            may = connection.execute(sa.text("SELECT has_table_privilege(:t, 'DELETE')"), {"t": table}).scalar_one()
            assert not may, table
