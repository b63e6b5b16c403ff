"""Remembered mappings of tables; an import that waits for its mapping, and one that was undone."""

from __future__ import annotations

from migrations.secure import append_only
from migrations.tables import create_table, integer, json, of_tenant, recorded, text, unique

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATES = "'uploaded', 'checking', 'asking', 'checked', 'refused', 'applying', 'applied', 'failed', 'undoing', 'undone'"


def upgrade() -> None:
    create_table(
        "table_mapping",
        text("kind", "fingerprint"),
        integer("version"),
        text("name"),
        json("mapping"),
        recorded(),
        of_tenant(),
        unique("kind", "fingerprint", "version"),
    )
    append_only("table_mapping")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
