"""Losses: provision policies, assessments and runs; bad-debt cases with evidence, recoveries and what is tracked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only, secure_tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "provision_policy",
    "provision_assessment",
    "provision_run",
    "provision_reversal",
    "bad_debt_line",
    "bad_debt_file",
    "bad_debt_credit",
    "bad_debt_recovery",
    "bad_debt_event",
)


def upgrade() -> None:
    _policies()
    _runs()
    _cases()
    _evidence()
    _aftermath()
    for table in APPEND_ONLY:
        append_only(table)
    secure_tenant_table(
        "bad_debt_case",
        update=("state", "approval_id", "written_off_on", "settled_at", "settled_by", "settled_reason"),
    )


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _key() -> list[sa.Column[object]]:
    return [sa.Column("tenant_id", sa.Uuid(), nullable=False), sa.Column("id", sa.Uuid(), nullable=False)]


def _recorded() -> list[sa.Column[object]]:
    return [
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
    ]


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _minor(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _bps(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=False)


def _currency(name: str = "currency", *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.CHAR(length=3), nullable=nullable)


def _primary(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}"))


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f(f"fk_{table}_tenant_id"))


def _to(table: str, column: str, target: str, key: str = "id", name: str = "") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.{key}"],
        name=op.f(name or f"fk_{table}_tenant_id_{column}"),
    )


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("tenant_id", *columns, name=op.f(f"uq_{table}_tenant_id_{'_'.join(columns)}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _policies() -> None:
    p = "provision_policy"
    op.create_table(
        p,
        *_key(),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("method"),
        _json("buckets"),
        _bps("lgd_bps"),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        _bps("fallback_bps"),
        _bps("factor_bps"),
        _text("factor_reason"),
        *_recorded(),
        _check(p, "method_known", "method IN ('matrix', 'migration')"),
        _check(p, "lgd_within", "lgd_bps BETWEEN 0 AND 10000"),
        _check(p, "fallback_within", "fallback_bps BETWEEN 0 AND 10000"),
        _check(p, "factor_within", "factor_bps BETWEEN 1 AND 100000"),
        _check(p, "factor_has_reason", "factor_bps = 10000 OR factor_reason <> ''"),
        _check(p, "months_within", "months BETWEEN 1 AND 60"),
        _of_tenant(p),
        _primary(p),
        _unique(p, "version"),
    )
    a = "provision_assessment"
    op.create_table(
        a,
        *_key(),
        _id("item_id"),
        _bps("loss_bps", nullable=True),
        _text("reason"),
        *_recorded(),
        _check(a, "loss_within", "loss_bps BETWEEN 0 AND 10000"),
        _to(a, "item_id", "open_item"),
        _primary(a),
    )
    op.create_index("ix_provision_assessment_item", a, ["tenant_id", "item_id"], unique=False)


def _runs() -> None:
    r = "provision_run"
    op.create_table(
        r,
        *_key(),
        _text("number"),
        _day("as_of"),
        _id("policy_id"),
        _currency(),
        _minor("required_minor"),
        _minor("before_minor"),
        _minor("charge_minor"),
        _id("entry_id", nullable=True),
        _json("figures"),
        _json("sums"),
        *_recorded(),
        _check(r, "required_not_negative", "required_minor >= 0"),
        _check(r, "charge_closes", "required_minor = before_minor + charge_minor"),
        _check(r, "booked_when_charged", "(entry_id IS NULL) = (charge_minor = 0)"),
        _to(r, "policy_id", "provision_policy"),
        _to(r, "entry_id", "entry"),
        _primary(r),
        _unique(r, "number"),
    )
    op.create_index("ix_provision_run_day", r, ["tenant_id", "as_of"], unique=False)
    v = "provision_reversal"
    op.create_table(
        v,
        *_key(),
        _id("run_id"),
        _id("entry_id", nullable=True),
        _day("reversed_on"),
        _text("reason"),
        *_recorded(),
        _to(v, "run_id", r),
        _to(v, "entry_id", "entry"),
        _primary(v),
        _unique(v, "run_id"),
    )


def _cases() -> None:
    c = "bad_debt_case"
    op.create_table(
        c,
        *_key(),
        _text("number"),
        _id("customer_id"),
        _text("cause"),
        _json("options"),
        _text("reason"),
        _text("state"),
        _id("approval_id", nullable=True),
        _day("written_off_on", nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        _text("proposed_by"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        _text("settled_by", nullable=True),
        _text("settled_reason", nullable=True),
        _check(c, "state_known", "state IN ('proposed', 'written_off', 'refused', 'withdrawn', 'taken_back')"),
        _check(
            c,
            "dated_when_written_off",
            "(written_off_on IS NOT NULL) = (state IN ('written_off', 'taken_back'))",
        ),
        _to(c, "customer_id", "customer"),
        _to(c, "approval_id", "approval"),
        _primary(c),
        _unique(c, "number"),
    )
    op.create_index("ix_bad_debt_case_customer", c, ["tenant_id", "customer_id"], unique=False)
    op.create_index("ix_bad_debt_case_state", c, ["tenant_id", "state"], unique=False)


def _evidence() -> None:
    n = "bad_debt_line"
    op.create_table(
        n,
        *_key(),
        _id("case_id"),
        _id("item_id"),
        _currency(),
        _minor("amount_minor"),
        _check(n, "amount_positive", "amount_minor > 0"),
        _to(n, "case_id", "bad_debt_case"),
        _to(n, "item_id", "open_item"),
        _primary(n),
        _unique(n, "case_id", "item_id"),
    )
    op.create_index("ix_bad_debt_line_item", n, ["tenant_id", "item_id"], unique=False)
    f = "bad_debt_file"
    op.create_table(
        f,
        *_key(),
        _id("case_id"),
        _text("sha256"),
        _text("file_name"),
        _text("media_type"),
        _minor("size_bytes"),
        *_recorded(),
        _to(f, "case_id", "bad_debt_case"),
        _to(f, "sha256", "blob", key="sha256"),
        _primary(f),
        _unique(f, "case_id", "sha256"),
    )


def _aftermath() -> None:
    c = "bad_debt_credit"
    op.create_table(
        c,
        *_key(),
        _id("case_id"),
        _id("item_id"),
        _currency(),
        _minor("amount_minor"),
        _to(c, "case_id", "bad_debt_case"),
        _to(c, "item_id", "open_item"),
        _primary(c),
        _unique(c, "case_id", "currency"),
        _unique(c, "item_id"),
    )
    r = "bad_debt_recovery"
    op.create_table(
        r,
        *_key(),
        _id("case_id"),
        _currency(),
        _minor("amount_minor"),
        _id("recovery_item_id"),
        _id("credit_item_id"),
        _day("recovered_on"),
        _text("note"),
        *_recorded(),
        _check(r, "amount_positive", "amount_minor > 0"),
        _to(r, "case_id", "bad_debt_case"),
        _to(r, "recovery_item_id", "open_item", name="fk_bad_debt_recovery_recovery"),
        _to(r, "credit_item_id", "open_item", name="fk_bad_debt_recovery_credit"),
        _primary(r),
        _unique(r, "recovery_item_id"),
    )
    op.create_index("ix_bad_debt_recovery_case", r, ["tenant_id", "case_id"], unique=False)
    e = "bad_debt_event"
    op.create_table(
        e,
        *_key(),
        _id("case_id"),
        _text("kind"),
        _day("happened_on"),
        _text("text"),
        _day("promised_on", nullable=True),
        _minor("promised_minor", nullable=True),
        _currency("promised_currency", nullable=True),
        *_recorded(),
        _check(e, "kind_known", "kind IN ('note', 'contact', 'promise')"),
        _check(e, "promise_has_day", "(kind = 'promise') = (promised_on IS NOT NULL)"),
        _check(e, "promise_whole", "(promised_minor IS NULL) = (promised_currency IS NULL)"),
        _to(e, "case_id", "bad_debt_case"),
        _primary(e),
    )
    op.create_index("ix_bad_debt_event_case", e, ["tenant_id", "case_id"], unique=False)
