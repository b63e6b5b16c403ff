"""Planned statements: those of a month's run with the numbers they will bear, and why a number stayed unused."""

from __future__ import annotations

from migrations.secure import secure_tenant_table
from migrations.tables import check, create_table, currency, day, index, minor, moment, one_of, references, text, uuid

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "planned_statement",
        minor("number"),
        uuid("customer_id"),
        currency(),
        day("period_from", "period_to"),
        moment("planned_at"),
        text("planned_by"),
        text("outcome", nullable=True),
        moment("settled_at", nullable=True),
        uuid("statement_id", nullable=True),
        one_of("outcome", "issued", "stated_meanwhile", "nothing_to_state"),
        check("settled_with_outcome", "(outcome IS NULL) = (settled_at IS NULL)"),
        check("issued_is_one", "(outcome IS NOT DISTINCT FROM 'issued') = (statement_id IS NOT NULL)"),
        references("customer_id", "customer"),
        references("statement_id", "statement"),
        key=("number",),
    )
    index(
        "planned_statement",
        "waiting",
        "customer_id",
        "currency",
        "period_from",
        "period_to",
        unique=True,
        where="outcome IS NULL",
    )
    secure_tenant_table("planned_statement", update=("outcome", "settled_at", "statement_id"))


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")
