"""Losses: provision policies, assessments and runs; bad-debt cases with evidence, recoveries and what is tracked."""

from __future__ import annotations

from migrations.secure import append_only, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    currency,
    day,
    index,
    integer,
    json,
    minor,
    moment,
    of_tenant,
    one_of,
    recorded,
    references,
    small,
    text,
    unique,
    uuid,
)

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


def _policies() -> None:
    create_table(
        "provision_policy",
        integer("version"),
        text("method"),
        json("buckets"),
        integer("lgd_bps"),
        small("months"),
        integer("fallback_bps", "factor_bps"),
        text("factor_reason"),
        recorded(),
        one_of("method", "matrix", "migration"),
        check("lgd_within", "lgd_bps BETWEEN 0 AND 10000"),
        check("fallback_within", "fallback_bps BETWEEN 0 AND 10000"),
        check("factor_within", "factor_bps BETWEEN 1 AND 100000"),
        check("factor_has_reason", "factor_bps = 10000 OR factor_reason <> ''"),
        check("months_within", "months BETWEEN 1 AND 60"),
        of_tenant(),
        unique("version"),
    )
    create_table(
        "provision_assessment",
        uuid("item_id"),
        integer("loss_bps", nullable=True),
        text("reason"),
        recorded(),
        check("loss_within", "loss_bps BETWEEN 0 AND 10000"),
        references("item_id", "open_item"),
    )
    index("provision_assessment", "item", "item_id")


def _runs() -> None:
    create_table(
        "provision_run",
        text("number"),
        day("as_of"),
        uuid("policy_id"),
        currency(),
        minor("required_minor", "before_minor", "charge_minor"),
        uuid("entry_id", nullable=True),
        json("figures", "sums"),
        recorded(),
        check("required_not_negative", "required_minor >= 0"),
        check("charge_closes", "required_minor = before_minor + charge_minor"),
        check("booked_when_charged", "(entry_id IS NULL) = (charge_minor = 0)"),
        references("policy_id", "provision_policy"),
        references("entry_id", "entry"),
        unique("number"),
    )
    index("provision_run", "day", "as_of")
    create_table(
        "provision_reversal",
        uuid("run_id"),
        uuid("entry_id", nullable=True),
        day("reversed_on"),
        text("reason"),
        recorded(),
        references("run_id", "provision_run"),
        references("entry_id", "entry"),
        unique("run_id"),
    )


def _cases() -> None:
    create_table(
        "bad_debt_case",
        text("number"),
        uuid("customer_id"),
        text("cause"),
        json("options"),
        text("reason", "state"),
        uuid("approval_id", nullable=True),
        day("written_off_on", nullable=True),
        moment("proposed_at"),
        text("proposed_by"),
        moment("settled_at", nullable=True),
        text("settled_by", "settled_reason", nullable=True),
        one_of("state", "proposed", "written_off", "refused", "withdrawn", "taken_back"),
        check("dated_when_written_off", "(written_off_on IS NOT NULL) = (state IN ('written_off', 'taken_back'))"),
        references("customer_id", "customer"),
        references("approval_id", "approval"),
        unique("number"),
    )
    index("bad_debt_case", "customer", "customer_id")
    index("bad_debt_case", "state", "state")


def _evidence() -> None:
    create_table(
        "bad_debt_line",
        uuid("case_id", "item_id"),
        currency(),
        minor("amount_minor"),
        check("amount_positive", "amount_minor > 0"),
        references("case_id", "bad_debt_case"),
        references("item_id", "open_item"),
        unique("case_id", "item_id"),
    )
    index("bad_debt_line", "item", "item_id")
    create_table(
        "bad_debt_file",
        uuid("case_id"),
        text("sha256", "file_name", "media_type"),
        minor("size_bytes"),
        recorded(),
        references("case_id", "bad_debt_case"),
        references("sha256", "blob", "sha256"),
        unique("case_id", "sha256"),
    )


def _aftermath() -> None:
    create_table(
        "bad_debt_credit",
        uuid("case_id", "item_id"),
        currency(),
        minor("amount_minor"),
        references("case_id", "bad_debt_case"),
        references("item_id", "open_item"),
        unique("case_id", "currency"),
        unique("item_id"),
    )
    create_table(
        "bad_debt_recovery",
        uuid("case_id"),
        currency(),
        minor("amount_minor"),
        uuid("recovery_item_id", "credit_item_id"),
        day("recovered_on"),
        text("note"),
        recorded(),
        check("amount_positive", "amount_minor > 0"),
        references("case_id", "bad_debt_case"),
        references("recovery_item_id", "open_item", name="fk_bad_debt_recovery_recovery"),
        references("credit_item_id", "open_item", name="fk_bad_debt_recovery_credit"),
        unique("recovery_item_id"),
    )
    index("bad_debt_recovery", "case", "case_id")
    create_table(
        "bad_debt_event",
        uuid("case_id"),
        text("kind"),
        day("happened_on"),
        text("text"),
        day("promised_on", nullable=True),
        minor("promised_minor", nullable=True),
        currency("promised_currency", nullable=True),
        recorded(),
        one_of("kind", "note", "contact", "promise"),
        check("promise_has_day", "(kind = 'promise') = (promised_on IS NOT NULL)"),
        check("promise_whole", "(promised_minor IS NULL) = (promised_currency IS NULL)"),
        references("case_id", "bad_debt_case"),
    )
    index("bad_debt_event", "case", "case_id")
