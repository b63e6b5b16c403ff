"""Defines the table of import jobs.

Invariant: a job's file is a stored blob; its report is what was shown before applying.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.columns import Json, Moment, MomentOrNone, Tenanted, Text, TextOrNone, one_of, tenant_fk
from kernel.db import Base


class ImportJob(Tenanted, Base):
    """One uploaded file on its way: uploaded → checking → checked | refused → applying → applied | failed."""

    __tablename__ = "import_job"
    __table_args__ = (
        tenant_fk("file_sha256", "blob", target_column="sha256"),
        one_of("kind", "customers", "open-items", "receipts"),
        one_of("state", "uploaded", "checking", "checked", "refused", "applying", "applied", "failed"),
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
