"""Approvals: chains as data, requests, decisions and substitutes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only, run_sql, secure_tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PENDING = "state = 'pending'"
OPEN_OR_CLOSED = "(state = 'pending') = (waits_for IS NOT NULL) AND (state = 'pending') = (closed_at IS NULL)"
APPEND_ONLY = ("approval_chain", "approval_decision")
COLUMN_UPDATES = {
    "approval": ("state", "step", "waits_for", "closed_at", "closed_by", "closed_reason"),
    "approval_substitute": ("revoked_at", "revoked_by"),
}


def upgrade() -> None:
    _chain()
    _approval()
    _decision()
    _substitute()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in COLUMN_UPDATES.items():
        secure_tenant_table(table, update=columns)
    for table, ended in (("approval", "closed_at"), ("approval_substitute", "revoked_at")):
        # What has ended stays as it ended, whoever asks.
        op.execute(
            f"CREATE TRIGGER {table}_ended BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN (OLD.{ended} IS NOT NULL) EXECUTE FUNCTION refuse_change()"
        )
    run_sql("0003_decided.sql")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(astext_type=sa.Text())


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _chain() -> None:
    op.create_table(
        "approval_chain",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("steps", _json(), nullable=False),
        sa.Column("changed_at", _moment(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_approval_chain_version_counts")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_approval_chain_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_approval_chain")),
        sa.UniqueConstraint("tenant_id", "kind", "version", name=op.f("uq_approval_chain_tenant_id_kind_version")),
    )


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("compare_minor", sa.BigInteger(), nullable=True),
        sa.Column("facts", _json(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", _json(), nullable=False),
        sa.Column("chain", _json(), nullable=False),
        sa.Column("chain_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("requested_at", _moment(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", _moment(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'rejected', 'withdrawn')", name=op.f("ck_approval_state_known")
        ),
        sa.CheckConstraint(OPEN_OR_CLOSED, name=op.f("ck_approval_open_or_closed")),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name=op.f("ck_approval_amount_whole")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_approval_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_approval")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_approval_tenant_id_number")),
    )
    pending = sa.text(PENDING)
    columns = ["tenant_id", "kind", "subject_id"]
    op.create_index("ix_approval_pending", "approval", columns, unique=True, postgresql_where=pending)
    op.create_index("ix_approval_waits", "approval", ["tenant_id", "waits_for"], unique=False, postgresql_where=pending)
    for name, column in (
        ("requested", "requested_at"),
        ("requester", "requested_by_id"),
        ("subject", "subject_id"),
        ("customer", "customer_id"),
    ):
        op.create_index(f"ix_approval_{name}", "approval", ["tenant_id", column], unique=False)


def _decision() -> None:
    op.create_table(
        "approval_decision",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", _moment(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("on_behalf_of_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("outcome IN ('approved', 'rejected')", name=op.f("ck_approval_decision_outcome_known")),
        sa.CheckConstraint(
            "outcome = 'approved' OR reason <> ''", name=op.f("ck_approval_decision_rejection_says_why")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "approval_id"],
            ["approval.tenant_id", "approval.id"],
            name=op.f("fk_approval_decision_tenant_id_approval_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_approval_decision")),
        sa.UniqueConstraint(
            "tenant_id", "approval_id", "step", name=op.f("uq_approval_decision_tenant_id_approval_id_step")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "approval_id",
            "decided_by_id",
            name=op.f("uq_approval_decision_tenant_id_approval_id_decided_by_id"),
        ),
    )


def _substitute() -> None:
    members = ["membership.tenant_id", "membership.user_id"]
    op.create_table(
        "approval_substitute",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", _moment(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint("user_id <> substitute_id", name=op.f("ck_approval_substitute_somebody_else")),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_approval_substitute_days_in_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], members, name=op.f("fk_approval_substitute_tenant_id_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "substitute_id"], members, name=op.f("fk_approval_substitute_tenant_id_substitute_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_approval_substitute")),
    )
    op.create_index(
        "ix_approval_substitute_stands_in",
        "approval_substitute",
        ["tenant_id", "substitute_id"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("ix_approval_substitute_user", "approval_substitute", ["tenant_id", "user_id"], unique=False)
