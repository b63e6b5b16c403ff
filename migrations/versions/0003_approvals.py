"""Approvals: chains as data, requests, decisions and substitutes."""

from __future__ import annotations

from alembic import op

from migrations.secure import append_only, run_sql, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    index,
    integer,
    json,
    minor,
    moment,
    of_tenant,
    one_of,
    references,
    text,
    unique,
    uuid,
)

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PENDING = "state = 'pending'"
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


def _chain() -> None:
    create_table(
        "approval_chain",
        text("kind"),
        integer("version"),
        json("steps"),
        moment("changed_at"),
        text("changed_by"),
        uuid("changed_by_id", nullable=True),
        check("version_counts", "version > 0"),
        of_tenant(),
        unique("kind", "version"),
    )


def _approval() -> None:
    create_table(
        "approval",
        text("number", "kind"),
        uuid("subject_id"),
        uuid("customer_id", nullable=True),
        minor("amount_minor", nullable=True),
        currency(nullable=True),
        minor("compare_minor", nullable=True),
        json("facts"),
        text("reason"),
        json("evidence", "chain"),
        integer("chain_version"),
        text("state"),
        integer("step"),
        text("waits_for", nullable=True),
        moment("requested_at"),
        text("requested_by"),
        uuid("requested_by_id", nullable=True),
        moment("closed_at", nullable=True),
        text("closed_by", "closed_reason", nullable=True),
        one_of("state", "pending", "approved", "rejected", "withdrawn"),
        check(
            "open_or_closed",
            "(state = 'pending') = (waits_for IS NOT NULL) AND (state = 'pending') = (closed_at IS NULL)",
        ),
        check("amount_whole", "(amount_minor IS NULL) = (currency IS NULL)"),
        of_tenant(),
        unique("number"),
    )
    index("approval", "pending", "kind", "subject_id", unique=True, where=PENDING)
    index("approval", "waits", "waits_for", where=PENDING)
    index("approval", "requested", "requested_at")
    index("approval", "requester", "requested_by_id")
    index("approval", "subject", "subject_id")
    index("approval", "customer", "customer_id")


def _decision() -> None:
    create_table(
        "approval_decision",
        uuid("approval_id"),
        integer("step"),
        text("role", "outcome", "reason"),
        moment("decided_at"),
        text("decided_by"),
        uuid("decided_by_id"),
        text("on_behalf_of", nullable=True),
        uuid("on_behalf_of_id", nullable=True),
        one_of("outcome", "approved", "rejected"),
        check("rejection_says_why", "outcome = 'approved' OR reason <> ''"),
        references("approval_id", "approval"),
        unique("approval_id", "step"),
        unique("approval_id", "decided_by_id"),
    )


def _substitute() -> None:
    create_table(
        "approval_substitute",
        uuid("user_id", "substitute_id"),
        day("from_on", "to_on"),
        moment("created_at"),
        text("created_by"),
        moment("revoked_at", nullable=True),
        text("revoked_by", nullable=True),
        check("somebody_else", "user_id <> substitute_id"),
        check("days_in_order", "from_on <= to_on"),
        references("user_id", "membership", "user_id"),
        references("substitute_id", "membership", "user_id"),
    )
    index("approval_substitute", "stands_in", "substitute_id", where="revoked_at IS NULL")
    index("approval_substitute", "user", "user_id")
