"""A number that an undone import gives free: editions of a document; customers and contacts retired with an import."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import run_sql
from migrations.tables import index

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("open_item", sa.Column("edition", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("open_item", sa.Column("frees_number", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_check_constraint(op.f("ck_open_item_edition_counts"), "open_item", "edition >= 0")
    op.create_check_constraint(
        op.f("ck_open_item_number_freed"), "open_item", "NOT frees_number OR (kind = 'reversal' AND reference <> '')"
    )
    op.create_unique_constraint(
        op.f("uq_open_item_tenant_id_kind_document_no_edition_instalment_no"),
        "open_item",
        ["tenant_id", "kind", "document_no", "edition", "instalment_no"],
    )
    op.drop_constraint(op.f("uq_open_item_tenant_id_kind_document_no_instalment_no"), "open_item")
    op.drop_index("ix_open_item_document", "open_item")
    index("open_item", "document", "kind", "document_no", "edition", unique=True, where="instalment_no <= 1")
    index("open_item", "freed", "reference", where="frees_number")
    run_sql("0019_editions.sql")
    for table in ("customer", "contact"):
        op.add_column(table, sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
