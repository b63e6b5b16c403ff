"""Forms: a form that was sent keeps where it led and what was said there, so that sent twice it leads there again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_key", sa.Column("answer", JSONB(), nullable=True))
    op.execute("GRANT UPDATE (answer, request_hash) ON idempotency_key TO huikuan_app")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
