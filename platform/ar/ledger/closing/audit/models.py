"""The table of examinations: every run of the checks with its findings."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from kernel.columns import (
    Day,
    JsonList,
    Moment,
    Tenanted,
)
from kernel.db import Base


class DoctorRun(Tenanted, Base):
    """One nightly examination of the books with its findings, which are reported and never repaired."""

    __tablename__ = "doctor_run"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.Index("ix_doctor_run_at", "tenant_id", "examined_at"),
    )
    run_on: Mapped[Day]
    examined_at: Mapped[Moment]
    ok: Mapped[bool]
    findings: Mapped[JsonList]
