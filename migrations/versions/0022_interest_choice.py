"""Late interest: the smallest document of the terms, and a run whose documents fall due by each customer's terms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interest_terms", sa.Column("document_minimum_minor", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_interest_terms_document_minimum_has_currency"),
        "interest_terms",
        "document_minimum_minor IS NULL OR currency IS NOT NULL",
    )
    op.alter_column("interest_run", "due_days", nullable=True)


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
