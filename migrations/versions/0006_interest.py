"""Late interest: terms, reference rates, runs, charges and waivers; and what a statement says of interest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only

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


def _key() -> list[sa.Column[object]]:
    return [sa.Column("tenant_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)]


def _recorded() -> list[sa.Column[object]]:
    return [
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
    ]


def _primary(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_id"))


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], name=op.f(f"fk_{table}_tenant_id_{column}")
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _terms() -> None:
    t = "interest_terms"
    op.create_table(
        t,
        *_key(),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("annual_percent", sa.Numeric(9, 4), nullable=True),
        sa.Column("daily_percent", sa.Numeric(9, 6), nullable=True),
        sa.Column("factor", sa.Numeric(6, 4), nullable=True),
        sa.Column("margin_percent", sa.Numeric(9, 4), nullable=True),
        sa.Column("basis", sa.SmallInteger(), nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), nullable=False),
        sa.Column("fixed_sum", sa.Boolean(), nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        *_recorded(),
        _check(t, "kind_known", "kind IN ('none', 'standard', 'contract', 'lpr', 'sme_daily', 'eu', 'uk')"),
        _check(t, "basis_known", "basis IN (360, 365)"),
        _check(t, "grace_within", "grace_days BETWEEN 0 AND 365"),
        _check(
            t,
            "contract_has_one_rate",
            "(kind = 'contract') = (num_nonnulls(annual_percent, daily_percent) = 1)",
        ),
        _check(t, "annual_positive", "annual_percent > 0"),
        _check(t, "daily_positive", "daily_percent > 0"),
        _check(t, "lpr_has_factor", "(kind = 'lpr') = (factor IS NOT NULL)"),
        _check(t, "statute_has_margin", "(kind IN ('eu', 'uk')) = (margin_percent IS NOT NULL)"),
        _check(t, "minimum_has_currency", "minimum_minor IS NULL OR currency IS NOT NULL"),
        _of_tenant(t),
        _to(t, "customer_id", "customer"),
        _primary(t),
    )
    op.create_index("ix_interest_terms_customer", t, ["tenant_id", "customer_id", "from_on"], unique=False)
    r = "reference_rate"
    op.create_table(
        r,
        *_key(),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("percent", sa.Numeric(9, 4), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *_recorded(),
        _check(r, "series_known", "series IN ('lpr_1y', 'sme_daily', 'ecb_reference', 'boe_reference')"),
        _check(r, "percent_within", "percent BETWEEN -10 AND 100"),
        _of_tenant(r),
        _primary(r),
    )
    op.create_index("ix_reference_rate_series", r, ["tenant_id", "series", "from_on"], unique=False)


def _runs() -> None:
    r = "interest_run"
    op.create_table(
        r,
        *_key(),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("through_on", sa.Date(), nullable=False),
        sa.Column("document_on", sa.Date(), nullable=False),
        sa.Column("due_days", sa.SmallInteger(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        *_recorded(),
        _check(r, "through_before_document", "through_on <= document_on"),
        _check(r, "due_after_document", "due_days >= 0"),
        _of_tenant(r),
        _to(r, "customer_id", "customer"),
        _primary(r),
        _unique(r, "number"),
    )
    op.create_index("ix_interest_run_recorded", r, ["tenant_id", "recorded_at"], unique=False)
    c = "interest_charge"
    op.create_table(
        c,
        *_key(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        _check(c, "amount_positive", "amount_minor > 0"),
        _to(c, "run_id", r),
        _to(c, "customer_id", "customer"),
        _to(c, "item_id", "open_item"),
        _primary(c),
        _unique(c, "item_id"),
        _unique(c, "run_id", "customer_id", "currency"),
    )
    op.create_index("ix_interest_charge_customer", c, ["tenant_id", "customer_id"], unique=False)
    n = "interest_line"
    op.create_table(
        n,
        *_key(),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("terms_id", sa.Uuid(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("rate", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("exact_minor", sa.Numeric(24, 6), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        _check(n, "part_known", "part IN ('interest', 'fixed')"),
        _check(n, "principal_positive", "principal_minor > 0"),
        _check(n, "amount_not_negative", "amount_minor >= 0"),
        _check(n, "days_counted", "part = 'fixed' OR days = to_on - from_on + 1"),
        _check(n, "days_in_order", "from_on <= to_on"),
        _to(n, "charge_id", c),
        _to(n, "item_id", "open_item"),
        _to(n, "terms_id", "interest_terms"),
        _primary(n),
        _unique(n, "charge_id", "position"),
    )
    op.create_index("ix_interest_line_item", n, ["tenant_id", "item_id"], unique=False)


def _waivers() -> None:
    w = "interest_waiver"
    op.create_table(
        w,
        *_key(),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("waived_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        *_recorded(),
        _check(w, "amount_positive", "amount_minor > 0"),
        _to(w, "charge_id", "interest_charge"),
        _to(w, "item_id", "open_item"),
        _to(w, "allocation_id", "allocation"),
        _primary(w),
        _unique(w, "item_id"),
    )
    op.create_index("ix_interest_waiver_charge", w, ["tenant_id", "charge_id"], unique=False)
    r = "interest_reinstatement"
    op.create_table(
        r,
        *_key(),
        sa.Column("waiver_id", sa.Uuid(), nullable=False),
        sa.Column("reversal_item_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_recorded(),
        _to(r, "waiver_id", w),
        _to(r, "reversal_item_id", "open_item"),
        _primary(r),
        _unique(r, "waiver_id"),
    )
