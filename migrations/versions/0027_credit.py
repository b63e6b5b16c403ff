"""Credit: policy, assessments, limits, guarantees, commitments, holds, requests, reviews, signals."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.secure import append_only, run_sql, secure_tenant_table
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
    references,
    small,
    text,
    text_array,
    unique,
    uuid,
)

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

APPEND_ONLY = ("credit_settings", "assessment_opinion", "commitment_change")
#: The columns that change after a row was written.
CHANGING = {
    "assessment": (
        "assessed_on",
        "state",
        "header",
        "scores",
        "weights",
        "literal_raw",
        "raw",
        "score",
        "grade",
        "trading",
        "forecast",
        "guarantees",
        "note",
        "round",
        "currency",
        "suggestion",
        "approval_id",
        "limit_minor",
        "term_days",
        "valid_through_on",
        "supersedes_id",
        "prepared_by",
        "prepared_by_id",
        "decided_at",
        "reason",
        "print_sha256",
    ),
    "credit_limit": ("valid_to",),
    "limit_change": ("state", "approval_id", "limit_id", "decided_at"),
    "guarantee": ("ended_at", "ended_by", "ended_reason"),
    "commitment": ("released_minor", "shipped_minor", "signed_minor", "prepaid"),
    "shipping_hold": ("lifted_by", "lifted_at", "lifted_reason", "notice_number", "notice_sha256", "notice_mail_id"),
    "check_override": ("ended_at", "ended_by"),
    "over_limit_request": ("state", "conditions", "approval_id", "decided_at"),
    "payment_proof": ("state", "decided_by", "decided_at", "decision_note"),
    "review_campaign": ("state", "approval_id", "signed_by", "signed_at"),
    "review_line": (
        "pack",
        "flags",
        "explanation",
        "explained_by",
        "explained_at",
        "decision",
        "limit_minor",
        "term_days",
        "note",
        "decided_by",
        "decided_at",
        "outcome",
    ),
    "danger_signal": (
        "proposed_limit_minor",
        "proposed_term_days",
        "decision",
        "decision_reason",
        "decided_by",
        "decided_at",
    ),
    "signal_state": ("active", "since_on", "figures"),
}


def upgrade() -> None:
    _assessments()
    _limits()
    _exposure()
    _checks()
    _reviews()
    _signals()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in CHANGING.items():
        secure_tenant_table(table, update=columns)
    run_sql("0027_credit.sql")


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _assessments() -> None:
    create_table(
        "credit_settings",
        integer("version"),
        json("data"),
        moment("recorded_at"),
        text("recorded_by"),
        of_tenant(),
        key=("version",),
    )
    create_table(
        "assessment",
        text("number"),
        uuid("customer_id"),
        day("assessed_on"),
        text("state"),
        json("header"),
        [sa.Column("scores", ARRAY(sa.SmallInteger()), nullable=False)],
        [sa.Column("weights", ARRAY(sa.Integer()), nullable=False)],
        flag("literal_raw"),
        small("raw", "score"),
        text("grade"),
        json("trading", "forecast"),
        text("guarantees", "note"),
        small("round"),
        currency(),
        json("suggestion", nullable=True),
        uuid("approval_id", nullable=True),
        minor("limit_minor", nullable=True),
        integer("term_days", nullable=True),
        day("valid_through_on", nullable=True),
        uuid("supersedes_id", nullable=True),
        text("prepared_by"),
        uuid("prepared_by_id", nullable=True),
        moment("prepared_at"),
        moment("decided_at", nullable=True),
        text("reason", "print_sha256", nullable=True),
        references("customer_id", "customer"),
        references("supersedes_id", "assessment"),
        unique("number"),
        check("state_known", "state IN ('draft', 'submitted', 'approved', 'rejected', 'withdrawn', 'superseded')"),
        check("grade_known", "grade IN ('A', 'B', 'C', 'D')"),
    )
    index("assessment", "customer", "customer_id", "assessed_on")
    index("assessment", "in_force", "customer_id", unique=True, where="state = 'approved'")
    create_table(
        "assessment_opinion",
        uuid("assessment_id"),
        small("round", "position"),
        text("role"),
        minor("limit_minor"),
        integer("term_days"),
        text("note", "given_by"),
        uuid("given_by_id", nullable=True),
        moment("given_at"),
        references("assessment_id", "assessment"),
        check("not_negative", "limit_minor >= 0 AND term_days >= 0"),
        key=("assessment_id", "round", "position"),
    )


def _limits() -> None:
    create_table(
        "credit_limit",
        uuid("customer_id"),
        text("kind"),
        currency(),
        minor("amount_minor", nullable=True),
        flag("unlimited"),
        integer("term_days", nullable=True),
        text("grade", nullable=True),
        day("valid_from"),
        day("valid_to", nullable=True),
        text("source"),
        uuid("assessment_id", "approval_id", nullable=True),
        text("reason"),
        moment("recorded_at"),
        text("recorded_by"),
        references("customer_id", "customer"),
        references("assessment_id", "assessment"),
        check("kind_known", "kind IN ('regular', 'temporary')"),
        check("source_known", "source IN ('assessment', 'change', 'review', 'signal', 'taken_over')"),
        check("grade_known", "grade IN ('A', 'B', 'C', 'D')"),
        check("amount_or_unlimited", "unlimited = (amount_minor IS NULL)"),
        check("not_negative", "amount_minor >= 0"),
        check("temporary_ends", "kind = 'regular' OR (valid_to IS NOT NULL AND NOT unlimited)"),
    )
    index("credit_limit", "customer", "customer_id", "valid_from")
    index("credit_limit", "ends", "valid_to")
    create_table(
        "limit_change",
        uuid("customer_id"),
        text("kind", "source"),
        currency(),
        minor("amount_minor", nullable=True),
        flag("unlimited"),
        integer("term_days", nullable=True),
        text("grade", nullable=True),
        day("valid_from"),
        day("valid_to", nullable=True),
        text("reason", "state"),
        uuid("approval_id", "limit_id", nullable=True),
        text("requested_by"),
        uuid("requested_by_id", nullable=True),
        moment("requested_at"),
        moment("decided_at", nullable=True),
        references("customer_id", "customer"),
        references("limit_id", "credit_limit"),
        check("kind_known", "kind IN ('regular', 'temporary')"),
        check("state_known", "state IN ('requested', 'approved', 'rejected', 'withdrawn')"),
        check("source_known", "source IN ('assessment', 'change', 'review', 'signal', 'taken_over')"),
    )
    index("limit_change", "customer", "customer_id", "requested_at")
    create_table(
        "guarantee",
        uuid("customer_id"),
        text("kind", "provider", "reference"),
        currency(),
        minor("amount_minor"),
        day("valid_from"),
        day("valid_to", "claim_by_on", nullable=True),
        text("file_sha256", nullable=True),
        text("file_name", "note"),
        moment("recorded_at"),
        text("recorded_by"),
        moment("ended_at", nullable=True),
        text("ended_by", "ended_reason", nullable=True),
        references("customer_id", "customer"),
        check("kind_known", "kind IN ('deposit', 'guarantee', 'mortgage', 'pledge', 'insurance')"),
        check("amount_positive", "amount_minor > 0"),
    )
    index("guarantee", "customer", "customer_id")
    index("guarantee", "ends", "valid_to")


def _exposure() -> None:
    create_table(
        "commitment",
        uuid("order_id", "customer_id"),
        currency(),
        minor("released_minor", "shipped_minor", "signed_minor"),
        flag("prepaid"),
        references("customer_id", "customer"),
        check("not_negative", "released_minor >= 0 AND shipped_minor >= 0 AND signed_minor >= 0"),
        key=("order_id",),
    )
    index(
        "commitment", "customer", "customer_id", "currency", where="released_minor + shipped_minor + signed_minor > 0"
    )
    create_table(
        "commitment_change",
        uuid("order_id", "customer_id"),
        currency(),
        day("effective_on"),
        minor("released_minor", "shipped_minor", "signed_minor"),
        moment("recorded_at"),
        references("order_id", "commitment", "order_id"),
    )
    index("commitment_change", "customer", "customer_id", "effective_on")
    index("commitment_change", "order", "order_id", "effective_on")


def _checks() -> None:
    create_table(
        "shipping_hold",
        uuid("customer_id"),
        text("kind"),
        uuid("source_id", nullable=True),
        text("reason"),
        day("until_on", nullable=True),
        text("placed_by"),
        moment("placed_at"),
        text("lifted_by", nullable=True),
        moment("lifted_at", nullable=True),
        text("lifted_reason", "notice_number", "notice_sha256", nullable=True),
        uuid("notice_mail_id", nullable=True),
        references("customer_id", "customer"),
        check("kind_known", "kind IN ('ladder', 'hand', 'signal', 'review')"),
    )
    index("shipping_hold", "open", "customer_id", where="lifted_at IS NULL")
    index(
        "shipping_hold", "source", "kind", "source_id", unique=True, where="lifted_at IS NULL AND source_id IS NOT NULL"
    )
    create_table(
        "check_override",
        uuid("customer_id"),
        text("code"),
        day("until_on"),
        text("reason", "granted_by"),
        uuid("granted_by_id", nullable=True),
        moment("granted_at"),
        moment("ended_at", nullable=True),
        text("ended_by", nullable=True),
        references("customer_id", "customer"),
    )
    index("check_override", "customer", "customer_id", "until_on")
    create_table(
        "over_limit_request",
        text("number"),
        uuid("customer_id", "order_id"),
        text("order_no"),
        currency(),
        minor("order_minor"),
        json("reasons", "facts"),
        minor("excess_minor", "excess_bps", nullable=True),
        integer("excess_days", nullable=True),
        text("reason"),
        day("payment_expected_on", nullable=True),
        text("guarantee"),
        day("valid_until_on"),
        text("state", "conditions"),
        uuid("approval_id", nullable=True),
        text("requested_by"),
        uuid("requested_by_id", nullable=True),
        moment("requested_at"),
        moment("decided_at", nullable=True),
        references("customer_id", "customer"),
        unique("number"),
        check("state_known", "state IN ('requested', 'approved', 'rejected', 'withdrawn')"),
        check("not_negative", "order_minor >= 0"),
    )
    index("over_limit_request", "customer", "customer_id")
    index("over_limit_request", "order", "order_id")
    create_table(
        "payment_proof",
        uuid("customer_id", "order_id"),
        text("kind"),
        currency(),
        minor("amount_minor"),
        text("reference", "file_sha256", "file_name", "state", "uploaded_by"),
        uuid("uploaded_by_id", nullable=True),
        moment("uploaded_at"),
        text("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        text("decision_note", nullable=True),
        references("customer_id", "customer"),
        check("kind_known", "kind IN ('cheque', 'pay_in_slip', 'transfer_receipt')"),
        check("state_known", "state IN ('uploaded', 'accepted', 'rejected')"),
        check("amount_positive", "amount_minor > 0"),
    )
    index("payment_proof", "order", "order_id")


def _reviews() -> None:
    create_table(
        "review_campaign",
        text("number"),
        day("review_on"),
        text("state"),
        uuid("approval_id", nullable=True),
        text("opened_by"),
        moment("opened_at"),
        text("signed_by", nullable=True),
        moment("signed_at", nullable=True),
        of_tenant(),
        unique("number"),
        check("state_known", "state IN ('open', 'submitted', 'signed', 'cancelled')"),
    )
    index("review_campaign", "day", "review_on", unique=True, where="state <> 'cancelled'")
    create_table(
        "review_line",
        uuid("campaign_id", "customer_id"),
        json("pack"),
        text_array("flags"),
        text("explanation"),
        text("explained_by", nullable=True),
        moment("explained_at", nullable=True),
        text("decision", nullable=True),
        minor("limit_minor", nullable=True),
        integer("term_days", nullable=True),
        text("note"),
        text("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        text("outcome", nullable=True),
        references("campaign_id", "review_campaign"),
        references("customer_id", "customer"),
        check("decision_known", "decision IN ('keep', 'cut', 'raise', 'freeze')"),
        check("outcome_known", "outcome IN ('granted', 'stopped', 'file_gaps', 'changed')"),
        key=(
            "campaign_id",
            "customer_id",
        ),
    )
    index("review_line", "customer", "customer_id")


def _signals() -> None:
    create_table(
        "danger_signal",
        uuid("customer_id"),
        text("code", "source"),
        day("raised_on"),
        text("raised_by"),
        uuid("raised_by_id", nullable=True),
        moment("raised_at"),
        json("figures"),
        text("note"),
        day("due_on"),
        minor("proposed_limit_minor", nullable=True),
        integer("proposed_term_days", nullable=True),
        text("decision", "decision_reason", "decided_by", nullable=True),
        moment("decided_at", nullable=True),
        references("customer_id", "customer"),
        check("source_known", "source IN ('computed', 'manual')"),
        check("decision_known", "decision IN ('keep', 'cut', 'raise', 'freeze')"),
    )
    index("danger_signal", "customer", "customer_id", "raised_on")
    index("danger_signal", "waiting", "due_on", where="decision IS NULL")
    create_table(
        "signal_state",
        uuid("customer_id"),
        text("code"),
        flag("active"),
        day("since_on"),
        json("figures"),
        references("customer_id", "customer"),
        key=(
            "customer_id",
            "code",
        ),
    )
