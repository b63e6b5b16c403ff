"""Two days of money: the day a credit came beside the day it was applied; corrections of interest charged before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, each_tenant, run_sql
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    index,
    json,
    minor,
    recorded,
    references,
    text,
    unique,
    uuid,
)

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = (
    "invoice", "debit_note", "opening", "interest", "refund", "recovery", "credit_note", "goods_return", "receipt",
    "bill", "discount", "write_off", "interest_waiver", "interest_credit", "bad_debt", "reversal",
)  # fmt: skip
#: Until now every credit counted from the day it was booked; a bill came when it was honoured, or sold for good.
CAME = """
    UPDATE open_item AS i SET
        came_on = coalesce(b.came_on, b.received_on, i.document_on),
        conditional = i.kind = 'bill' AND b.came_on IS NULL
    FROM open_item AS o
    LEFT JOIN (
        SELECT b.item_id, b.received_on, (
            SELECT e.happened_on FROM bill_event AS e
            WHERE e.tenant_id = :tenant AND e.bill_id = b.id AND e.kind = CASE
                WHEN b.state = 'discounted' THEN 'discounted'
                WHEN b.state IN ('honoured', 'dishonoured') AND EXISTS (
                    SELECT FROM bill_event AS d WHERE d.tenant_id = :tenant AND d.bill_id = b.id
                        AND d.kind IN ('honoured', 'dishonoured') AND d.from_state = 'discounted') THEN 'discounted'
                WHEN b.state = 'honoured' THEN 'honoured' END
            ORDER BY e.position DESC LIMIT 1
        ) AS came_on
        FROM bill AS b WHERE b.tenant_id = :tenant
    ) AS b ON b.item_id = o.id
    WHERE i.tenant_id = :tenant AND o.tenant_id = :tenant AND o.id = i.id AND i.side = -1
"""


def upgrade() -> None:
    op.add_column(
        "ledger_settings", sa.Column("credits_netted", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    _days()
    _corrections()


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _days() -> None:
    op.add_column("open_item", sa.Column("came_on", sa.Date(), nullable=True))
    op.add_column("open_item", sa.Column("conditional", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("open_item", sa.Column("credit_reason", sa.Text(), nullable=True))
    for tenant_id in each_tenant():
        op.execute(sa.text(CAME).bindparams(sa.bindparam("tenant", tenant_id, sa.Uuid)))
    op.drop_constraint("ck_open_item_kind_known", "open_item")
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    checks = {
        "kind_known": f"kind IN ({listed})",
        "credit_came": "(side = -1) = (came_on IS NOT NULL)",
        "conditional_bill": "NOT conditional OR kind = 'bill'",
        "credit_reason_known": "credit_reason IN ('price', 'goods', 'goodwill')",
        "credit_note_reason": "credit_reason IS NULL OR kind = 'credit_note'",
    }
    for name, condition in checks.items():
        op.create_check_constraint(op.f(f"ck_open_item_{name}"), "open_item", condition)
    index("open_item", "came", "came_on", where="came_on IS NOT NULL")
    op.execute("GRANT UPDATE (came_on, conditional) ON open_item TO huikuan_app")
    run_sql("0013_two_days.sql")


def _corrections() -> None:
    create_table(
        "interest_correction",
        uuid("batch_id", "customer_id"),
        currency(),
        uuid("item_id"),
        text("document_no", "reason"),
        day("document_on"),
        minor("amount_minor"),
        recorded(),
        check("amount_not_zero", "amount_minor <> 0"),
        references("customer_id", "customer"),
        references("item_id", "open_item"),
        unique("item_id"),
    )
    index("interest_correction", "customer", "customer_id")
    index("interest_correction", "batch", "batch_id")
    create_table(
        "interest_correction_line",
        uuid("correction_id", "line_id"),
        minor("before_minor", "right_minor", "amount_minor"),
        json("segments"),
        check("amount_not_zero", "amount_minor <> 0"),
        check("right_not_negative", "right_minor >= 0"),
        references("correction_id", "interest_correction"),
        references("line_id", "interest_line"),
        unique("correction_id", "line_id"),
    )
    index("interest_correction_line", "line", "line_id")
    for table in ("interest_correction", "interest_correction_line"):
        append_only(table)
