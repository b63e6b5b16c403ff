"""Limits taken over may be sent for approval later, once; nothing else of a limit changes but its end."""

from __future__ import annotations

from alembic import op

from migrations.secure import run_sql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT UPDATE (approval_id) ON credit_limit TO huikuan_app")
    run_sql("0031_taken_over_limits.sql")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
