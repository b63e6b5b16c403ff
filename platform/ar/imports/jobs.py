"""Runs the jobs of an import: check a file, apply it, undo it.

Invariants: postings, report and state are one commit; progress is written in short transactions of its own; a job that
is run again after a kill starts over from the stored file; a job always ends as failed when no attempt is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports import commands, queries
from ar.imports.inputs import ImportFile
from ar.imports.pipeline import run_import
from ar.imports.reading import decide_reading
from ar.imports.undoing import undo_import
from kernel import outbox, queue, storage
from kernel.actor import Actor
from kernel.db import transaction
from kernel.errors import HuikuanError, NotFound, RuleBroken
from kernel.log import logger
from kernel.sheets.mapping import ColumnMapping, Credits
from tenants.queries import member, tenant
from tenants.slice import Job

PROGRESS_EVERY_S = 0.5
#: Faults of the database or the machine, which another attempt may not meet.
TRANSIENT = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, MemoryError)
log = logger(__name__)


def check(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Checks the file; the job becomes `checked` or `refused`, or `failed` when the file cannot be parsed.

    What the file leaves open about its columns makes it `asking`.
    """
    _run(db, actor, payload, states=("uploaded", "checking"), working="checking", work=_check)


def apply(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Checks the file again, since the books may have changed, and posts all rows or none."""
    _run(db, actor, payload, states=("applying",), working="applying", work=_apply)


def undo(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Reverses what the import posted, unless something came to depend on it meanwhile."""
    _run(db, actor, payload, states=("undoing",), working="undoing", work=_undo)


JOBS: Final = (
    Job("imports.check", check, queue.IMPORTS),
    Job("imports.apply", apply, queue.IMPORTS),
    Job("imports.undo", undo, queue.IMPORTS),
)


def stored_file(db: Session, tenant_id: UUID, job: queries.JobPage) -> ImportFile:
    """Returns the uploaded file of a job."""
    content = storage.load(db, tenant_id, job.file_sha256).content
    return ImportFile(job.kind, job.file_name, content, ColumnMapping.model_validate(job.mapping))  # type: ignore[arg-type]


def _check(db: Session, person: Actor, job: queries.JobPage, payload: dict[str, Any], progress: _Progress) -> None:
    file = stored_file(db, person.tenant_id, job)
    reading = decide_reading(db, person.tenant_id, file, tenant(db, person.tenant_id).currency, person.today)
    if reading.questions or payload.get("look"):
        commands.save_sample(db, person.tenant_id, job.id, reading)
        commands.save_questions(db, person, job.id, reading.sample.rows_total)
        return
    progress.begin(reading.sample.rows_total)
    report = run_import(db, person, replace(file, mapping=reading.mapping), apply=False, progress=progress)
    report.origin = reading.origin
    # Last: the progress is written to the same row, in transactions of its own.
    commands.save_sample(db, person.tenant_id, job.id, reading)
    commands.save_report(db, person, job.id, report, state="checked")


def _apply(db: Session, person: Actor, job: queries.JobPage, _payload: dict[str, Any], progress: _Progress) -> None:
    progress.begin(job.rows_total)
    file = stored_file(db, person.tenant_id, job)
    if file.mapping.credits == "by_books" and job.report.posted:
        # As it was shown and confirmed, whatever the books have become meanwhile.
        shown: Credits = "opening_balance" if job.report.brings_openings else "revenue"
        file = replace(file, mapping=file.mapping.model_copy(update={"credits": shown}))
    report = run_import(db, person, file, apply=True, progress=progress, job_id=job.id)
    report.origin = job.report.origin
    commands.save_report(db, person, job.id, report, state="applied")


def _undo(db: Session, person: Actor, job: queries.JobPage, _payload: dict[str, Any], progress: _Progress) -> None:
    progress.begin(job.rows_total)
    undo_import(db, person, job.id)


_Work = Callable[[Session, Actor, queries.JobPage, dict[str, Any], "_Progress"], None]


def _run(
    db: Session, actor: Actor, payload: dict[str, Any], *, states: tuple[str, ...], working: str, work: _Work
) -> None:
    job = queries.job(db, actor.tenant_id, UUID(payload["job_id"]))
    if job.state not in states:
        return  # already done: the message was delivered twice
    person = _person(db, actor, job, payload)
    # An import that could not be undone stays as it was, with the reason on its page.
    failed = "applied" if working == "undoing" else "failed"
    attempts = _attempts(db, actor.tenant_id, payload["key"])
    if attempts > outbox.ATTEMPTS_MAX:
        _give_up(db, person, job.id, failed, "the workers of all attempts were killed")
        return
    progress = _Progress(db, actor.tenant_id, job.id, working)
    try:
        with db.begin_nested():
            work(db, person, job, payload, progress)
    except HuikuanError as fault:
        commands.save_failure(db, person, job.id, fault, state=failed)
    except TRANSIENT as fault:
        if attempts < outbox.ATTEMPTS_MAX:
            raise
        _give_up(db, person, job.id, failed, fault)
    except Exception as fault:
        _give_up(db, person, job.id, failed, fault)


def _give_up(db: Session, person: Actor, job_id: UUID, state: str, fault: Exception | str) -> None:
    """Ends the job with `import_broke`, so that its page stops waiting, and logs the fault."""
    trace = fault if isinstance(fault, Exception) else None
    log.error("import broke", tenant=str(person.tenant_id), job=str(job_id), fault=str(fault)[:500], exc_info=trace)
    commands.save_failure(db, person, job_id, RuleBroken("import_broke"), state=state)


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


class _Progress:
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
