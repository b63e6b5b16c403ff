"""Examinations kept: what the books' examination found each night, for the page and for Today.

May import the ledger's tables and the kernel. Invariant: a finding is written down and told, never repaired; the newest
examination alone says how the books stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import DoctorRun
from kernel import journal, outbox
from kernel.actor import Actor
from kernel.ids import new_id
from tenants.slice import Check

EXAMINE: Final = "ledger.examine"
RUNS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class ExaminationRun:
    """One examination: whether all held, how many checks there were, and what differs (check, detail)."""

    id: UUID
    examined_at: datetime
    ok: bool
    findings: tuple[tuple[str, str], ...]


def record_run(db: Session, actor: Actor, checks: Sequence[Check]) -> UUID:
    """Writes down what an examination found; what differs is an event of the journal as well. Returns the run's id."""
    broken = [check for check in checks if not check.ok]
    run_id = new_id()
    db.execute(
        sa.insert(DoctorRun).values(
            tenant_id=actor.tenant_id,
            id=run_id,
            run_on=actor.today,
            examined_at=actor.now,
            ok=not broken,
            findings=[{"check": check.name, "detail": check.detail} for check in broken],
        )
    )
    if broken:
        facts = {"count": len(broken), "checks": "; ".join(f"{each.name} ({each.detail})" for each in broken)}
        journal.record(db, actor, "books_differ", subject_id=run_id, data=facts)
    return run_id


def examination_runs(db: Session, tenant_id: UUID, limit: int = RUNS_SHOWN) -> list[ExaminationRun]:
    """The newest examinations, newest first."""
    r = DoctorRun
    rows = db.execute(
        sa.select(r.id, r.examined_at, r.ok, r.findings)
        .where(r.tenant_id == tenant_id)
        .order_by(r.examined_at.desc(), r.id.desc())
        .limit(limit)
    )
    return [
        ExaminationRun(
            id=row.id,
            examined_at=row.examined_at,
            ok=row.ok,
            findings=tuple((each["check"], each["detail"]) for each in row.findings),
        )
        for row in rows
    ]


def request_examination(db: Session, actor: Actor, key: str) -> None:
    """Puts an examination into the queue; the same key once."""
    outbox.put(db, actor, EXAMINE, {}, key=f"{EXAMINE}:asked:{key[:64]}")
