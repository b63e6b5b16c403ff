"""Remembered mappings of tables; imports that ask about their columns, can be listed by what they wrote, and undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.secure import append_only
from migrations.tables import create_table, index, integer, json, of_tenant, recorded, references, text, unique, uuid

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATES = ("uploaded", "checking", "asking", "checked", "refused", "applying", "applied", "failed", "undoing", "undone")


def upgrade() -> None:
    create_table(
        "table_mapping",
        text("kind", "fingerprint"),
        integer("version"),
        text("name"),
        json("mapping"),
        recorded(),
        of_tenant(),
        unique("kind", "fingerprint", "version"),
    )
    append_only("table_mapping")
    _jobs()
    _written("import_document", "item_id", "open_item")
    _written("import_allocation", "allocation_id", "allocation")
    create_table(
        "import_customer",
        uuid("job_id", "customer_id"),
        [sa.Column("before", JSONB(), nullable=True)],
        json("after"),
        references("customer_id", "customer"),
        references("job_id", "import_job"),
        key=("job_id", "customer_id"),
    )
    append_only("import_customer")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _written(table: str, column: str, parent: str) -> None:
    """A table of what an import wrote of one kind."""
    create_table(
        table, uuid(column, "job_id"), references(column, parent), references("job_id", "import_job"), key=(column,)
    )
    index(table, "job", "job_id")
    append_only(table)


def _jobs() -> None:
    empty = sa.text("'{}'::jsonb")
    op.add_column("import_job", sa.Column("sample", JSONB(), nullable=False, server_default=empty))
    op.add_column("import_job", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import_job", sa.Column("undone_by", sa.Text(), nullable=True))
    listed = ", ".join(f"'{state}'" for state in _STATES)
    op.drop_constraint(op.f("ck_import_job_state_known"), "import_job", type_="check")
    op.create_check_constraint(op.f("ck_import_job_state_known"), "import_job", f"state IN ({listed})")
    op.execute("GRANT UPDATE (mapping, sample, undone_at, undone_by) ON import_job TO huikuan_app")
