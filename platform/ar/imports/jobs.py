"""Runs the two jobs of an import: check a file, apply it.

Invariants: postings, report and state are one commit; progress is written in short transactions of its own; a job that
is run again after a kill starts over from the stored file; a job always ends as failed when no attempt is left.
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
from ar.imports.pipeline import open_table_of, run_import
from kernel import outbox, queue, storage
from kernel.actor import Actor
from kernel.db import transaction
from kernel.errors import HuikuanError, NotFound, RuleBroken
from kernel.log import logger
from kernel.sheets.mapping import ColumnMapping
from tenants.queries import member
from tenants.slice import Job

PROGRESS_EVERY_S = 0.5
#: Faults of the database or the machine, which another attempt may not meet.
TRANSIENT = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, MemoryError)
log = logger(__name__)


def check(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Checks the file; the job becomes `checked` or `refused`, or `failed` when the file cannot be parsed."""
    _run(db, actor, payload, states=("uploaded", "checking"), working="checking", apply=False)


def apply(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Checks the file again, since the books may have changed, and posts all rows or none."""
    _run(db, actor, payload, states=("applying",), working="applying", apply=True)


JOBS: Final = (Job("imports.check", check, queue.IMPORTS), Job("imports.apply", apply, queue.IMPORTS))


def stored_file(db: Session, tenant_id: UUID, job: queries.JobPage) -> ImportFile:
    """Returns the uploaded file of a job."""
    content = storage.load(db, tenant_id, job.file_sha256).content
    return ImportFile(job.kind, job.file_name, content, ColumnMapping.model_validate(job.mapping))  # type: ignore[arg-type]


def _run(
    db: Session, actor: Actor, payload: dict[str, Any], *, states: tuple[str, ...], working: str, apply: bool
) -> None:
    job = queries.job(db, actor.tenant_id, UUID(payload["job_id"]))
    if job.state not in states:
        return  # already done: the message was delivered twice
    person = _person(db, actor, job, payload)
    attempts = _attempts(db, actor.tenant_id, f"imports.{'apply' if apply else 'check'}:{job.id}")
    if attempts > outbox.ATTEMPTS_MAX:
        _give_up(db, person, job.id, "the workers of all attempts were killed")
        return
    progress = _ProgressReporter(db, actor.tenant_id, job.id, working)
    try:
        with db.begin_nested():
            file = stored_file(db, actor.tenant_id, job)
            progress.begin(sum(1 for _ in open_table_of(file)[0].rows()))
            report = run_import(db, person, file, apply=apply, progress=progress)
            commands.save_report(db, person, job.id, report, state="applied" if apply else "checked")
    except HuikuanError as fault:
        commands.save_failure(db, person, job.id, fault)
    except TRANSIENT as fault:
        if attempts < outbox.ATTEMPTS_MAX:
            raise
        _give_up(db, person, job.id, fault)
    except Exception as fault:
        _give_up(db, person, job.id, fault)


def _give_up(db: Session, person: Actor, job_id: UUID, fault: Exception | str) -> None:
    """Marks the job as failed, so that its page stops waiting, and logs the fault."""
    trace = fault if isinstance(fault, Exception) else None
    log.error("import broke", tenant=str(person.tenant_id), job=str(job_id), fault=str(fault)[:500], exc_info=trace)
    commands.save_failure(db, person, job_id, RuleBroken("import_broke"))


def _attempts(db: Session, tenant_id: UUID, key: str) -> int:
    """Returns how often the message was started, this time included."""
    message = outbox.OutboxMessage
    query = sa.select(message.attempts).where(message.tenant_id == tenant_id, message.key == key)
    return db.execute(query).scalar_one_or_none() or 0


def _person(db: Session, actor: Actor, job: queries.JobPage, payload: dict[str, Any]) -> Actor:
    """Returns the actor in the name of the user who requested the job; upload and application may differ."""
    if not payload.get("user_id"):
        return replace(actor, kind="person", name=job.created_by)
    try:
        person = member(db, actor.tenant_id, UUID(payload["user_id"]))
    except NotFound:
        return actor  # no longer a member of this company
    return replace(actor, kind="person", name=person.name, user_id=person.user_id)


class _ProgressReporter:
    """Writes the progress into the job's row, in transactions of its own, at most every PROGRESS_EVERY_S seconds."""

    def __init__(self, db: Session, tenant_id: UUID, job_id: UUID, state: str) -> None:
        bind = db.get_bind()
        self._engine = bind if isinstance(bind, sa.Engine) else bind.engine
        self._tenant_id, self._job_id, self._state = tenant_id, job_id, state
        self._written_at = 0.0

    def begin(self, rows_total: int) -> None:
        self._write(rows_total=rows_total, rows_done=0)

    def __call__(self, rows_done: int) -> None:
        if monotonic() - self._written_at >= PROGRESS_EVERY_S:
            self._write(rows_done=rows_done)

    def _write(self, **values: int) -> None:
        with transaction(self._tenant_id, bind=self._engine) as db:
            commands.update_job(db, self._tenant_id, self._job_id, state=self._state, **values)
        self._written_at = monotonic()
