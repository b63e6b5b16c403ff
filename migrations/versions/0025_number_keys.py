"""Numbers of documents as they are compared, kept with each, so that a few payments find theirs without reading all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import run_sql
from migrations.tables import index

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

#: Width and case folded, joiners left out: COLLATE "C" folds ASCII alone and compares bytes, in every database alike.
KEY = "translate(upper(normalize({0}, NFKC) COLLATE \"C\"), '-_./# ', '')"
_DEBT = "open_minor > 0 AND side > 0"


def upgrade() -> None:
    for name, of in (("number_key", "document_no"), ("reference_key", "reference")):
        kept = sa.Computed(KEY.format(of), persisted=True)
        op.add_column("open_item", sa.Column(name, sa.Text(collation="C"), kept, nullable=True))
    run_sql("0025_number_keys.sql")
    index("open_item", "number_key", "number_key", where=_DEBT)
    index("open_item", "reference_key", "reference_key", where=f"{_DEBT} AND reference_key IS NOT NULL")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
