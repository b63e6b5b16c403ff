"""Shipped notes, approved assessments and signed reviews stay as they were decided on, whoever writes to the database."""

from __future__ import annotations

from migrations.secure import run_sql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0033_decided_papers_stay.sql")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
