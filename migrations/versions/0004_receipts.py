"""Receipts: bank accounts, bank files and their lines, matches, payers, refunds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only, secure_tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("match_refusal", "receipt")
COLUMN_UPDATES = {
    "bank_account": ("name", "bank_name", "account_no", "account_key", "account_code", "active"),
    "bank_file": (
        "filename", "format", "encoding", "state", "readings", "bank_account_id", "lines_total", "lines_new",
        "lines_known", "lines_bad", "accounts", "statements", "problems", "from_on", "to_on", "finished_at",
    ),
    "bank_line": (
        "state", "customer_id", "receipt_item_id", "proposal", "proposal_state", "reason", "decided_by", "decided_at",
    ),
    "payer_account": ("payer_name", "bank", "confirmed_by", "confirmed_at"),
    "refund": ("state", "approval_id", "refund_item_id", "bank_account_id", "settled_by", "settled_at"),
}  # fmt: skip


def upgrade() -> None:
    _bank_account()
    _bank_file()
    _bank_line()
    _payer_account()
    _match_refusal()
    _receipt()
    _refund()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in COLUMN_UPDATES.items():
        secure_tenant_table(table, update=columns)
    # What was paid, refused or withdrawn stays so, whoever asks.
    op.execute(
        "CREATE TRIGGER refund_settled BEFORE UPDATE ON refund FOR EACH ROW "
        "WHEN (OLD.state <> 'asked') EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _bank_account() -> None:
    op.create_table(
        "bank_account",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.Text(), nullable=False),
        sa.Column("account_no", sa.Text(), nullable=False),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("account_code IN ('bank', 'cash')", name=op.f("ck_bank_account_account_code_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_bank_account_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bank_account")),
    )
    op.create_index(
        "ix_bank_account_key",
        "bank_account",
        ["tenant_id", "account_key", "currency"],
        unique=True,
        postgresql_where=sa.text("account_key <> ''"),
    )


def _bank_file() -> None:
    op.create_table(
        "bank_file",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=True),
        sa.Column("lines_total", sa.Integer(), nullable=False),
        sa.Column("lines_new", sa.Integer(), nullable=False),
        sa.Column("lines_known", sa.Integer(), nullable=False),
        sa.Column("lines_bad", sa.Integer(), nullable=False),
        sa.Column("accounts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("statements", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('reading', 'asking', 'read', 'refused')", name=op.f("ck_bank_file_state_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sha256"], ["blob.tenant_id", "blob.sha256"], name=op.f("fk_bank_file_tenant_id_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"],
            ["bank_account.tenant_id", "bank_account.id"],
            name=op.f("fk_bank_file_tenant_id_bank_account_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint("tenant_id", "sha256", name=op.f("uq_bank_file_tenant_id_sha256")),
    )
    op.create_index("ix_bank_file_uploaded", "bank_file", ["tenant_id", "uploaded_at"], unique=False)


def _bank_line() -> None:
    op.create_table(
        "bank_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_key", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("payer_account", sa.Text(), nullable=False),
        sa.Column("payer_bank", sa.Text(), nullable=False),
        sa.Column("remittance", sa.Text(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=False),
        sa.Column("raw_kind", sa.Text(), nullable=False),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_item_id", sa.Uuid(), nullable=True),
        sa.Column("proposal", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("proposal_state", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_bank_line_amount_positive")),
        sa.CheckConstraint(
            "(state = 'matched') = (receipt_item_id IS NOT NULL)", name=op.f("ck_bank_line_matched_has_receipt")
        ),
        sa.CheckConstraint("occurrence >= 1", name=op.f("ck_bank_line_occurrence_counts")),
        sa.CheckConstraint("side IN (1, -1)", name=op.f("ck_bank_line_side_known")),
        sa.CheckConstraint("state IN ('open', 'matched', 'set_aside')", name=op.f("ck_bank_line_state_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["bank_file.tenant_id", "bank_file.id"],
            name=op.f("fk_bank_line_tenant_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"],
            ["bank_account.tenant_id", "bank_account.id"],
            name=op.f("fk_bank_line_tenant_id_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_bank_line_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "receipt_item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_bank_line_tenant_id_receipt_item_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint(
            "tenant_id",
            "bank_account_id",
            "line_key",
            "occurrence",
            name=op.f("uq_bank_line_tenant_id_bank_account_id_line_key_occurrence"),
        ),
    )
    op.create_index("ix_bank_line_date", "bank_line", ["tenant_id", "bank_account_id", "booked_on"], unique=False)
    op.create_index("ix_bank_line_file", "bank_line", ["tenant_id", "file_id", "position"], unique=False)
    op.create_index(
        "ix_bank_line_open",
        "bank_line",
        ["tenant_id", "side", "booked_on", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_bank_line_receipt", "bank_line", ["tenant_id", "receipt_item_id"], unique=False)


def _payer_account() -> None:
    op.create_table(
        "payer_account",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("first_line_id", sa.Uuid(), nullable=True),
        sa.Column("first_seen_on", sa.Date(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_payer_account_confirmed_whole")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_payer_account_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "first_line_id"],
            ["bank_line.tenant_id", "bank_line.id"],
            name=op.f("fk_payer_account_tenant_id_first_line_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payer_account")),
        sa.UniqueConstraint(
            "tenant_id", "customer_id", "account_key", name=op.f("uq_payer_account_tenant_id_customer_id_account_key")
        ),
    )
    op.create_index("ix_payer_account_key", "payer_account", ["tenant_id", "account_key"], unique=False)


def _match_refusal() -> None:
    op.create_table(
        "match_refusal",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("credit_item_id", sa.Uuid(), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("refused_by", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(line_id, credit_item_id) >= 1", name=op.f("ck_match_refusal_of_something")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_match_refusal_tenant_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "credit_item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_match_refusal_tenant_id_credit_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "line_id"],
            ["bank_line.tenant_id", "bank_line.id"],
            name=op.f("fk_match_refusal_tenant_id_line_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_match_refusal")),
    )
    op.create_index("ix_match_refusal_credit", "match_refusal", ["tenant_id", "credit_item_id"], unique=False)
    op.create_index("ix_match_refusal_line", "match_refusal", ["tenant_id", "line_id"], unique=False)


def _receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=True),
        sa.Column("bank_line_id", sa.Uuid(), nullable=True),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("payer_account", sa.Text(), nullable=False),
        sa.Column("remittance", sa.Text(), nullable=False),
        sa.Column("designation", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "method IN ('transfer', 'cash', 'cheque', 'card', 'other')", name=op.f("ck_receipt_method_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"], ["open_item.tenant_id", "open_item.id"], name=op.f("fk_receipt_tenant_id_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"],
            ["bank_account.tenant_id", "bank_account.id"],
            name=op.f("fk_receipt_tenant_id_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_line_id"],
            ["bank_line.tenant_id", "bank_line.id"],
            name=op.f("fk_receipt_tenant_id_bank_line_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_line", "receipt", ["tenant_id", "bank_line_id"], unique=False)


def _refund() -> None:
    op.create_table(
        "refund",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("credit_item_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("payee_name", sa.Text(), nullable=False),
        sa.Column("payee_account", sa.Text(), nullable=False),
        sa.Column("payee_bank", sa.Text(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("refund_item_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount_positive")),
        sa.CheckConstraint("(state = 'paid') = (refund_item_id IS NOT NULL)", name=op.f("ck_refund_paid_has_item")),
        sa.CheckConstraint("state IN ('asked', 'paid', 'refused', 'withdrawn')", name=op.f("ck_refund_state_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"],
            ["bank_account.tenant_id", "bank_account.id"],
            name=op.f("fk_refund_tenant_id_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_refund_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "credit_item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_refund_tenant_id_credit_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "refund_item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_refund_tenant_id_refund_item_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund_asked", "refund", ["tenant_id", "asked_at"], unique=False)
    op.create_index("ix_refund_credit", "refund", ["tenant_id", "credit_item_id"], unique=False)
