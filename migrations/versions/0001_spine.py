"""The spine: registry, kernel tables, customers, ledger, statements, cases and imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, run_sql, secure_tenant_table
from migrations.tables import (
    binary,
    check,
    create_registry_table,
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
    recorded,
    references,
    references_registry,
    small,
    text,
    text_array,
    time_of_day,
    unique,
    unique_in_registry,
    uuid,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = (
    "account",
    "entry",
    "posting",
    "allocation",
    "blob",
    "journal_batch",
    "policy_version",
    "held",
    "statement_line",
    "confirmation",
    "difference",
)
# What the application changes in rows that are evidence or work; the rest of such a row stays as it was written.
COLUMN_UPDATES = {
    "access_token": ("revoked_at",),
    "action": (
        "state",
        "items",
        "total_minor",
        "number",
        "deadline_on",
        "contact_id",
        "mail_id",
        "pdf_sha256",
        "reason",
        "decided_by",
        "decided_by_id",
        "decided_at",
        "delivered_at",
    ),
    "block": ("lifted_by", "lifted_at"),
    "day_run": ("counts",),
    "idempotency_key": ("result_id",),
    "import_job": ("state", "rows_total", "rows_done", "report", "error", "finished_at"),
    "inbox_message": ("handled_at",),
    "journal_event": ("sealed_in",),
    "mail_message": (
        "subject",
        "body_text",
        "body_html",
        "attachments",
        "state",
        "reason",
        "address_bad",
        "sent_at",
    ),
    "one_time_code": ("tries", "used_at"),
    "open_item": ("open_minor", "cleared_on"),
    "outbox_message": ("state", "due_at", "lease_until", "fence", "attempts", "last_error", "done_at"),
    "statement": ("superseded_at", "sent_to"),
    "step": ("action_id", "nominal_on", "runs_on", "open_minor", "state", "why_code", "why_params"),
    "tenant_counter": ("value",),
}
# Master data and the ladder's place, which a person or a run may change in every column.
UPDATED = ("company", "contact", "customer", "ladder_state")


def upgrade() -> None:
    run_sql("0001_roles.sql")
    run_sql("0001_functions.sql")
    _registry()
    _counters_and_keys()
    _journal()
    _queues()
    _documents_and_mail()
    _links()
    _customers()
    _entries()
    _items()
    _statements()
    _answers()
    _policies_and_runs()
    _actions()
    _holds()
    _imports()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in COLUMN_UPDATES.items():
        secure_tenant_table(table, update=columns)
    for table in UPDATED:
        secure_tenant_table(table)
    run_sql("0001_triggers.sql")
    op.execute("GRANT USAGE ON SCHEMA public TO huikuan_app, huikuan_dispatch")
    op.execute("GRANT SELECT, INSERT, UPDATE ON tenant, app_user, membership TO huikuan_app")
    op.execute("GRANT SELECT ON alembic_version TO huikuan_app")
    op.execute("GRANT SELECT (tenant_id, due_at, state, lease_until) ON outbox_message TO huikuan_dispatch")
    op.execute("GRANT SELECT ON tenant TO huikuan_dispatch")
    op.execute("CREATE POLICY dispatch_reads ON outbox_message FOR SELECT TO huikuan_dispatch USING (true)")


def downgrade() -> None:
    raise RuntimeError("the first revision is not taken back: drop the database instead")


def _registry() -> None:
    create_registry_table(
        "app_user",
        text("email", "name"),
        text("password_hash", nullable=True),
        text("language"),
        integer("session_version"),
        moment("created_at"),
        one_of("language", "zh_CN", "en"),
        unique_in_registry("email"),
    )
    create_registry_table(
        "tenant",
        text("slug", "name", "timezone"),
        currency(),
        text("language"),
        time_of_day("run_at"),
        text("state"),
        moment("created_at"),
        one_of("language", "zh_CN", "en"),
        check("slug_form", "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'"),
        one_of("state", "active", "suspended"),
        unique_in_registry("slug"),
    )
    create_table(
        "membership",
        uuid("user_id"),
        text_array("roles"),
        flag("active"),
        moment("created_at"),
        of_tenant(),
        references_registry("user_id", "app_user"),
        key=("user_id",),
    )
    op.create_index("ix_membership_user", "membership", ["user_id"])
    create_table(
        "company",
        text(
            "legal_name",
            "address",
            "phone",
            "tax_id",
            "bank_name",
            "bank_account",
            "contact_name",
            "contact_email",
            "policy_code",
        ),
        flag("review_mode"),
        text("calendar"),
        json("calendar_overrides"),
        one_of("calendar", "CN", "MON-FRI"),
        of_tenant(),
        key=(),
    )


def _counters_and_keys() -> None:
    create_table(
        "tenant_counter",
        text("name"),
        minor("value"),
        of_tenant(),
        key=("name",),
    )
    create_table(
        "idempotency_key",
        text("key", "request_hash"),
        uuid("result_id", nullable=True),
        moment("created_at"),
        of_tenant(),
        key=("key",),
    )


def _journal() -> None:
    create_table(
        "journal_batch",
        integer("number", "events"),
        text("previous_hash", "hash"),
        moment("sealed_at"),
        of_tenant(),
        key=("number",),
    )
    create_table(
        "journal_event",
        moment("at"),
        text("kind", "actor_kind", "actor_name"),
        uuid("user_id", "customer_id", "subject_id", nullable=True),
        json("data"),
        integer("sealed_in", nullable=True),
        references("sealed_in", "journal_batch", "number"),
        of_tenant(),
    )
    index("journal_event", "batch", "sealed_in")
    index("journal_event", "customer", "customer_id", "id")
    index("journal_event", "subject", "subject_id", "id")
    index("journal_event", "unsealed", "id", where="sealed_in IS NULL")


def _queues() -> None:
    create_table(
        "inbox_message",
        text("source", "external_id"),
        json("payload"),
        moment("received_at"),
        moment("handled_at", nullable=True),
        of_tenant(),
        unique("source", "external_id"),
    )
    create_table(
        "outbox_message",
        text("kind"),
        text("key", nullable=True),
        json("payload"),
        text("state"),
        moment("due_at"),
        moment("lease_until", nullable=True),
        integer("fence", "attempts"),
        text("last_error", nullable=True),
        moment("created_at"),
        moment("done_at", nullable=True),
        one_of("state", "ready", "leased", "done", "dead"),
        of_tenant(),
        unique("key"),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["due_at", "tenant_id"],
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )


def _documents_and_mail() -> None:
    create_table(
        "blob",
        text("sha256", "media_type"),
        integer("size_bytes"),
        binary("content"),
        moment("stored_at"),
        of_tenant(),
        key=("sha256",),
    )
    create_table(
        "mail_message",
        text("purpose"),
        uuid("subject_id", "customer_id", nullable=True),
        text("to_address", "to_name", "from_name"),
        text("reply_to", nullable=True),
        text("subject", "body_text"),
        text("body_html", nullable=True),
        json("attachments"),
        text("message_id", "state"),
        text("reason", nullable=True),
        flag("address_bad", nullable=True),
        moment("created_at"),
        moment("sent_at", nullable=True),
        one_of("state", "queued", "sending", "sent", "suppressed", "failed", "unknown"),
        of_tenant(),
    )
    index("mail_message", "customer", "customer_id", "id")
    index("mail_message", "open", "state", where="state IN ('sending', 'unknown')")
    index("mail_message", "subject", "subject_id")


def _links() -> None:
    create_table(
        "access_token",
        text("purpose"),
        uuid("subject_id", "customer_id"),
        uuid("contact_id", nullable=True),
        text("secret_hash"),
        moment("expires_at"),
        moment("revoked_at", nullable=True),
        moment("created_at"),
        of_tenant(),
        unique("secret_hash"),
    )
    index("access_token", "subject", "subject_id")
    create_table(
        "one_time_code",
        uuid("token_id"),
        text("sent_to", "code_hash"),
        moment("expires_at"),
        integer("tries"),
        moment("used_at", nullable=True),
        moment("created_at"),
        references("token_id", "access_token"),
    )
    index("one_time_code", "token", "token_id", "id")


def _customers() -> None:
    create_table(
        "customer",
        text("number", "name", "sort_key"),
        text_array("search_words"),
        text("entity_type", "tax_id"),
        uuid("owner_id", nullable=True),
        text("language"),
        text("timezone", nullable=True),
        json("terms"),
        integer("settlement_days"),
        text("policy_code", nullable=True),
        moment("created_at", "updated_at"),
        one_of("language", "zh_CN", "en"),
        of_tenant(),
        unique("number"),
    )
    index("customer", "sort", "sort_key", "number")
    op.create_index("ix_customer_words", "customer", ["search_words"], postgresql_using="gin")
    create_table(
        "contact",
        uuid("customer_id"),
        text("name", "title", "email", "phone"),
        text_array("purposes"),
        flag("active"),
        moment("suppressed_at", nullable=True),
        text("suppressed_reason", nullable=True),
        moment("created_at"),
        references("customer_id", "customer"),
        unique("customer_id", "email"),
    )


def _entries() -> None:
    create_table(
        "account",
        text("code", "kind", "number"),
        of_tenant(),
        key=("code",),
    )
    create_table(
        "entry",
        text("kind"),
        day("effective_on"),
        recorded(),
        uuid("reverses_id", nullable=True),
        text("memo"),
        references("reverses_id", "entry"),
        of_tenant(),
        unique("reverses_id"),
    )
    index("entry", "date", "effective_on")
    create_table(
        "posting",
        uuid("entry_id"),
        text("account_code"),
        uuid("customer_id", nullable=True),
        currency(),
        minor("debit_minor", "credit_minor"),
        check("receivable_has_customer", "account_code <> 'receivables' OR customer_id IS NOT NULL"),
        check("one_side", "(debit_minor = 0) <> (credit_minor = 0)"),
        check("not_negative", "debit_minor >= 0 AND credit_minor >= 0"),
        references("account_code", "account", "code"),
        references("customer_id", "customer"),
        references("entry_id", "entry"),
    )
    index("posting", "customer", "customer_id", "account_code")
    index("posting", "entry", "entry_id")


def _items() -> None:
    create_table(
        "open_item",
        uuid("customer_id", "entry_id"),
        text("kind"),
        small("side"),
        text("document_no"),
        day("document_on", "due_on", "collection_end_on"),
        currency(),
        minor("amount_minor", "open_minor"),
        day("cleared_on", nullable=True),
        uuid("reverses_id", nullable=True),
        text("reference", nullable=True),
        moment("recorded_at"),
        one_of("kind", "invoice", "debit_note", "opening", "interest", "refund", "credit_note", "receipt", "reversal"),
        check("cleared_when_nothing_open", "(open_minor = 0) = (cleared_on IS NOT NULL)"),
        check("amount_positive", "amount_minor > 0"),
        check("open_within", "open_minor BETWEEN 0 AND amount_minor"),
        check("side_known", "side IN (1, -1)"),
        references("customer_id", "customer"),
        references("entry_id", "entry"),
        references("reverses_id", "open_item"),
        unique("customer_id", "currency", "id"),
        unique("kind", "document_no"),
        unique("reverses_id"),
    )
    index("open_item", "cleared", "cleared_on")
    op.create_index(
        "ix_open_item_number",
        "open_item",
        ["tenant_id", "document_no"],
        postgresql_ops={"document_no": "text_pattern_ops"},
    )
    index("open_item", "sum", "open_minor", where="open_minor > 0")
    index("open_item", "customer", "customer_id", "document_on")
    index("open_item", "due", "due_on", where="open_minor > 0")
    index("open_item", "open", "customer_id", "currency", where="open_minor > 0")
    create_table(
        "allocation",
        uuid("customer_id"),
        currency(),
        uuid("debit_item_id", "credit_item_id"),
        minor("amount_minor"),
        day("effective_on"),
        recorded(),
        uuid("reverses_id", nullable=True),
        check("sign", "(reverses_id IS NULL) = (amount_minor > 0)"),
        check("not_nothing", "amount_minor <> 0"),
        check("two_items", "debit_item_id <> credit_item_id"),
        references("credit_item_id", "open_item", within=("customer_id", "currency")),
        references("debit_item_id", "open_item", within=("customer_id", "currency")),
        references("reverses_id", "allocation"),
        unique("reverses_id"),
    )
    index("allocation", "credit", "credit_item_id")
    index("allocation", "date", "effective_on")
    index("allocation", "debit", "debit_item_id")


def _statements() -> None:
    create_table(
        "statement",
        text("number"),
        uuid("customer_id"),
        currency(),
        day("period_from", "period_to"),
        minor("opening_minor", "debits_minor", "credits_minor", "closing_minor", "overdue_minor"),
        json("aging"),
        text("language", "amount_in_words", "pdf_sha256"),
        uuid("supersedes_id", nullable=True),
        moment("superseded_at", nullable=True),
        text("sent_to", nullable=True),
        day("respond_by_on", nullable=True),
        moment("issued_at"),
        text("issued_by"),
        references("customer_id", "customer"),
        references("pdf_sha256", "blob", "sha256"),
        references("supersedes_id", "statement"),
        unique("number"),
        unique("supersedes_id"),
    )
    index("statement", "customer", "customer_id", "period_to")
    index("statement", "issued", "issued_at")
    create_table(
        "statement_line",
        uuid("statement_id"),
        text("part"),
        integer("position"),
        day("line_on"),
        text("document_no", "kind"),
        day("due_on", nullable=True),
        minor("debit_minor", "credit_minor", "balance_minor"),
        uuid("item_id", nullable=True),
        one_of("part", "movement", "open"),
        references("statement_id", "statement"),
        unique("statement_id", "part", "position"),
    )


def _answers() -> None:
    create_table(
        "confirmation",
        uuid("statement_id"),
        text("reference", "outcome", "signer_name", "signer_title"),
        flag("authority"),
        uuid("contact_id", nullable=True),
        text("code_sent_to"),
        uuid("token_id", "code_id"),
        text("pdf_sha256", "remote_address", "user_agent", "language"),
        moment("confirmed_at"),
        one_of("outcome", "agrees", "differs"),
        check("authority_ticked", "authority"),
        references("code_id", "one_time_code"),
        references("statement_id", "statement"),
        references("token_id", "access_token"),
        unique("reference"),
        unique("statement_id"),
    )
    create_table(
        "difference",
        uuid("confirmation_id"),
        integer("position"),
        text("document_no"),
        uuid("item_id", nullable=True),
        minor("our_minor", "their_minor", nullable=True),
        text("reason", "note"),
        references("confirmation_id", "confirmation"),
        unique("confirmation_id", "position"),
    )


def _policies_and_runs() -> None:
    create_table(
        "policy_version",
        text("code"),
        integer("version"),
        json("data"),
        day("effective_from"),
        text("published_by"),
        moment("published_at"),
        of_tenant(),
        unique("code", "version"),
    )
    create_table(
        "day_run",
        day("run_on"),
        moment("started_at"),
        json("counts"),
        of_tenant(),
    )
    index("day_run", "date", "run_on")
    create_table(
        "ladder_state",
        uuid("item_id", "policy_version_id"),
        small("level_reached"),
        flag("waiting"),
        day("last_delivered_on", "deadline_on", nullable=True),
        text_array("fired"),
        day("next_on", nullable=True),
        flag("parked"),
        text("held_code", nullable=True),
        references("item_id", "open_item"),
        references("policy_version_id", "policy_version"),
        key=("item_id",),
    )
    index("ladder_state", "next", "next_on", where="next_on IS NOT NULL")
    index("ladder_state", "parked", "item_id", where="parked")


def _actions() -> None:
    create_table(
        "action",
        uuid("customer_id", "run_id"),
        day("run_on"),
        currency(),
        text("form", "code"),
        small("level"),
        text("audience"),
        text("approval_role", nullable=True),
        text_array("effects"),
        text("state"),
        integer("items"),
        minor("total_minor"),
        text("number", nullable=True),
        day("deadline_on", nullable=True),
        uuid("contact_id", "mail_id", nullable=True),
        text("pdf_sha256", "reason", "decided_by", nullable=True),
        uuid("decided_by_id", nullable=True),
        moment("decided_at", "delivered_at", nullable=True),
        moment("created_at"),
        one_of("form", "letter", "call", "task"),
        one_of(
            "state",
            "proposed",
            "approved",
            "sending",
            "delivered",
            "done",
            "skipped",
            "suppressed",
            "failed",
            "unknown",
        ),
        references("customer_id", "customer"),
        references("run_id", "day_run"),
    )
    index("action", "customer", "customer_id", "id")
    index("action", "state", "state", "run_on")
    create_table(
        "step",
        uuid("item_id", "customer_id", "policy_version_id", "action_id"),
        small("level"),
        text("code"),
        day("nominal_on", "runs_on"),
        minor("open_minor"),
        text("state", "why_code"),
        json("why_params"),
        one_of("state", "proposed", "delivered", "done", "skipped", "suppressed", "failed", "unknown"),
        references("action_id", "action"),
        references("item_id", "open_item"),
        references("policy_version_id", "policy_version"),
        unique("item_id", "policy_version_id", "level", "code"),
    )
    index("step", "action", "action_id")


def _holds() -> None:
    create_table(
        "block",
        uuid("customer_id"),
        uuid("item_id", nullable=True),
        text("kind"),
        day("until_on", nullable=True),
        text("reason", "placed_by"),
        moment("placed_at"),
        text("lifted_by", nullable=True),
        moment("lifted_at", nullable=True),
        one_of("kind", "block", "dispute", "promise"),
        references("customer_id", "customer"),
        references("item_id", "open_item"),
    )
    index("block", "customer", "customer_id")
    index("block", "item", "item_id")
    create_table(
        "held",
        uuid("item_id", "customer_id", "run_id"),
        day("held_on"),
        text("code"),
        json("params"),
        references("item_id", "open_item"),
        references("run_id", "day_run"),
    )
    index("held", "customer", "customer_id", "id")


def _imports() -> None:
    create_table(
        "import_job",
        text("kind", "file_name", "file_sha256"),
        json("mapping"),
        text("state"),
        integer("rows_total", "rows_done"),
        json("report"),
        text("error", nullable=True),
        text("created_by"),
        moment("created_at"),
        moment("finished_at", nullable=True),
        one_of("kind", "customers", "open-items", "receipts"),
        one_of("state", "uploaded", "checking", "checked", "refused", "applying", "applied", "failed"),
        references("file_sha256", "blob", "sha256"),
    )
    index("import_job", "created", "created_at")
