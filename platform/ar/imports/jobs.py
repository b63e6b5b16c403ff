"""The two jobs of an import: check a file, apply it. Arguments are ids.

May import running, commands and queries. Invariants: ledger rows, report and state are one commit; progress is
told in short transactions of its own; a job that is run again after a kill starts over from the stored file and
finds nothing of the first try; whatever breaks, the job ends as failed when no further try comes.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports import commands, queries
from ar.imports.inputs import ImportFile
from ar.imports.mapping import Mapping
from ar.imports.pipeline import open_file, run_import
from kernel import outbox, queue, storage
from kernel.actor import Actor
from kernel.db import transaction
from kernel.errors import HuikuanError, NotFound, RuleBroken
from kernel.log import logger
from tenants.queries import member
from tenants.slice import Job

PROGRESS_EVERY_S = 0.5
#: What another try may not meet again: the database or the machine, not the file.
PASSING = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, MemoryError)
log = logger(__name__)


def check(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Reads and plans the file; the job is `checked` or `refused` afterwards, `failed` when it cannot be read."""
    _run(db, actor, payload, states=("uploaded", "checking"), working="checking", apply=False)


def apply(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Checks again, since the world has moved on, and writes all rows or none."""
    _run(db, actor, payload, states=("applying",), working="applying", apply=True)


JOBS: Final = (Job("imports.check", check, queue.IMPORTS), Job("imports.apply", apply, queue.IMPORTS))


def stored_file(db: Session, tenant_id: UUID, job: queries.JobPage) -> ImportFile:
    """A job's file as it was uploaded."""
    content = storage.load(db, tenant_id, job.file_sha256).content
    return ImportFile(job.kind, job.file_name, content, Mapping.model_validate(job.mapping))  # type: ignore[arg-type]


def _run(
    db: Session, actor: Actor, payload: dict[str, Any], *, states: tuple[str, ...], working: str, apply: bool
) -> None:
    job = queries.job(db, actor.tenant_id, UUID(payload["job_id"]))
    if job.state not in states:
        return  # done before: the message came twice
    person = _person(db, actor, job, payload)
    tries = _tries(db, actor.tenant_id, f"imports.{'apply' if apply else 'check'}:{job.id}")
    if tries > outbox.ATTEMPTS_MAX:
        _give_up(db, person, job.id, "the workers of all tries were killed")
        return
    progress = _Progress(db, actor.tenant_id, job.id, working)
    try:
        with db.begin_nested():
            file = stored_file(db, actor.tenant_id, job)
            progress.begin(sum(1 for _ in open_file(file)[0].rows()))
            report = run_import(db, person, file, apply=apply, progress=progress)
            commands.note_report(db, person, job.id, report, state="applied" if apply else "checked")
    except HuikuanError as fault:
        commands.note_failure(db, person, job.id, fault)
    except PASSING as fault:
        if tries < outbox.ATTEMPTS_MAX:
            raise
        _give_up(db, person, job.id, fault)
    except Exception as fault:
        _give_up(db, person, job.id, fault)


def _give_up(db: Session, person: Actor, job_id: UUID, fault: Exception | str) -> None:
    """Says so on the page instead of leaving the person to wait; the log has what happened."""
    trace = fault if isinstance(fault, Exception) else None
    log.error("import broke", tenant=str(person.tenant_id), job=str(job_id), fault=str(fault)[:500], exc_info=trace)
    commands.note_failure(db, person, job_id, RuleBroken("import_broke"))


def _tries(db: Session, tenant_id: UUID, key: str) -> int:
    """How often the message was begun, this time included."""
    o = outbox.OutboxMessage
    return db.execute(sa.select(o.attempts).where(o.tenant_id == tenant_id, o.key == key)).scalar_one_or_none() or 0


def _person(db: Session, actor: Actor, job: queries.JobPage, payload: dict[str, Any]) -> Actor:
    """The machine acts in the name of who asked: one person may upload a file and another have it applied."""
    if not payload.get("user_id"):
        return replace(actor, kind="person", name=job.created_by)
    try:
        person = member(db, actor.tenant_id, UUID(payload["user_id"]))
    except NotFound:
        return actor  # nobody of this company: nobody's name
    return replace(actor, kind="person", name=person.name, user_id=person.user_id)


class _Progress:
    """Tells the job's row how far the work is, in transactions of its own and not too often."""

    def __init__(self, db: Session, tenant_id: UUID, job_id: UUID, state: str) -> None:
        bind = db.get_bind()
        self._engine = bind if isinstance(bind, sa.Engine) else bind.engine
        self._tenant_id, self._job_id, self._state = tenant_id, job_id, state
        self._told_at = 0.0

    def begin(self, rows_total: int) -> None:
        self._tell(rows_total=rows_total, rows_done=0)

    def __call__(self, rows_done: int) -> None:
        if monotonic() - self._told_at >= PROGRESS_EVERY_S:
            self._tell(rows_done=rows_done)

    def _tell(self, **values: int) -> None:
        with transaction(self._tenant_id, bind=self._engine) as db:
            commands.note(db, self._tenant_id, self._job_id, state=self._state, **values)
        self._told_at = monotonic()
