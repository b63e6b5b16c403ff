"""The spine: registry, kernel tables, customers, ledger, statements, cases and imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.secure import append_only, run_sql, secure_tenant_table

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
    op.create_table(
        "app_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('zh_CN', 'en')", name=op.f("ck_app_user_language_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email", name=op.f("uq_app_user_email")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("run_at", sa.Time(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('zh_CN', 'en')", name=op.f("ck_tenant_language_known")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'", name=op.f("ck_tenant_slug_form")),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_tenant_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
    )
    op.create_table(
        "access_token",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_access_token_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_access_token_tenant_id_secret_hash")),
    )
    op.create_index("ix_access_token_subject", "access_token", ["tenant_id", "subject_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_account_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "code", name=op.f("pk_account")),
    )
    op.create_table(
        "blob",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_blob_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "company",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.Text(), nullable=False),
        sa.Column("bank_account", sa.Text(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("policy_code", sa.Text(), nullable=False),
        sa.Column("review_mode", sa.Boolean(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("calendar_overrides", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("calendar IN ('CN', 'MON-FRI')", name=op.f("ck_company_calendar_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_company_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_company")),
    )
    op.create_table(
        "customer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.Column("search_words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settlement_days", sa.Integer(), nullable=False),
        sa.Column("policy_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('zh_CN', 'en')", name=op.f("ck_customer_language_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_customer_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_customer")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_customer_tenant_id_number")),
    )
    op.create_index("ix_customer_sort", "customer", ["tenant_id", "sort_key", "number"], unique=False)
    op.create_index("ix_customer_words", "customer", ["search_words"], unique=False, postgresql_using="gin")
    op.create_table(
        "day_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_day_run_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_day_run")),
    )
    op.create_index("ix_day_run_date", "day_run", ["tenant_id", "run_on"], unique=False)
    op.create_table(
        "entry",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["entry.tenant_id", "entry.id"],
            name=op.f("fk_entry_tenant_id_reverses_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_entry_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_entry")),
        sa.UniqueConstraint("tenant_id", "reverses_id", name=op.f("uq_entry_tenant_id_reverses_id")),
    )
    op.create_index("ix_entry_date", "entry", ["tenant_id", "effective_on"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_idempotency_key_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "inbox_message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_inbox_message_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint(
            "tenant_id", "source", "external_id", name=op.f("uq_inbox_message_tenant_id_source_external_id")
        ),
    )
    op.create_table(
        "journal_batch",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_journal_batch_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("pk_journal_batch")),
    )
    op.create_table(
        "mail_message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("from_name", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("address_bad", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'suppressed', 'failed', 'unknown')",
            name=op.f("ck_mail_message_state_known"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_mail_message_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_mail_message")),
    )
    op.create_index("ix_mail_message_customer", "mail_message", ["tenant_id", "customer_id", "id"], unique=False)
    op.create_index(
        "ix_mail_message_open",
        "mail_message",
        ["tenant_id", "state"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_index("ix_mail_message_subject", "mail_message", ["tenant_id", "subject_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_membership_tenant_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_user", "membership", ["user_id"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('ready', 'leased', 'done', 'dead')", name=op.f("ck_outbox_message_state_known")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_outbox_message_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_outbox_message_tenant_id_key")),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["due_at", "tenant_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.create_table(
        "policy_version",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_policy_version_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("tenant_id", "code", "version", name=op.f("uq_policy_version_tenant_id_code_version")),
    )
    op.create_table(
        "tenant_counter",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_tenant_counter_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_tenant_counter")),
    )
    op.create_table(
        "action",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("approval_role", sa.Text(), nullable=True),
        sa.Column("effects", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("form IN ('letter', 'call', 'task')", name=op.f("ck_action_form_known")),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'sending', 'delivered', 'done', 'skipped', 'suppressed', 'failed', 'unknown')",
            name=op.f("ck_action_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_action_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["day_run.tenant_id", "day_run.id"],
            name=op.f("fk_action_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_action")),
    )
    op.create_index("ix_action_customer", "action", ["tenant_id", "customer_id", "id"], unique=False)
    op.create_index("ix_action_state", "action", ["tenant_id", "state", "run_on"], unique=False)
    op.create_table(
        "contact",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suppressed_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_contact_tenant_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contact")),
        sa.UniqueConstraint("tenant_id", "customer_id", "email", name=op.f("uq_contact_tenant_id_customer_id_email")),
    )
    op.create_table(
        "import_job",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('customers', 'open-items', 'receipts')", name=op.f("ck_import_job_kind_known")),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'refused', 'applying', 'applied', 'failed')",
            name=op.f("ck_import_job_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "file_sha256"],
            ["blob.tenant_id", "blob.sha256"],
            name=op.f("fk_import_job_tenant_id_file_sha256"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_job")),
    )
    op.create_index("ix_import_job_created", "import_job", ["tenant_id", "created_at"], unique=False)
    op.create_table(
        "journal_event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed_in", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "sealed_in"],
            ["journal_batch.tenant_id", "journal_batch.number"],
            name=op.f("fk_journal_event_tenant_id_sealed_in"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_journal_event_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_journal_event")),
    )
    op.create_index("ix_journal_event_batch", "journal_event", ["tenant_id", "sealed_in"], unique=False)
    op.create_index("ix_journal_event_customer", "journal_event", ["tenant_id", "customer_id", "id"], unique=False)
    op.create_index("ix_journal_event_subject", "journal_event", ["tenant_id", "subject_id", "id"], unique=False)
    op.create_index(
        "ix_journal_event_unsealed",
        "journal_event",
        ["tenant_id", "id"],
        unique=False,
        postgresql_where=sa.text("sealed_in IS NULL"),
    )
    op.create_table(
        "one_time_code",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("sent_to", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "token_id"],
            ["access_token.tenant_id", "access_token.id"],
            name=op.f("fk_one_time_code_tenant_id_token_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_one_time_code")),
    )
    op.create_index("ix_one_time_code_token", "one_time_code", ["tenant_id", "token_id", "id"], unique=False)
    op.create_table(
        "open_item",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("document_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("collection_end_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("open_minor", sa.BigInteger(), nullable=False),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('invoice', 'debit_note', 'opening', 'interest', 'refund', 'credit_note', 'receipt', 'reversal')",
            name=op.f("ck_open_item_kind_known"),
        ),
        sa.CheckConstraint(
            "(open_minor = 0) = (cleared_on IS NOT NULL)", name=op.f("ck_open_item_cleared_when_nothing_open")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_open_item_amount_positive")),
        sa.CheckConstraint("open_minor BETWEEN 0 AND amount_minor", name=op.f("ck_open_item_open_within")),
        sa.CheckConstraint("side IN (1, -1)", name=op.f("ck_open_item_side_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_open_item_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["entry.tenant_id", "entry.id"],
            name=op.f("fk_open_item_tenant_id_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_open_item_tenant_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_open_item")),
        sa.UniqueConstraint(
            "tenant_id",
            "customer_id",
            "currency",
            "id",
            name=op.f("uq_open_item_tenant_id_customer_id_currency_id"),
        ),
        sa.UniqueConstraint("tenant_id", "kind", "document_no", name=op.f("uq_open_item_tenant_id_kind_document_no")),
        sa.UniqueConstraint("tenant_id", "reverses_id", name=op.f("uq_open_item_tenant_id_reverses_id")),
    )
    op.create_index("ix_open_item_cleared", "open_item", ["tenant_id", "cleared_on"], unique=False)
    op.create_index(
        "ix_open_item_number",
        "open_item",
        ["tenant_id", "document_no"],
        unique=False,
        postgresql_ops={"document_no": "text_pattern_ops"},
    )
    op.create_index(
        "ix_open_item_sum",
        "open_item",
        ["tenant_id", "open_minor"],
        unique=False,
        postgresql_where=sa.text("open_minor > 0"),
    )
    op.create_index("ix_open_item_customer", "open_item", ["tenant_id", "customer_id", "document_on"], unique=False)
    op.create_index(
        "ix_open_item_due",
        "open_item",
        ["tenant_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("open_minor > 0"),
    )
    op.create_index(
        "ix_open_item_open",
        "open_item",
        ["tenant_id", "customer_id", "currency"],
        unique=False,
        postgresql_where=sa.text("open_minor > 0"),
    )
    op.create_table(
        "posting",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("account_code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account_code <> 'receivables' OR customer_id IS NOT NULL",
            name=op.f("ck_posting_receivable_has_customer"),
        ),
        sa.CheckConstraint("(debit_minor = 0) <> (credit_minor = 0)", name=op.f("ck_posting_one_side")),
        sa.CheckConstraint("debit_minor >= 0 AND credit_minor >= 0", name=op.f("ck_posting_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_code"],
            ["account.tenant_id", "account.code"],
            name=op.f("fk_posting_tenant_id_account_code"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_posting_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["entry.tenant_id", "entry.id"],
            name=op.f("fk_posting_tenant_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_posting")),
    )
    op.create_index("ix_posting_customer", "posting", ["tenant_id", "customer_id", "account_code"], unique=False)
    op.create_index("ix_posting_entry", "posting", ["tenant_id", "entry_id"], unique=False)
    op.create_table(
        "statement",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("debits_minor", sa.BigInteger(), nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("overdue_minor", sa.BigInteger(), nullable=False),
        sa.Column("aging", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("amount_in_words", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.Text(), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_to", sa.Text(), nullable=True),
        sa.Column("respond_by_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_statement_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pdf_sha256"],
            ["blob.tenant_id", "blob.sha256"],
            name=op.f("fk_statement_tenant_id_pdf_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "supersedes_id"],
            ["statement.tenant_id", "statement.id"],
            name=op.f("fk_statement_tenant_id_supersedes_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_statement_tenant_id_number")),
        sa.UniqueConstraint("tenant_id", "supersedes_id", name=op.f("uq_statement_tenant_id_supersedes_id")),
    )
    op.create_index("ix_statement_customer", "statement", ["tenant_id", "customer_id", "period_to"], unique=False)
    op.create_index("ix_statement_issued", "statement", ["tenant_id", "issued_at"], unique=False)
    op.create_table(
        "allocation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("debit_item_id", sa.Uuid(), nullable=False),
        sa.Column("credit_item_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(reverses_id IS NULL) = (amount_minor > 0)", name=op.f("ck_allocation_sign")),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_allocation_not_nothing")),
        sa.CheckConstraint("debit_item_id <> credit_item_id", name=op.f("ck_allocation_two_items")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id", "currency", "credit_item_id"],
            ["open_item.tenant_id", "open_item.customer_id", "open_item.currency", "open_item.id"],
            name=op.f("fk_allocation_tenant_id_customer_id_currency_credit_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id", "currency", "debit_item_id"],
            ["open_item.tenant_id", "open_item.customer_id", "open_item.currency", "open_item.id"],
            name=op.f("fk_allocation_tenant_id_customer_id_currency_debit_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["allocation.tenant_id", "allocation.id"],
            name=op.f("fk_allocation_tenant_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("tenant_id", "reverses_id", name=op.f("uq_allocation_tenant_id_reverses_id")),
    )
    op.create_index("ix_allocation_credit", "allocation", ["tenant_id", "credit_item_id"], unique=False)
    op.create_index("ix_allocation_date", "allocation", ["tenant_id", "effective_on"], unique=False)
    op.create_index("ix_allocation_debit", "allocation", ["tenant_id", "debit_item_id"], unique=False)
    op.create_table(
        "block",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('block', 'dispute', 'promise')", name=op.f("ck_block_kind_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customer.tenant_id", "customer.id"],
            name=op.f("fk_block_tenant_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_block_tenant_id_item_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_block")),
    )
    op.create_index("ix_block_customer", "block", ["tenant_id", "customer_id"], unique=False)
    op.create_index("ix_block_item", "block", ["tenant_id", "item_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("signer_title", sa.Text(), nullable=False),
        sa.Column("authority", sa.Boolean(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("code_sent_to", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("pdf_sha256", sa.Text(), nullable=False),
        sa.Column("remote_address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('agrees', 'differs')", name=op.f("ck_confirmation_outcome_known")),
        sa.CheckConstraint("authority", name=op.f("ck_confirmation_authority_ticked")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "code_id"],
            ["one_time_code.tenant_id", "one_time_code.id"],
            name=op.f("fk_confirmation_tenant_id_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "statement_id"],
            ["statement.tenant_id", "statement.id"],
            name=op.f("fk_confirmation_tenant_id_statement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "token_id"],
            ["access_token.tenant_id", "access_token.id"],
            name=op.f("fk_confirmation_tenant_id_token_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("tenant_id", "reference", name=op.f("uq_confirmation_tenant_id_reference")),
        sa.UniqueConstraint("tenant_id", "statement_id", name=op.f("uq_confirmation_tenant_id_statement_id")),
    )
    op.create_table(
        "held",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_held_tenant_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["day_run.tenant_id", "day_run.id"],
            name=op.f("fk_held_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_held")),
    )
    op.create_index("ix_held_customer", "held", ["tenant_id", "customer_id", "id"], unique=False)
    op.create_table(
        "ladder_state",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=False),
        sa.Column("level_reached", sa.SmallInteger(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("last_delivered_on", sa.Date(), nullable=True),
        sa.Column("deadline_on", sa.Date(), nullable=True),
        sa.Column("fired", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.Column("held_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_ladder_state_tenant_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_version_id"],
            ["policy_version.tenant_id", "policy_version.id"],
            name=op.f("fk_ladder_state_tenant_id_policy_version_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", name=op.f("pk_ladder_state")),
    )
    op.create_index(
        "ix_ladder_state_next",
        "ladder_state",
        ["tenant_id", "next_on"],
        unique=False,
        postgresql_where=sa.text("next_on IS NOT NULL"),
    )
    op.create_index(
        "ix_ladder_state_parked",
        "ladder_state",
        ["tenant_id", "item_id"],
        unique=False,
        postgresql_where=sa.text("parked"),
    )
    op.create_table(
        "statement_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line_on", sa.Date(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("part IN ('movement', 'open')", name=op.f("ck_statement_line_part_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "statement_id"],
            ["statement.tenant_id", "statement.id"],
            name=op.f("fk_statement_line_tenant_id_statement_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_statement_line")),
        sa.UniqueConstraint(
            "tenant_id",
            "statement_id",
            "part",
            "position",
            name=op.f("uq_statement_line_tenant_id_statement_id_part_position"),
        ),
    )
    op.create_table(
        "step",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("nominal_on", sa.Date(), nullable=False),
        sa.Column("runs_on", sa.Date(), nullable=False),
        sa.Column("open_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why_code", sa.Text(), nullable=False),
        sa.Column("why_params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'delivered', 'done', 'skipped', 'suppressed', 'failed', 'unknown')",
            name=op.f("ck_step_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "action_id"],
            ["action.tenant_id", "action.id"],
            name=op.f("fk_step_tenant_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["open_item.tenant_id", "open_item.id"],
            name=op.f("fk_step_tenant_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "policy_version_id"],
            ["policy_version.tenant_id", "policy_version.id"],
            name=op.f("fk_step_tenant_id_policy_version_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_step")),
        sa.UniqueConstraint(
            "tenant_id",
            "item_id",
            "policy_version_id",
            "level",
            "code",
            name=op.f("uq_step_tenant_id_item_id_policy_version_id_level_code"),
        ),
    )
    op.create_index("ix_step_action", "step", ["tenant_id", "action_id"], unique=False)
    op.create_table(
        "difference",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("confirmation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("our_minor", sa.BigInteger(), nullable=True),
        sa.Column("their_minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "confirmation_id"],
            ["confirmation.tenant_id", "confirmation.id"],
            name=op.f("fk_difference_tenant_id_confirmation_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_difference")),
        sa.UniqueConstraint(
            "tenant_id",
            "confirmation_id",
            "position",
            name=op.f("uq_difference_tenant_id_confirmation_id_position"),
        ),
    )
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
