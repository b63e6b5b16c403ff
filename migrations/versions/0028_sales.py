"""Sales: quotations, contracts, orders, deliveries, sign-offs, and the invoices that bill an order."""

from __future__ import annotations

import sqlalchemy as sa

from migrations.secure import append_only, run_sql, secure_tenant_table
from migrations.tables import (
    Columns,
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
    numeric,
    references,
    text,
    unique,
    uuid,
)

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_decision", "order_invoice", "sign_off", "sign_off_line")
#: The columns that change after a row was written.
CHANGING = {
    "quotation": ("quoted_on", "valid_to", "currency", "lines", "state", "approval_id", "note", "decided_at"),
    "contract": True,
    "contract_line": ("product", "specification", "unit", "quantity", "unit_price", "dropped"),
    "sales_order_line": ("product", "unit", "quantity", "unit_price", "tax_rate_bps", "amount_minor", "dropped"),
    "delivery_line": ("quantity", "amount_minor", "batch", "dropped"),
    "contract_copy": ("holder", "received_on", "recorded_at", "recorded_by"),
    "sales_order": (
        "contract_id",
        "their_number",
        "ordered_on",
        "currency",
        "total_minor",
        "term_days",
        "prepaid",
        "note",
        "state",
        "released_at",
        "closed_at",
        "closed_by",
        "closed_reason",
    ),
    "delivery": (
        "mode",
        "state",
        "amount_minor",
        "carrier",
        "tracking_no",
        "driver_id",
        "picker_up",
        "planned_on",
        "shipped_on",
        "shipped_by",
        "shipped_at",
        "invoice_no",
        "invoice_on",
    ),
    "delivery_return": ("credit_item_id",),
    "unsigned_reason": ("measure", "measure_due_on", "decided_by", "decided_at"),
}


def upgrade() -> None:
    _contracts()
    _orders()
    _deliveries()
    _links()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in CHANGING.items():
        secure_tenant_table(table, update=columns)
    run_sql("0028_sales.sql")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _contracts() -> None:
    create_table(
        "quotation",
        text("number"),
        uuid("customer_id"),
        day("quoted_on"),
        day("valid_to", nullable=True),
        currency(),
        json("lines"),
        text("state"),
        uuid("approval_id", nullable=True),
        text("note"),
        moment("recorded_at"),
        text("recorded_by"),
        uuid("recorded_by_id", nullable=True),
        moment("decided_at", nullable=True),
        references("customer_id", "customer"),
        unique("number"),
        check("state_known", "state IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn')"),
    )
    index("quotation", "customer", "customer_id")
    create_table(
        "contract",
        text("number"),
        uuid("customer_id"),
        text("form", "state", "title", "deal_ref", "their_number"),
        uuid("quotation_id", "supplements_id", "replaces_id", nullable=True),
        currency(),
        minor("amount_minor", nullable=True),
        integer("term_days", nullable=True),
        day("starts_on"),
        day("ends_on", nullable=True),
        json("checklist"),
        text("clauses"),
        text("file_sha256", nullable=True),
        text("file_name"),
        uuid("approval_id", nullable=True),
        moment("recorded_at"),
        text("recorded_by"),
        uuid("recorded_by_id", nullable=True),
        moment("reviewed_at", nullable=True),
        text("reviewed_by", nullable=True),
        moment("sealed_at", nullable=True),
        text("sealed_by", nullable=True),
        moment("ended_at", nullable=True),
        text("ended_by", "ended_reason", nullable=True),
        references("customer_id", "customer"),
        references("supplements_id", "contract"),
        references("replaces_id", "contract"),
        references("quotation_id", "quotation"),
        unique("number"),
        check("form_known", "form IN ('own', 'customer', 'purchase_order', 'supplement')"),
        check("state_known", "state IN ('draft', 'submitted', 'reviewed', 'sealed', 'ended', 'cancelled')"),
        check("supplement_of", "(form = 'supplement') = (supplements_id IS NOT NULL)"),
        check("sealed_when", "state <> 'sealed' OR sealed_at IS NOT NULL"),
    )
    index("contract", "customer", "customer_id")
    index(
        "contract",
        "deal",
        "customer_id",
        "deal_ref",
        unique=True,
        where="deal_ref <> '' AND form <> 'supplement' AND state NOT IN ('ended', 'cancelled')",
    )
    index("contract", "ends", "ends_on")
    create_table(
        "contract_line",
        uuid("contract_id"),
        integer("line_no"),
        text("product", "specification", "unit"),
        numeric("quantity", 18, 6, nullable=True),
        numeric("unit_price", 20, 6),
        _dropped(),
        references("contract_id", "contract"),
        check("quantity_positive", "quantity IS NULL OR quantity > 0"),
        check("price_not_negative", "unit_price >= 0"),
        key=(
            "contract_id",
            "line_no",
        ),
    )
    create_table(
        "contract_copy",
        uuid("contract_id"),
        text("place", "holder"),
        day("received_on"),
        moment("recorded_at"),
        text("recorded_by"),
        references("contract_id", "contract"),
        check("place_known", "place IN ('gm_office', 'finance', 'customer')"),
        key=(
            "contract_id",
            "place",
        ),
    )


