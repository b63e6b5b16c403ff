"""Bank movements by identity: statements, sightings, possible duplicates, returns, and batches that can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.secure import append_only, each_tenant, secure_tenant_table
from migrations.tables import (
    Columns,
    Constraint,
    check,
    create_table,
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

revision = "0010"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _statements()
    _accounts_and_files()
    _lines()
    _doubts()
    _batches()


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _add_columns(table: str, columns: Columns) -> None:
    for column in columns:
        op.add_column(table, column)


def _add_constraints(table: str, *constraints: Constraint) -> None:
    for constraint in constraints:
        made = constraint(table)
        if isinstance(made, sa.CheckConstraint):
            op.create_check_constraint(made.name or "", table, str(made.sqltext))
        elif isinstance(made, sa.ForeignKeyConstraint):
            others = [element.target_fullname.rsplit(".", 1) for element in made.elements]
            op.create_foreign_key(
                made.name or "", table, others[0][0], list(made.column_keys), [column for _table, column in others]
            )


def _statements() -> None:
    create_table(
        "bank_statement",
        uuid("bank_account_id", "file_id"),
        integer("ordinal"),
        text("number"),
        minor("opening_minor", "closing_minor", nullable=True),
        day("closed_on", "first_on", "last_on", nullable=True),
        integer("lines"),
        minor("total_minor"),
        moment("recorded_at"),
        references("bank_account_id", "bank_account"),
        references("file_id", "bank_file"),
        unique("file_id", "ordinal"),
    )
    index("bank_statement", "account", "bank_account_id", "last_on")
    append_only("bank_statement")
    create_table(
        "chain_break_note",
        uuid("bank_account_id", "before_statement_id", "after_statement_id"),
        minor("off_minor"),
        text("reason"),
        moment("recorded_at"),
        text("recorded_by"),
        references("bank_account_id", "bank_account"),
        references("before_statement_id", "bank_statement"),
        references("after_statement_id", "bank_statement"),
    )
    index("chain_break_note", "account", "bank_account_id")
    append_only("chain_break_note")


def _accounts_and_files() -> None:
    op.add_column(
        "bank_account",
        sa.Column("chain_breaks", JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'[]'::jsonb")),
    )
    _add_columns("bank_account", day("chain_through_on", nullable=True))
    op.execute("GRANT UPDATE (chain_breaks, chain_through_on) ON bank_account TO huikuan_app")
    for name in ("lines_asked", "lines_pending"):
        op.add_column("bank_file", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    _add_columns("bank_file", json("mapping", nullable=True))
    op.execute("GRANT UPDATE (lines_asked, lines_pending, mapping) ON bank_file TO huikuan_app")


def _lines() -> None:
    _add_columns("bank_line", uuid("statement_id", "booked_as_id", "returned_item_id", nullable=True))
    _add_columns("bank_line", integer("statement_position", nullable=True) + minor("balance_minor", nullable=True))
    _add_columns("bank_line", text("return_state", nullable=True))
    for name, value in (("entry_id", "''"), ("return_reason", "''"), ("status", "'booked'")):
        op.add_column("bank_line", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text(value)))
    for name in ("balance_stated", "is_return"):
        op.add_column("bank_line", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false")))
    _add_constraints(
        "bank_line",
        references("statement_id", "bank_statement"),
        references("booked_as_id", "bank_line"),
        references("returned_item_id", "open_item"),
        one_of("status", "booked", "pending"),
        one_of("return_state", "open", "booked", "dismissed"),
        check("booked_once", "booked_as_id IS NULL OR status = 'pending'"),
    )
    index("bank_line", "entry", "bank_account_id", "entry_id", where="entry_id <> ''")
    index("bank_line", "statement", "statement_id")
    index("bank_line", "return", "booked_on", "id", where="return_state = 'open'")
    index("bank_line", "pending", "bank_account_id", where="status = 'pending' AND booked_as_id IS NULL")
    op.execute("GRANT UPDATE (booked_as_id, return_state, returned_item_id) ON bank_line TO huikuan_app")
    # A reversal of the bank that waits undecided becomes a task; what a person has decided stays decided.
    waiting = "UPDATE bank_line SET return_state = 'open' WHERE tenant_id = :tenant AND is_reversal AND state = 'open'"
    for tenant_id in each_tenant():
        op.get_bind().execute(sa.text(waiting), {"tenant": tenant_id})


def _doubts() -> None:
    create_table(
        "bank_line_sighting",
        uuid("line_id", "statement_id"),
        integer("statement_position"),
        text("evidence", "words"),
        moment("recorded_at"),
        references("line_id", "bank_line"),
        references("statement_id", "bank_statement"),
        one_of("evidence", "entry", "statement", "balance", "content", "person"),
    )
    index("bank_line_sighting", "line", "line_id")
    index("bank_line_sighting", "statement", "statement_id")
    append_only("bank_line_sighting")
    create_table(
        "possible_duplicate",
        uuid("bank_account_id", "file_id", "statement_id"),
        integer("statement_position"),
        uuid("like_line_id"),
        json("movement"),
        text("state"),
        uuid("line_id", nullable=True),
        moment("recorded_at"),
        text("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        references("bank_account_id", "bank_account"),
        references("file_id", "bank_file"),
        references("statement_id", "bank_statement"),
        references("like_line_id", "bank_line"),
        references("line_id", "bank_line"),
        one_of("state", "open", "same", "different"),
        check("different_has_line", "(state = 'different') = (line_id IS NOT NULL)"),
    )
    index("possible_duplicate", "open", "state", "recorded_at")
    index("possible_duplicate", "like", "like_line_id")
    secure_tenant_table("possible_duplicate", update=("state", "line_id", "decided_by", "decided_at"))


def _batches() -> None:
    create_table(
        "receipt_batch",
        text("posted_by"),
        moment("posted_at"),
        text("undone_by", nullable=True),
        moment("undone_at", nullable=True),
        check("undone_whole", "(undone_by IS NULL) = (undone_at IS NULL)"),
        of_tenant(),
    )
    index("receipt_batch", "posted", "posted_at")
    secure_tenant_table("receipt_batch", update=("undone_by", "undone_at"))
    create_table(
        "receipt_batch_line",
        uuid("batch_id"),
        integer("position"),
        uuid("line_id"),
        text("outcome"),
        uuid("receipt_item_id", nullable=True),
        text("undo_outcome", nullable=True),
        references("batch_id", "receipt_batch"),
        references("line_id", "bank_line"),
        references("receipt_item_id", "open_item"),
        unique("batch_id", "position"),
        one_of("outcome", "posted", "changed", "decided", "locked"),
        one_of("undo_outcome", "undone", "depends"),
        check("posted_has_receipt", "(outcome = 'posted') = (receipt_item_id IS NOT NULL)"),
    )
    secure_tenant_table("receipt_batch_line", update=("undo_outcome",))
