"""Books: instalments, discounts, the period lock, rates, drafts, nightly examinations, and the full chart of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only, each_tenant, run_sql, secure_tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = (
    "invoice", "debit_note", "opening", "interest", "refund", "recovery", "credit_note", "goods_return", "receipt",
    "bill", "discount", "write_off", "interest_waiver", "bad_debt", "reversal",
)  # fmt: skip
ACCOUNTS = (
    ("cash", "asset", "1001"),
    ("notes_receivable", "asset", "1121"),
    ("receivables_fx", "asset", "112299"),
    ("allowance", "asset", "1231"),
    ("short_term_loans", "liability", "2001"),
    ("payables", "liability", "2202"),
    ("customer_deposits", "liability", "2203"),
    ("output_tax", "liability", "222101"),
    ("discounts_allowed", "income", "600103"),
    ("interest_income", "income", "605101"),
    ("exchange_difference", "expense", "6061"),
    ("finance_costs", "expense", "6603"),
    ("bad_debt_expense", "expense", "6702"),
    ("small_differences", "expense", "671101"),
    ("written_off", "memo", "9001"),
    ("written_off_contra", "memo", "9002"),
)
APPEND_ONLY = ("period_lock", "period_balance", "fx_rate", "doctor_run", "ledger_settings", "item_note")
COLUMN_UPDATES = {
    "books_state": ("locked_through",),
    "document_draft": ("customer_id", "typed", "state", "item_id", "updated_at", "updated_by"),
}


def upgrade() -> None:
    _items()
    _tables()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in COLUMN_UPDATES.items():
        secure_tenant_table(table, update=columns)
    run_sql("0002_period_lock.sql")
    for tenant_id in each_tenant():
        op.execute(sa.text("INSERT INTO books_state (tenant_id) VALUES (:tenant)").bindparams(tenant=tenant_id))
        for code, kind, number in ACCOUNTS:
            op.execute(
                sa.text(
                    "INSERT INTO account (tenant_id, code, kind, number) VALUES (:tenant, :code, :kind, :number)"
                ).bindparams(tenant=tenant_id, code=code, kind=kind, number=number)
            )


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _items() -> None:
    op.add_column("open_item", sa.Column("instalment_no", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("open_item", sa.Column("discount_bps", sa.Integer(), nullable=True))
    op.add_column("open_item", sa.Column("discount_until_on", sa.Date(), nullable=True))
    op.drop_constraint("uq_open_item_tenant_id_kind_document_no", "open_item")
    op.create_unique_constraint(
        op.f("uq_open_item_tenant_id_kind_document_no_instalment_no"),
        "open_item",
        ["tenant_id", "kind", "document_no", "instalment_no"],
    )
    op.create_index(
        "ix_open_item_document",
        "open_item",
        ["tenant_id", "kind", "document_no"],
        unique=True,
        postgresql_where=sa.text("instalment_no <= 1"),
    )
    op.create_index("ix_open_item_entry", "open_item", ["tenant_id", "entry_id"], unique=False)
    op.drop_constraint("ck_open_item_kind_known", "open_item")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_check_constraint(op.f("ck_open_item_kind_known"), "open_item", f"kind IN ({listed})")
    op.create_check_constraint(op.f("ck_open_item_instalment_counts"), "open_item", "instalment_no >= 0")
    op.create_check_constraint(
        op.f("ck_open_item_discount_whole"), "open_item", "(discount_bps IS NULL) = (discount_until_on IS NULL)"
    )
    op.create_check_constraint(op.f("ck_open_item_discount_within"), "open_item", "discount_bps BETWEEN 1 AND 9999")
    op.create_index("ix_allocation_recorded", "allocation", ["tenant_id", "recorded_at"], unique=False)
    op.create_index("ix_posting_account", "posting", ["tenant_id", "account_code", "entry_id"], unique=False)


def _tables() -> None:
    tenant = sa.ForeignKeyConstraint
    op.create_table(
        "books_state",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("locked_through", sa.Date(), nullable=True),
        tenant(["tenant_id"], ["tenant.id"], name=op.f("fk_books_state_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_books_state")),
    )
    op.create_table(
        "period_lock",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("through_on", sa.Date(), nullable=True),
        sa.Column("before_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('lock', 'unlock')", name=op.f("ck_period_lock_kind_known")),
        tenant(["tenant_id"], ["tenant.id"], name=op.f("fk_period_lock_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_period_lock")),
    )
    op.create_table(
        "period_balance",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        tenant(
            ["tenant_id", "lock_id"],
            ["period_lock.tenant_id", "period_lock.id"],
            name=op.f("fk_period_balance_tenant_id_lock_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "lock_id", "account_code", "currency", name=op.f("pk_period_balance")),
    )
    op.create_table(
        "fx_rate",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("rate_on", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(20, 10), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("rate > 0", name=op.f("ck_fx_rate_rate_positive")),
        tenant(["tenant_id"], ["tenant.id"], name=op.f("fk_fx_rate_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_fx_rate")),
    )
    op.create_index("ix_fx_rate_day", "fx_rate", ["tenant_id", "currency", "rate_on"], unique=False)
    op.create_table(
        "document_draft",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("typed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'posted', 'discarded')", name=op.f("ck_document_draft_state_known")),
        tenant(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_document_draft_tenant_id_customer_id"),
        ),
        tenant(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_document_draft_tenant_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_document_draft")),
    )
    op.create_index("ix_document_draft_state", "document_draft", ["tenant_id", "state"], unique=False)
    op.create_table(
        "doctor_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        tenant(["tenant_id"], ["tenant.id"], name=op.f("fk_doctor_run_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_doctor_run")),
    )
    op.create_index("ix_doctor_run_at", "doctor_run", ["tenant_id", "examined_at"], unique=False)
    op.create_table(
        "ledger_settings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("write_off_at_once_minor", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("write_off_at_once_minor >= 0", name=op.f("ck_ledger_settings_not_negative")),
        tenant(["tenant_id"], ["tenant.id"], name=op.f("fk_ledger_settings_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ledger_settings")),
    )
    op.create_table(
        "item_note",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.CheckConstraint("char_length(note) BETWEEN 1 AND 500", name=op.f("ck_item_note_note_within")),
        tenant(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_item_note_tenant_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_item_note")),
    )
    op.create_index("ix_item_note_item", "item_note", ["tenant_id", "item_id", "id"], unique=False)