def _orders() -> None:
    create_table(
        "sales_order",
        text("number"),
        uuid("customer_id"),
        uuid("contract_id", nullable=True),
        text("their_number"),
        day("ordered_on"),
        currency(),
        minor("total_minor"),
        integer("term_days", nullable=True),
        flag("prepaid"),
        text("note", "state"),
        flag("is_history"),
        moment("recorded_at"),
        text("recorded_by"),
        uuid("recorded_by_id", nullable=True),
        moment("released_at", "closed_at", nullable=True),
        text("closed_by", "closed_reason", nullable=True),
        references("customer_id", "customer"),
        references("contract_id", "contract"),
        unique("number"),
        check("state_known", "state IN ('draft', 'held', 'released', 'completed', 'closed_short', 'cancelled')"),
        check("not_negative", "total_minor >= 0"),
    )
    index("sales_order", "customer", "customer_id", "ordered_on")
    index("sales_order", "state", "state", "ordered_on", "id")
    create_table(
        "sales_order_line",
        uuid("order_id"),
        integer("line_no"),
        text("product", "unit"),
        numeric("quantity", 18, 6),
        numeric("unit_price", 20, 6),
        integer("tax_rate_bps", nullable=True),
        minor("amount_minor"),
        _dropped(),
        references("order_id", "sales_order"),
        check("quantity_positive", "quantity > 0"),
        check("not_negative", "amount_minor >= 0"),
        key=(
            "order_id",
            "line_no",
        ),
    )


