"""Late interest: terms, reference rates, runs, charges and waivers."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
