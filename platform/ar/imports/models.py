"""Defines the tables of imports: the jobs, and what each of them wrote.

Invariant: a job's file is a stored blob; its report is what was shown before applying; what it wrote is never changed,
only undone by reversals.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import (
    Id,
    Json,
    Moment,
    MomentOrNone,
    Tenanted,
    TenantKeyed,
    Text,
    TextOrNone,
    one_of,
    tenant_fk,
)
from kernel.db import Base

STATES = (
    *("uploaded", "checking", "asking", "checked", "refused"),
    *("applying", "applied", "failed", "undoing", "undone"),
)
#: Limits written and limits ended early; orders, deliveries and sign-offs written.
RECORD_KINDS = ("limit", "limit_ended", "order", "delivery", "sign_off")


class ImportJob(Tenanted, Base):
    """One uploaded file on its way: uploaded → checking → asking | checked | refused → applying → applied → undone.

    `sample` is what the mapping page shows, with the questions that the file leaves open.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        tenant_fk("file_sha256", "blob", target_column="sha256"),
        one_of("kind", "customers", "open-items", "receipts", "limits", "orders", "deliveries", "sign-offs"),
        one_of("state", *STATES),
        sa.Index("ix_import_job_created", "tenant_id", "created_at"),
    )
    kind: Mapped[Text]
    file_name: Mapped[Text]
    file_sha256: Mapped[Text]
    mapping: Mapped[Json] = mapped_column(JSONB)
    state: Mapped[Text]
    rows_total: Mapped[int]
    rows_done: Mapped[int]
    report: Mapped[Json] = mapped_column(JSONB)
    error: Mapped[TextOrNone]
    created_by: Mapped[Text]
    created_at: Mapped[Moment]
    finished_at: Mapped[MomentOrNone]
    sample: Mapped[Json] = mapped_column(JSONB, server_default=sa.text("'{}'::jsonb"))
    undone_at: Mapped[MomentOrNone]
    undone_by: Mapped[TextOrNone]


class ImportDocument(TenantKeyed, Base):
    """A document that an import posted."""

    __tablename__ = "import_document"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        tenant_fk("job_id", "import_job"),
        sa.Index("ix_import_document_job", "tenant_id", "job_id"),
    )
    item_id: Mapped[Id] = mapped_column(primary_key=True)
    job_id: Mapped[Id]


class ImportAllocation(TenantKeyed, Base):
    """An allocation that an import made between documents."""

    __tablename__ = "import_allocation"
    __table_args__ = (
        tenant_fk("allocation_id", "allocation"),
        tenant_fk("job_id", "import_job"),
        sa.Index("ix_import_allocation_job", "tenant_id", "job_id"),
    )
    allocation_id: Mapped[Id] = mapped_column(primary_key=True)
    job_id: Mapped[Id]


class ImportCustomer(TenantKeyed, Base):
    """A customer that an import created (`before` None) or changed, with both states."""

    __tablename__ = "import_customer"
    __table_args__ = (
        tenant_fk("customer_id", "customer"),
        tenant_fk("job_id", "import_job"),
    )
    job_id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[Id] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[Json] = mapped_column(JSONB)


class ImportRecord(TenantKeyed, Base):
    """What an import wrote beside documents and customers: `kind` names the table, `before` what it changed there."""

    __tablename__ = "import_record"
    __table_args__ = (
        tenant_fk("job_id", "import_job"),
        one_of("kind", *RECORD_KINDS),
        sa.Index("ix_import_record_record", "tenant_id", "record_id"),
    )
    job_id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[Text] = mapped_column(primary_key=True)
    record_id: Mapped[Id] = mapped_column(primary_key=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
