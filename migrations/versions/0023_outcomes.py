"""Outcomes of calls and tasks: what came of the last try, the day of the next one; the amount that was promised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column("action", sa.Column("again_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_action_outcome_known"),
        "action",
        "outcome IN ('done', 'reached', 'promised', 'disputed', 'no_answer', 'wrong_number')",
    )
    op.execute("GRANT UPDATE (outcome, again_on) ON action TO huikuan_app")
    op.add_column("block", sa.Column("promised_minor", sa.BigInteger(), nullable=True))
    op.add_column("block", sa.Column("currency", sa.CHAR(length=3), nullable=True))
    op.create_check_constraint(
        op.f("ck_block_promised"),
        "block",
        "(promised_minor IS NULL) = (currency IS NULL) AND (promised_minor IS NULL OR promised_minor > 0)",
    )


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
