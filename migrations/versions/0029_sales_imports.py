"""Imports of limits, orders, deliveries and sign-offs: their kinds, and what each import wrote."""

from __future__ import annotations

from alembic import op

from migrations.secure import append_only
from migrations.tables import create_table, index, json, one_of, references, text, uuid

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_KINDS = ("customers", "open-items", "receipts", "limits", "orders", "deliveries", "sign-offs")


def upgrade() -> None:
    listed = ", ".join(f"'{kind}'" for kind in _KINDS)
    op.drop_constraint(op.f("ck_import_job_kind_known"), "import_job", type_="check")
    op.create_check_constraint(op.f("ck_import_job_kind_known"), "import_job", f"kind IN ({listed})")
    create_table(
        "import_record",
        uuid("job_id"),
        text("kind"),
        uuid("record_id"),
        json("before", nullable=True),
        references("job_id", "import_job"),
        one_of("kind", "limit", "limit_ended", "order", "delivery", "sign_off"),
        key=("job_id", "kind", "record_id"),
    )
    index("import_record", "record", "record_id")
    append_only("import_record")
    # A number that an undone import used is free again for the corrected file.
    op.execute("GRANT UPDATE (number) ON sales_order TO huikuan_app")
    op.execute("GRANT UPDATE (number) ON delivery TO huikuan_app")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
