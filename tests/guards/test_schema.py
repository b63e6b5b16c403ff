"""The catalogue itself is asked: tenant first in every key, row-level security forced, no way out of the tenant."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.models import REGISTRY_TABLES, TENANT_TABLES
from kernel import tokens
from tests.support.companies import TestCompany
from tests.support.furnished import furnish

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


@pytest.mark.parametrize(
    "table", ["entry", "posting", "allocation", "confirmation", "blob", "statement_line", "approval_decision"]
)
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


# What the app may change in rows that are evidence. A column that is missing here was added without a thought.
CHANGEABLE = {
    "approval": {"state", "step", "waits_for", "closed_at", "closed_by", "closed_reason"},
    "approval_substitute": {"revoked_at", "revoked_by"},
    "access_token": {"revoked_at"},
    "one_time_code": {"tries", "used_at"},
    "statement": {"superseded_at", "sent_to"},
    "mail_message": {"subject", "body_text", "body_html", "attachments", "state", "reason", "address_bad", "sent_at"},
    "block": {"lifted_by", "lifted_at"},
    "open_item": {"open_minor", "cleared_on", "came_on", "conditional"},  # the last two of a bill alone, by trigger
    "journal_event": {"sealed_in"},
    "import_job": {
        *("state", "rows_total", "rows_done", "report", "error", "finished_at"),
        *("mapping", "sample", "undone_at", "undone_by"),
    },
}
NEVER_CHANGED = {
    "action": {"customer_id", "run_id", "run_on", "currency", "form", "code", "level", "approval_role", "created_at"},
    "step": {"item_id", "customer_id", "policy_version_id", "level", "code"},
    "outbox_message": {"kind", "key", "payload"},
}


def _changeable(engine: sa.Engine, table: str) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.execute(
                sa.text(
                    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attnum > 0 "
                    "AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'UPDATE')"
                ),
                {"t": table},
            ).scalars()
        )


@pytest.mark.parametrize("table", sorted(CHANGEABLE))
def test_the_app_changes_of_evidence_only_what_its_code_does(engine: sa.Engine, table: str) -> None:
    assert _changeable(engine, table) == CHANGEABLE[table]


@pytest.mark.parametrize("table", sorted(NEVER_CHANGED))
def test_what_a_letter_or_job_was_made_for_is_not_changed(engine: sa.Engine, table: str) -> None:
    changeable = _changeable(engine, table)
    assert changeable
    assert not changeable & (NEVER_CHANGED[table] | {"tenant_id", "id"})


@pytest.mark.parametrize(
    ("table", "column"),
    [("statement", "superseded_at"), ("access_token", "revoked_at"), ("one_time_code", "used_at")],
)
def test_what_has_ended_does_not_begin_again(company: TestCompany, table: str, column: str) -> None:
    _something_of_each(company)
    values = {"tenant": company.tenant_id}
    with company.transaction() as db:
        ended = db.execute(
            sa.text(f"UPDATE {table} SET {column} = '2026-12-17T02:00Z' WHERE tenant_id = :tenant"), values
        )
        assert ended.rowcount  # type: ignore[attr-defined]
    for value in ("NULL", "'2026-12-18T02:00Z'"):
        with pytest.raises(DBAPIError, match="set once"), company.transaction() as db:
            db.execute(sa.text(f"UPDATE {table} SET {column} = {value} WHERE tenant_id = :tenant"), values)


def test_the_books_are_not_unlocked_nor_anything_approved_by_a_mere_update(company: TestCompany) -> None:
    made = furnish(company)
    values = {"tenant": company.tenant_id, "draft": made["draft_id"]}
    with company.transaction() as db:
        db.execute(sa.text("UPDATE books_state SET locked_through = '2026-03-31' WHERE tenant_id = :tenant"), values)
        db.execute(
            sa.text("UPDATE document_draft SET state = 'discarded' WHERE tenant_id = :tenant AND id = :draft"), values
        )
        ended = db.execute(
            sa.text(
                "UPDATE refund SET state = 'refused', settled_by = 'x', settled_at = '2026-12-17T02:00Z' "
                "WHERE tenant_id = :tenant"
            ),
            values,
        )
        assert ended.rowcount  # type: ignore[attr-defined]
    for change, told in (
        ("books_state SET locked_through = NULL", "unlocked by an approval only"),
        ("books_state SET locked_through = '2026-02-28'", "unlocked by an approval only"),
        (
            "approval SET state = 'approved', waits_for = NULL, closed_at = '2026-12-17T02:00Z', closed_by = 'x'",
            "not decided by all of its chain",
        ),
        ("document_draft SET state = 'draft'", "never changed"),
        ("refund SET state = 'asked', settled_by = NULL, settled_at = NULL", "never changed"),
    ):
        with pytest.raises(DBAPIError, match=told), company.transaction() as db:
            # Of the approvals the one that waits: a closed one refuses in other words, whichever comes first.
            pending = " AND state = 'pending'" if change.startswith("approval ") else ""
            db.execute(sa.text(f"UPDATE {change} WHERE tenant_id = :tenant{pending}"), values)


def _something_of_each(company: TestCompany) -> None:
    """A statement, a link to it and a code for the link."""
    made = furnish(company)
    with company.transaction() as db:
        actor = company.actor()
        token_id, _text = tokens.issue(
            db,
            actor,
            "statement",
            subject_id=made["statement_id"],
            customer_id=made["customer_id"],
            contact_id=made["contact_id"],
            life=timedelta(days=1),
        )
        assert tokens.new_code(db, actor, token_id, "lina@xinsheng.example")
