"""An approval over the limit serves the term of its order; invoices are known to be sent, and to have come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, each_tenant
from migrations.tables import create_table, day, index, one_of, recorded, references, text, uuid

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# The deciders saw the order's term among the figures of the request.
TERMS_SEEN = """
    UPDATE over_limit_request SET order_term_days = (facts ->> 'term_days')::integer
    WHERE tenant_id = :tenant AND facts ->> 'term_days' IS NOT NULL
"""


def upgrade() -> None:
    _terms()
    _receipts()


def _receipts() -> None:
    create_table(
        "invoice_sending",
        uuid("customer_id", "entry_id"),
        text("kind"),
        day("happened_on"),
        text("detail"),
        recorded(),
        references("customer_id", "customer"),
        references("entry_id", "entry"),
        one_of("kind", "sent", "received"),
    )
    index("invoice_sending", "entry", "entry_id", "kind")
    index("invoice_sending", "customer", "customer_id")
    append_only("invoice_sending")


def _terms() -> None:
    op.add_column("over_limit_request", sa.Column("order_term_days", sa.Integer(), nullable=True))
    op.create_check_constraint("term_not_negative", "over_limit_request", "order_term_days >= 0")
    for tenant_id in each_tenant():
        op.get_bind().execute(sa.text(TERMS_SEEN), {"tenant": tenant_id})


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
