"""Approvals: chains as data, requests, decisions and substitutes."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
