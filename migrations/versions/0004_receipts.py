"""Receipts: bank accounts, bank files and their lines, matches, payers, refunds."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