def _deliveries() -> None:
    create_table(
        "delivery",
        text("number"),
        uuid("order_id", "customer_id"),
        text("mode", "state"),
        minor("amount_minor"),
        text("carrier", "tracking_no"),
        uuid("driver_id", nullable=True),
        text("picker_up"),
        day("planned_on"),
        day("shipped_on", nullable=True),
        text("shipped_by", nullable=True),
        moment("shipped_at", nullable=True),
        flag("is_history"),
        json("held_codes"),
        text("invoice_no", nullable=True),
        day("invoice_on", nullable=True),
        moment("recorded_at"),
        text("recorded_by"),
        references("order_id", "sales_order"),
        references("customer_id", "customer"),
        unique("number"),
        check("mode_known", "mode IN ('direct', 'carrier', 'pick_up', 'consignment')"),
        check("state_known", "state IN ('planned', 'picked', 'shipped', 'signed', 'returned', 'cancelled')"),
        check("ship_day", "state IN ('planned', 'picked', 'cancelled') OR shipped_on IS NOT NULL"),
    )
    index("delivery", "driver", "driver_id", "state")
    index("delivery", "order", "order_id")
    index("delivery", "state", "state", "shipped_on", "id")
    create_table(
        "delivery_line",
        uuid("delivery_id"),
        integer("position"),
        uuid("order_id"),
        integer("order_line_no"),
        numeric("quantity", 18, 6),
        minor("amount_minor"),
        text("batch"),
        _dropped(),
        references("delivery_id", "delivery"),
        references("order_line_no", "sales_order_line", "line_no", within=("order_id",)),
        check("quantity_positive", "quantity > 0"),
        key=(
            "delivery_id",
            "position",
        ),
    )
    index("delivery_line", "order", "order_id", "order_line_no")
    create_table(
        "sign_off",
        uuid("delivery_id", "customer_id"),
        day("signed_on"),
        text("signed_by", "channel"),
        minor("amount_minor"),
        text("file_sha256", nullable=True),
        text("file_name"),
        text("signature_sha256", nullable=True),
        text("note"),
        uuid("reverses_id", nullable=True),
        moment("recorded_at"),
        text("recorded_by"),
        uuid("recorded_by_id", nullable=True),
        references("delivery_id", "delivery"),
        references("customer_id", "customer"),
        references("reverses_id", "sign_off"),
        unique("reverses_id"),
        check("channel_known", "channel IN ('scan', 'driver', 'carrier', 'portal', 'import')"),
    )
    index("sign_off", "customer", "customer_id", "signed_on")
    index("sign_off", "delivery", "delivery_id")
    create_table(
        "sign_off_line",
        uuid("sign_off_id"),
        integer("position"),
        uuid("delivery_id"),
        numeric("quantity", 18, 6),
        minor("amount_minor"),
        text("short_reason"),
        references("sign_off_id", "sign_off"),
        references("position", "delivery_line", "position", within=("delivery_id",)),
        check("not_negative", "quantity >= 0"),
        key=(
            "sign_off_id",
            "position",
        ),
    )
    create_table(
        "delivery_return",
        uuid("delivery_id"),
        integer("position"),
        uuid("customer_id"),
        day("returned_on"),
        numeric("quantity", 18, 6),
        minor("amount_minor"),
        flag("was_signed"),
        uuid("credit_item_id", nullable=True),
        text("reason"),
        moment("recorded_at"),
        text("recorded_by"),
        references("position", "delivery_line", "position", within=("delivery_id",)),
        references("customer_id", "customer"),
        references("credit_item_id", "open_item"),
        check("quantity_positive", "quantity > 0"),
    )
    index("delivery_return", "delivery", "delivery_id")
    create_table(
        "unsigned_reason",
        uuid("delivery_id"),
        text("reason", "given_by"),
        moment("given_at"),
        text("measure", nullable=True),
        day("measure_due_on", nullable=True),
        text("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        references("delivery_id", "delivery"),
    )
    index("unsigned_reason", "delivery", "delivery_id", "given_at")


def _links() -> None:
    create_table(
        "order_decision",
        uuid("order_id"),
        uuid("delivery_id", nullable=True),
        text("checkpoint", "decision"),
        json("reasons"),
        moment("decided_at"),
        text("decided_by"),
        references("order_id", "sales_order"),
        references("delivery_id", "delivery"),
        check("checkpoint_known", "checkpoint IN ('confirm', 'pick', 'ship')"),
        check("decision_known", "decision IN ('pass', 'held')"),
    )
    index("order_decision", "order", "order_id", "decided_at")
    create_table(
        "order_invoice",
        uuid("order_id"),
        uuid("delivery_id", nullable=True),
        uuid("entry_id"),
        text("document_no"),
        day("invoiced_on"),
        minor("amount_minor"),
        moment("recorded_at"),
        text("recorded_by"),
        references("order_id", "sales_order"),
        references("delivery_id", "delivery"),
        references("entry_id", "entry"),
        unique("order_id", "entry_id", "delivery_id"),
        check("amount_positive", "amount_minor > 0"),
    )
    index("order_invoice", "down_payment", "order_id", "entry_id", unique=True, where="delivery_id IS NULL")
    index("order_invoice", "order", "order_id")


def _dropped() -> Columns:
    return [sa.Column("dropped", sa.Boolean(), nullable=False, server_default=sa.false())]
