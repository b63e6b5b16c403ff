"""Flat pages: kept sums of the ledger, lists in the order of an index, and fresh statistics after a large import."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import each_tenant, run_sql, secure_tenant_table
from migrations.tables import create_table, currency, day, index, integer, minor, of_tenant, one_of, text, uuid

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = "open_minor > 0"

# As the triggers of 0017_ledger_sums.sql keep them.
_ITEM_SUMS = sa.text(
    """
    INSERT INTO ledger_sum (tenant_id, measure, currency, day, owner_id, slot, items, minor)
    SELECT i.tenant_id, m.measure, i.currency, m.day, m.owner_id, 0, count(*), CAST(sum(i.open_minor) AS bigint)
    FROM open_item AS i JOIN customer AS c ON c.tenant_id = i.tenant_id AND c.id = i.customer_id
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN i.side > 0 THEN 'owed' ELSE 'credit' END, i.due_on, CAST(:nobody AS uuid)),
        (CASE WHEN i.side > 0 THEN 'owned' END, i.due_on, coalesce(c.owner_id, CAST(:nobody AS uuid))),
        (CASE WHEN i.kind IN ('invoice', 'debit_note', 'opening') THEN 'doubtful' END,
            greatest(i.document_on + 60, i.collection_end_on), CAST(:nobody AS uuid))
    ) AS m (measure, day, owner_id)
    WHERE i.tenant_id = :tenant AND c.tenant_id = :tenant AND i.open_minor > 0 AND m.measure IS NOT NULL
    GROUP BY i.tenant_id, m.measure, i.currency, m.day, m.owner_id
    ON CONFLICT DO NOTHING
    """
)
_POSTING_SUMS = sa.text(
    """
    INSERT INTO ledger_sum (tenant_id, measure, currency, day, owner_id, slot, items, minor)
    SELECT p.tenant_id, 'posted', p.currency, e.effective_on, CAST(:nobody AS uuid), 0, count(*),
        CAST(sum(p.debit_minor - p.credit_minor) AS bigint)
    FROM posting AS p JOIN entry AS e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
    WHERE p.tenant_id = :tenant AND e.tenant_id = :tenant AND p.account_code = 'receivables'
    GROUP BY p.tenant_id, p.currency, e.effective_on
    ON CONFLICT DO NOTHING
    """
)
_NOBODY = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    create_table(
        "ledger_sum",
        text("measure"),
        currency(),
        day("day"),
        uuid("owner_id"),
        integer("slot"),
        minor("items", "minor"),
        of_tenant(),
        one_of("measure", "owed", "credit", "doubtful", "owned", "posted"),
        key=("measure", "currency", "day", "owner_id", "slot"),
    )
    secure_tenant_table("ledger_sum", update=("items", "minor"))
    # Its few rows are written over and over: room for that on their own pages.
    op.execute("ALTER TABLE ledger_sum SET (fillfactor = 50)")
    run_sql("0017_ledger_sums.sql")
    for tenant_id in each_tenant():
        for statement in (_ITEM_SUMS, _POSTING_SUMS):
            op.get_bind().execute(statement, {"tenant": tenant_id, "nobody": _NOBODY})
    op.drop_index("ix_open_item_due", "open_item")
    index("open_item", "due", "due_on", "document_no", "id", where=_OPEN)
    index("open_item", "dated", "document_on", "document_no", "id", where=_OPEN)
    index("open_item", "credit", "due_on", "document_no", "id", where=f"{_OPEN} AND side < 0")
    index("open_item", "receipt", "document_on", where="kind = 'receipt'")
    for column, asked in (("document_no", ""), ("reference", " AND reference IS NOT NULL")):
        # As payment texts are compared with numbers; by bytes, so that a prefix finds its numbers.
        op.execute(
            f"CREATE INDEX ix_open_item_{column}_key ON open_item (tenant_id,"
            f" upper(translate(normalize({column}, NFKC), '-_./# ', '')) text_pattern_ops)"
            f" WHERE {_OPEN} AND side > 0{asked}"
        )
    op.execute(
        "CREATE INDEX ix_action_first ON action (tenant_id, level DESC, total_minor DESC, id)"
        " WHERE state IN ('proposed', 'approved')"
    )
    _statistics()


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _statistics() -> None:
    """The app owns no table, so it asks the owner for fresh statistics of those that imports fill."""
    op.execute(
        """
        CREATE FUNCTION analyze_ledger() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
        AS $$ BEGIN
            ANALYZE customer, entry, posting, open_item, allocation, ledger_sum;
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION analyze_ledger() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION analyze_ledger() TO huikuan_app")
