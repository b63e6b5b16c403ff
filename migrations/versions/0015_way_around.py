"""Who sees what: a company may widen what its salespeople see, and customers are found by their owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tables import index

revision = "0015"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("company", sa.Column("sales_see_all", sa.Boolean(), server_default="false", nullable=False))
    index("customer", "owner", "owner_id")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
