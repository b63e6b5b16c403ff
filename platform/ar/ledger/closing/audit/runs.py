"""Records examinations of the books with their findings, and returns the latest ones.

Invariant: a finding is recorded and reported, never repaired; only the newest examination describes the books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.closing.audit.models import DoctorRun
from kernel import journal, outbox
from kernel.actor import Actor
from kernel.binds import TENANT
from kernel.db import columns
from kernel.ids import new_id
from tenants.slice import Check

EXAMINE: Final = "ledger.examine"
RUNS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class ExaminationRun:
    """One examination; `ok`: every check passed, `findings`: (check, detail) of those that failed."""

    id: UUID
    examined_at: datetime
    ok: bool
    findings: tuple[tuple[str, str], ...]


def record_run(db: Session, actor: Actor, checks: Sequence[Check]) -> UUID:
    """Records an examination, and a journal event when a check failed; returns the run's id."""
    failed = [check for check in checks if not check.ok]
    run_id = new_id()
    db.execute(
        sa.insert(DoctorRun).values(
            tenant_id=actor.tenant_id,
            id=run_id,
            run_on=actor.today,
            examined_at=actor.now,
            ok=not failed,
            findings=[{"check": check.name, "detail": check.detail} for check in failed],
        )
    )
    if failed:
        facts = {"count": len(failed), "checks": "; ".join(f"{check.name} ({check.detail})" for check in failed)}
        journal.record(db, actor, "books_differ", subject_id=run_id, data=facts)
    return run_id


def examination_runs(db: Session, tenant_id: UUID, limit: int = RUNS_SHOWN) -> list[ExaminationRun]:
    """Returns the latest examinations, newest first."""
    rows = columns(db, _newest_runs(limit), {"tenant": tenant_id})
    return [
        ExaminationRun(
            id=row.id,
            examined_at=row.examined_at,
            ok=row.ok,
            findings=tuple((finding["check"], finding["detail"]) for finding in row.findings),
        )
        for row in rows
    ]


@cache
def _newest_runs(limit: int) -> sa.Select[*tuple[Any, ...]]:
    run = DoctorRun
    return (
        sa.select(run.id, run.examined_at, run.ok, run.findings)
        .where(run.tenant_id == TENANT)
        .order_by(run.examined_at.desc(), run.id.desc())
        .limit(limit)
    )


def request_examination(db: Session, actor: Actor, key: str) -> None:
    """Queues an examination; a form sent twice (same `key`) queues one."""
    outbox.put(db, actor, EXAMINE, {}, key=f"{EXAMINE}:asked:{key[:64]}")
