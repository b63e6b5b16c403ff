"""Bank tables read by a mapping: what a file asks, a sample of it; the payer's own split of a movement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("state_known", "bank_file", type_="check")
    op.create_check_constraint(
        "state_known", "bank_file", "state IN ('reading', 'mapping', 'asking', 'read', 'refused')"
    )
    op.add_column("bank_file", sa.Column("sample", JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column(
        "bank_file",
        sa.Column("questions", JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'[]'::jsonb")),
    )
    op.execute("GRANT UPDATE (sample, questions) ON bank_file TO huikuan_app")
    op.add_column("bank_line", sa.Column("split", JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
