"""Late interest: terms, reference rates, runs, charges and waivers; and what a statement says of interest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only
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
    numeric,
    of_tenant,
    one_of,
    recorded,
    references,
    small,
    text,
    unique,
    uuid,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "interest_terms",
    "reference_rate",
    "interest_run",
    "interest_charge",
    "interest_line",
    "interest_waiver",
    "interest_reinstatement",
)


def upgrade() -> None:
    _terms()
    _runs()
    _waivers()
    for table in APPEND_ONLY:
        append_only(table)
    # No grant: what a statement says of interest is frozen with it.
    op.add_column("statement", sa.Column("interest_minor", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _terms() -> None:
    create_table(
        "interest_terms",
        uuid("customer_id", nullable=True),
        currency(nullable=True),
        day("from_on"),
        text("kind"),
        numeric("annual_percent", 9, 4, nullable=True),
        numeric("daily_percent", 9, 6, nullable=True),
        numeric("factor", 6, 4, nullable=True),
        numeric("margin_percent", 9, 4, nullable=True),
        small("basis", "grace_days"),
        flag("fixed_sum"),
        minor("minimum_minor", nullable=True),
        text("note"),
        recorded(),
        one_of("kind", "none", "standard", "contract", "lpr", "sme_daily", "eu", "uk"),
        check("basis_known", "basis IN (360, 365)"),
        check("grace_within", "grace_days BETWEEN 0 AND 365"),
        check("contract_has_one_rate", "(kind = 'contract') = (num_nonnulls(annual_percent, daily_percent) = 1)"),
        check("annual_positive", "annual_percent > 0"),
        check("daily_positive", "daily_percent > 0"),
        check("lpr_has_factor", "(kind = 'lpr') = (factor IS NOT NULL)"),
        check("statute_has_margin", "(kind IN ('eu', 'uk')) = (margin_percent IS NOT NULL)"),
        check("minimum_has_currency", "minimum_minor IS NULL OR currency IS NOT NULL"),
        of_tenant(),
        references("customer_id", "customer"),
    )
    index("interest_terms", "customer", "customer_id", "from_on")
    create_table(
        "reference_rate",
        text("series"),
        day("from_on"),
        numeric("percent", 9, 4),
        text("source"),
        recorded(),
        one_of("series", "lpr_1y", "sme_daily", "ecb_reference", "boe_reference"),
        check("percent_within", "percent BETWEEN -10 AND 100"),
        of_tenant(),
    )
    index("reference_rate", "series", "series", "from_on")


def _runs() -> None:
    create_table(
        "interest_run",
        text("number"),
        day("through_on", "document_on"),
        small("due_days"),
        uuid("customer_id", nullable=True),
        currency(nullable=True),
        text("fingerprint"),
        recorded(),
        check("through_before_document", "through_on <= document_on"),
        check("due_after_document", "due_days >= 0"),
        of_tenant(),
        references("customer_id", "customer"),
        unique("number"),
    )
    index("interest_run", "recorded", "recorded_at")
    create_table(
        "interest_charge",
        uuid("run_id", "customer_id"),
        currency(),
        uuid("item_id"),
        text("document_no"),
        minor("amount_minor"),
        check("amount_positive", "amount_minor > 0"),
        references("run_id", "interest_run"),
        references("customer_id", "customer"),
        references("item_id", "open_item"),
        unique("item_id"),
        unique("run_id", "customer_id", "currency"),
    )
    index("interest_charge", "customer", "customer_id")
    create_table(
        "interest_line",
        uuid("charge_id"),
        integer("position"),
        uuid("item_id"),
        uuid("terms_id", nullable=True),
        text("part"),
        minor("principal_minor"),
        day("from_on", "to_on"),
        integer("days"),
        json("rate"),
        numeric("exact_minor", 24, 6),
        minor("amount_minor"),
        one_of("part", "interest", "fixed"),
        check("principal_positive", "principal_minor > 0"),
        check("amount_not_negative", "amount_minor >= 0"),
        check("days_counted", "part = 'fixed' OR days = to_on - from_on + 1"),
        check("days_in_order", "from_on <= to_on"),
        references("charge_id", "interest_charge"),
        references("item_id", "open_item"),
        references("terms_id", "interest_terms"),
        unique("charge_id", "position"),
    )
    index("interest_line", "item", "item_id")


def _waivers() -> None:
    create_table(
        "interest_waiver",
        uuid("charge_id", "item_id", "allocation_id"),
        text("document_no"),
        day("waived_on"),
        minor("amount_minor"),
        text("reason"),
        uuid("approval_id", nullable=True),
        recorded(),
        check("amount_positive", "amount_minor > 0"),
        references("charge_id", "interest_charge"),
        references("item_id", "open_item"),
        references("allocation_id", "allocation"),
        unique("item_id"),
    )
    index("interest_waiver", "charge", "charge_id")
    create_table(
        "interest_reinstatement",
        uuid("waiver_id", "reversal_item_id"),
        text("reason"),
        recorded(),
        references("waiver_id", "interest_waiver"),
        references("reversal_item_id", "open_item"),
        unique("waiver_id"),
    )
