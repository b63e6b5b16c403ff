"""Receipts: bank accounts, bank files and their lines, matches, payers, refunds."""

from __future__ import annotations

from alembic import op

from migrations.secure import append_only, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    flag,
    index,
    integer,
    json,
    minor,
    moment,
    of_tenant,
    one_of,
    references,
    small,
    text,
    unique,
    uuid,
)

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
    create_table(
        "bank_account",
        text("name", "bank_name", "account_no", "account_key"),
        currency(),
        text("account_code"),
        flag("active"),
        moment("created_at"),
        text("created_by"),
        one_of("account_code", "bank", "cash"),
        of_tenant(),
    )
    index("bank_account", "key", "account_key", "currency", unique=True, where="account_key <> ''")


def _bank_file() -> None:
    create_table(
        "bank_file",
        text("sha256", "filename"),
        integer("size_bytes"),
        text("format", "encoding", "state"),
        integer("readings"),
        uuid("bank_account_id", nullable=True),
        integer("lines_total", "lines_new", "lines_known", "lines_bad"),
        json("accounts", "statements", "problems"),
        day("from_on", "to_on", nullable=True),
        text("uploaded_by"),
        moment("uploaded_at"),
        moment("finished_at", nullable=True),
        one_of("state", "reading", "asking", "read", "refused"),
        references("sha256", "blob", "sha256"),
        references("bank_account_id", "bank_account"),
        unique("sha256"),
    )
    index("bank_file", "uploaded", "uploaded_at")


def _bank_line() -> None:
    create_table(
        "bank_line",
        uuid("bank_account_id", "file_id"),
        integer("position"),
        text("line_key"),
        integer("occurrence"),
        day("booked_on", "value_on"),
        currency(),
        small("side"),
        minor("amount_minor"),
        text("payer_name", "payer_account", "payer_bank", "remittance", "bank_reference", "end_to_end_id", "raw_kind"),
        flag("is_reversal"),
        text("state"),
        uuid("customer_id", "receipt_item_id", nullable=True),
        json("proposal", nullable=True),
        text("proposal_state", nullable=True),
        text("reason"),
        text("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        moment("recorded_at"),
        check("amount_positive", "amount_minor > 0"),
        check("matched_has_receipt", "(state = 'matched') = (receipt_item_id IS NOT NULL)"),
        check("occurrence_counts", "occurrence >= 1"),
        check("side_known", "side IN (1, -1)"),
        one_of("state", "open", "matched", "set_aside"),
        references("file_id", "bank_file"),
        references("bank_account_id", "bank_account"),
        references("customer_id", "customer"),
        references("receipt_item_id", "open_item"),
        unique("bank_account_id", "line_key", "occurrence"),
    )
    index("bank_line", "date", "bank_account_id", "booked_on")
    index("bank_line", "file", "file_id", "position")
    index("bank_line", "open", "side", "booked_on", "id", where="state = 'open'")
    index("bank_line", "receipt", "receipt_item_id")


def _payer_account() -> None:
    create_table(
        "payer_account",
        uuid("customer_id"),
        text("account_key", "payer_name", "bank"),
        uuid("first_line_id", nullable=True),
        day("first_seen_on"),
        text("confirmed_by", nullable=True),
        moment("confirmed_at", nullable=True),
        check("confirmed_whole", "(confirmed_by IS NULL) = (confirmed_at IS NULL)"),
        references("customer_id", "customer"),
        references("first_line_id", "bank_line"),
        unique("customer_id", "account_key"),
    )
    index("payer_account", "key", "account_key")


def _match_refusal() -> None:
    create_table(
        "match_refusal",
        uuid("line_id", "credit_item_id", nullable=True),
        uuid("item_id"),
        text("refused_by"),
        moment("refused_at"),
        check("of_something", "num_nonnulls(line_id, credit_item_id) >= 1"),
        references("item_id", "open_item"),
        references("credit_item_id", "open_item"),
        references("line_id", "bank_line"),
    )
    index("match_refusal", "credit", "credit_item_id")
    index("match_refusal", "line", "line_id")


def _receipt() -> None:
    create_table(
        "receipt",
        text("method"),
        uuid("bank_account_id", "bank_line_id", nullable=True),
        text("payer_name", "payer_account", "remittance", "designation", "recorded_by"),
        moment("recorded_at"),
        one_of("method", "transfer", "cash", "cheque", "card", "other"),
        references("id", "open_item"),
        references("bank_account_id", "bank_account"),
        references("bank_line_id", "bank_line"),
    )
    index("receipt", "line", "bank_line_id")


def _refund() -> None:
    create_table(
        "refund",
        uuid("customer_id", "credit_item_id"),
        currency(),
        minor("amount_minor"),
        text("payee_name", "payee_account", "payee_bank"),
        uuid("bank_account_id", nullable=True),
        text("reason", "state"),
        uuid("approval_id", "refund_item_id", nullable=True),
        text("asked_by"),
        moment("asked_at"),
        text("settled_by", nullable=True),
        moment("settled_at", nullable=True),
        check("amount_positive", "amount_minor > 0"),
        check("paid_has_item", "(state = 'paid') = (refund_item_id IS NOT NULL)"),
        one_of("state", "asked", "paid", "refused", "withdrawn"),
        references("bank_account_id", "bank_account"),
        references("customer_id", "customer"),
        references("credit_item_id", "open_item"),
        references("refund_item_id", "open_item"),
    )
    index("refund", "asked", "asked_at")
    index("refund", "credit", "credit_item_id")
