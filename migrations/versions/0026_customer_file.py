"""The customer file: documents, identity checks, questionnaires, blacklist, owners; groups, sizes, exemptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.secure import append_only, each_tenant, secure_tenant_table
from migrations.tables import (
    check,
    create_table,
    day,
    flag,
    index,
    integer,
    json,
    moment,
    of_tenant,
    references,
    text,
    uuid,
)

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

APPEND_ONLY = ("file_settings", "identity_check", "questionnaire", "owner_change", "file_reminder")
#: The columns that change after a row was written.
CHANGING = {
    "customer_document": (
        "state",
        "original_seen",
        "verified_by",
        "verified_at",
        "verification_note",
        "archived_by",
        "archived_at",
        "archived_place",
    ),
    "blacklist_entry": ("state", "approval_id", "listed_at", "exit_reason", "exit_approval_id", "delisted_at"),
}
#: What is true of the new columns of a customer.
CHECKS = {
    "group_kind_known": "group_kind IN ('parent', 'payer')",
    "size_class_known": "size_class IN ('large', 'medium', 'small')",
    "survey_exemption_known": "survey_exemption IN ('government', 'institution', 'large_good', 'small_risk', 'cash')",
    "group_whole": "(group_head_id IS NULL) = (group_kind IS NULL)",
    "not_own_head": "group_head_id <> id",
}


#: Legal forms as older books wrote them → the choice they are today; what is not listed stays as it is.
FORMS = {
    "公司": "company",
    "企业": "company",
    "corporation": "company",
    "个体": "sole_trader",
    "个体户": "sole_trader",
    "个体工商户": "sole_trader",
    "sole trader": "sole_trader",
    "individual": "person",
    "个人": "person",
    "自然人": "person",
    "政府": "government",
    "机关": "government",
    "事业单位": "institution",
    "foreign": "foreign_company",
    "外国公司": "foreign_company",
    "境外公司": "foreign_company",
}
SET_FORM = sa.text(
    "UPDATE customer SET entity_type = :form WHERE tenant_id = :tenant AND lower(btrim(entity_type)) = :written"
)


def upgrade() -> None:
    _customer()
    for tenant_id in each_tenant():
        for written, form in FORMS.items():
            op.get_bind().execute(SET_FORM, {"tenant": tenant_id, "form": form, "written": written})
    _file()
    for table in APPEND_ONLY:
        append_only(table)
    for table, columns in CHANGING.items():
        secure_tenant_table(table, update=columns)


def downgrade() -> None:
    raise RuntimeError("books are not taken apart: restore a backup instead")


def _customer() -> None:
    op.add_column("customer", sa.Column("group_head_id", sa.Uuid(), nullable=True))
    for column in ("group_kind", "size_class", "survey_exemption"):
        op.add_column("customer", sa.Column(column, sa.Text(), nullable=True))
    keys = ["tenant_id", "group_head_id"]
    op.create_foreign_key(
        op.f("fk_customer_tenant_id_group_head_id"), "customer", "customer", keys, ["tenant_id", "id"]
    )
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_customer_{name}"), "customer", condition)
    index("customer", "group", "group_head_id")


def _file() -> None:
    create_table(
        "file_settings",
        integer("version"),
        json("data"),
        moment("recorded_at"),
        text("recorded_by"),
        of_tenant(),
        key=("version",),
    )
    create_table(
        "customer_document",
        uuid("customer_id"),
        text("kind", "number"),
        day("issued_on", "expires_on", nullable=True),
        text("file_sha256", "file_name", "state"),
        uuid("replaces_id", nullable=True),
        text("note", "uploaded_by"),
        uuid("uploaded_by_id", nullable=True),
        moment("uploaded_at"),
        flag("original_seen"),
        text("verified_by", nullable=True),
        moment("verified_at", nullable=True),
        text("verification_note", "archived_by", nullable=True),
        moment("archived_at", nullable=True),
        text("archived_place", nullable=True),
        references("customer_id", "customer"),
        references("replaces_id", "customer_document"),
        references("file_sha256", "blob", "sha256"),
        check("state_known", "state IN ('uploaded', 'verified', 'archived', 'rejected', 'replaced')"),
    )
    index("customer_document", "customer", "customer_id", "kind")
    index("customer_document", "expires", "expires_on")
    create_table(
        "identity_check",
        uuid("customer_id"),
        text("tax_id", "source", "note", "checked_by"),
        uuid("checked_by_id", nullable=True),
        moment("checked_at"),
        references("customer_id", "customer"),
    )
    index("identity_check", "customer", "customer_id")
    create_table(
        "questionnaire",
        uuid("customer_id"),
        json("answers"),
        text("answered_by"),
        moment("answered_at"),
        references("customer_id", "customer"),
    )
    index("questionnaire", "customer", "customer_id", "answered_at")
    create_table(
        "blacklist_entry",
        uuid("customer_id"),
        text("state", "reason", "proposed_by"),
        uuid("proposed_by_id", nullable=True),
        moment("proposed_at"),
        uuid("approval_id", nullable=True),
        moment("listed_at", nullable=True),
        text("exit_reason", nullable=True),
        uuid("exit_approval_id", nullable=True),
        moment("delisted_at", nullable=True),
        references("customer_id", "customer"),
        check("state_known", "state IN ('proposed', 'listed', 'refused', 'delisted')"),
        check("listed_when", "state NOT IN ('listed', 'delisted') OR listed_at IS NOT NULL"),
    )
    index("blacklist_entry", "open", "customer_id", unique=True, where="state IN ('proposed', 'listed')")
    create_table(
        "owner_change",
        uuid("customer_id"),
        uuid("from_id", "to_id", nullable=True),
        day("changed_on"),
        text("reason", "changed_by"),
        moment("changed_at"),
        references("customer_id", "customer"),
    )
    index("owner_change", "customer", "customer_id", "changed_at")
    create_table(
        "file_reminder",
        uuid("customer_id"),
        text("kind"),
        day("due_on"),
        moment("reminded_at"),
        references("customer_id", "customer"),
        key=(
            "customer_id",
            "kind",
            "due_on",
        ),
    )
