"""Books: instalments, discounts, the period lock, rates, drafts, nightly examinations, and the full chart of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, each_tenant, run_sql, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    flag,
    index,
    json,
    minor,
    moment,
    numeric,
    of_tenant,
    one_of,
    recorded,
    references,
    text,
    uuid,
)

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
    create_table(
        "books_state",
        day("locked_through", nullable=True),
        of_tenant(),
        key=(),
    )
    create_table(
        "period_lock",
        text("kind"),
        day("through_on", "before_on", nullable=True),
        text("reason"),
        uuid("approval_id", nullable=True),
        recorded(),
        one_of("kind", "lock", "unlock"),
        of_tenant(),
    )
    create_table(
        "period_balance",
        uuid("lock_id"),
        text("account_code"),
        currency(),
        minor("debit_minor", "credit_minor"),
        references("lock_id", "period_lock"),
        key=("lock_id", "account_code", "currency"),
    )
    create_table(
        "fx_rate",
        currency(),
        day("rate_on"),
        numeric("rate", 20, 10),
        text("source"),
        recorded(),
        check("rate_positive", "rate > 0"),
        of_tenant(),
    )
    index("fx_rate", "day", "currency", "rate_on")
    create_table(
        "document_draft",
        text("kind"),
        uuid("customer_id", nullable=True),
        json("typed"),
        text("state"),
        uuid("item_id", nullable=True),
        moment("created_at"),
        text("created_by"),
        moment("updated_at"),
        text("updated_by"),
        one_of("state", "draft", "posted", "discarded"),
        references("customer_id", "customer"),
        references("item_id", "open_item"),
    )
    index("document_draft", "state", "state")
    create_table(
        "doctor_run",
        day("run_on"),
        moment("examined_at"),
        flag("ok"),
        json("findings"),
        of_tenant(),
    )
    index("doctor_run", "at", "examined_at")
    create_table(
        "ledger_settings",
        minor("write_off_at_once_minor"),
        recorded(),
        check("not_negative", "write_off_at_once_minor >= 0"),
        of_tenant(),
    )
    create_table(
        "item_note",
        uuid("item_id"),
        text("note"),
        moment("noted_at"),
        text("noted_by"),
        check("note_within", "char_length(note) BETWEEN 1 AND 500"),
        references("item_id", "open_item"),
    )
    index("item_note", "item", "item_id", "id")
