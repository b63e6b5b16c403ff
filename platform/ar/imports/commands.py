"""Takes a file for import, maps its columns, requests its application or undoing, and records reports of its job.

Invariants: the file is stored as a blob before it is parsed; a job is applied at most once, however often that is
requested; a job's row is what its page shows.
"""

from __future__ import annotations

import json
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports.inputs import ApplyImport, ImportFile, MappedSource, Report
from ar.imports.models import ImportJob
from ar.imports.pipeline import run_import
from ar.imports.queries import MAPPABLE_STATES
from ar.imports.reading import Reading
from ar.imports.undoing import require_undoable, undo_import
from kernel import outbox, storage, table_mappings
from kernel.actor import Actor
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.sheets import MAX_UPLOAD_BYTES
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.samples import Sample

MAX_FILE_NAME_CHARS = 200
#: What is stored with the sample of a file and is none of it.
NOT_OF_SAMPLE = ("questions", "origin")


def upload(db: Session, actor: Actor, file: ImportFile, *, schedule: bool = True, state: str = "uploaded") -> UUID:
    """Stores a file and queues its check; returns the job's id. Raises RuleBroken(`table_empty`, `table_too_large`)."""
    if not file.content:
        raise RuleBroken("table_empty", filename=file.name)
    if len(file.content) > MAX_UPLOAD_BYTES:
        raise RuleBroken("table_too_large", most=MAX_UPLOAD_BYTES, found=len(file.content))
    job_id = new_id()
    sha256 = storage.store(db, actor, file.content, "application/octet-stream")
    db.execute(
        sa.insert(ImportJob).values(
            tenant_id=actor.tenant_id,
            id=job_id,
            kind=file.kind,
            file_name=file.name[-MAX_FILE_NAME_CHARS:],
            file_sha256=sha256,
            mapping=file.mapping.model_dump(mode="json"),
            state=state,
            rows_total=0,
            rows_done=0,
            report={},
            error=None,
            created_by=actor.name,
            created_at=actor.now,
            finished_at=None,
            sample={},
            undone_at=None,
            undone_by=None,
        )
    )
    if schedule:
        _queue_check(db, actor, job_id)
    record(
        db, actor, "import_uploaded", subject_id=job_id, data={"kind": file.kind, "file": file.name, "sha256": sha256}
    )
    return job_id


def request_application(db: Session, actor: Actor, job_id: UUID, data: ApplyImport) -> bool:
    """Queues the application of a checked import; returns False when that was requested before.

    Raises NotFound, RuleBroken(`import_totals_unconfirmed`), Conflict(`import_not_checked`).
    """
    state = _lock_state(db, actor.tenant_id, job_id)
    if state in ("applying", "applied"):
        return False
    if state != "checked":
        raise Conflict("import_not_checked")
    if not data.totals_confirmed:
        raise RuleBroken("import_totals_unconfirmed")
    update_job(db, actor.tenant_id, job_id, state="applying", rows_done=0, finished_at=None)
    key = f"imports.apply:{job_id}:{new_id()}"
    outbox.put(db, actor, "imports.apply", _work(actor, job_id, key), key=key)
    record(db, actor, "import_confirmed", subject_id=job_id)
    return True


def map_columns(
    db: Session, actor: Actor, job_id: UUID, kind: str, mapping: ColumnMapping, source: MappedSource, *, look: bool
) -> None:
    """Stores how the columns of a file are read, for this source as well where asked, and queues its check.

    `look`: only to be shown again, with the file opened so. Raises NotFound, Conflict(`import_not_open`).
    """
    if _lock_state(db, actor.tenant_id, job_id) not in MAPPABLE_STATES:
        raise Conflict("import_not_open")
    if source.remember and not look:
        table_mappings.remember(db, actor, kind, source.fingerprint, mapping, name=source.name)
    values = {"mapping": mapping.model_dump(mode="json"), "report": {}, "error": None, "finished_at": None}
    update_job(db, actor.tenant_id, job_id, state="uploaded", rows_done=0, **values)
    _queue_check(db, actor, job_id, look=look)
    record(db, actor, "import_mapped", subject_id=job_id)


def post_as_openings(db: Session, actor: Actor, job_id: UUID) -> None:
    """Has a file checked again with what is dated in the locked period posted on the day after it.

    Raises NotFound, Conflict(`import_not_open`).
    """
    _check_with(db, actor, job_id, {"before_lock": "opening"})


def credit_account(db: Session, actor: Actor, job_id: UUID, account: Literal["opening_balance", "revenue"]) -> None:
    """Has a file checked again with its documents posted against opening balances, or revenue.

    The choice is remembered for this source. Raises NotFound, Conflict(`import_not_open`).
    """
    mapping = _check_with(db, actor, job_id, {"credits": account})
    job = ImportJob
    kind, sample = db.execute(
        sa.select(job.kind, job.sample).where(job.tenant_id == actor.tenant_id, job.id == job_id)
    ).one()
    if not sample:
        return
    source = Sample.from_json({name: value for name, value in sample.items() if name not in NOT_OF_SAMPLE}).fingerprint
    before = table_mappings.find(db, actor.tenant_id, kind, [source]).get(source)
    kept = {**before.mapping, "credits": account} if before else mapping
    table_mappings.remember(db, actor, kind, source, ColumnMapping.model_validate(kept))


def _check_with(db: Session, actor: Actor, job_id: UUID, values: dict[str, str]) -> dict[str, Any]:
    """Has a file checked again with these values of its mapping; returns the mapping."""
    if _lock_state(db, actor.tenant_id, job_id) not in MAPPABLE_STATES:
        raise Conflict("import_not_open")
    job = ImportJob
    stored = sa.select(job.mapping).where(job.tenant_id == actor.tenant_id, job.id == job_id)
    mapping = {**db.execute(stored).scalar_one(), **values}
    update_job(db, actor.tenant_id, job_id, mapping=mapping)
    _restart(db, actor, job_id)
    record(db, actor, "import_mapped", subject_id=job_id)
    return mapping


def check_again(db: Session, actor: Actor, job_id: UUID) -> bool:
    """Has an import that failed checked again from its stored file; returns False when that was requested before.

    Raises NotFound, Conflict(`import_not_open`).
    """
    state = _lock_state(db, actor.tenant_id, job_id)
    if state in ("uploaded", "checking"):
        return False
    if state != "failed":
        raise Conflict("import_not_open")
    _restart(db, actor, job_id)
    return True


def _restart(db: Session, actor: Actor, job_id: UUID) -> None:
    update_job(db, actor.tenant_id, job_id, state="uploaded", rows_done=0, report={}, error=None, finished_at=None)
    _queue_check(db, actor, job_id)


def request_undo(db: Session, actor: Actor, job_id: UUID) -> bool:
    """Queues the undoing of an applied import; returns False when that was requested before.

    Raises NotFound, Conflict (`import_not_applied`, `import_depended_on`, `import_not_traced`).
    """
    state = _lock_state(db, actor.tenant_id, job_id)
    if state in ("undoing", "undone"):
        return False
    if state != "applied":
        raise Conflict("import_not_applied")
    require_undoable(db, actor.tenant_id, job_id)
    update_job(db, actor.tenant_id, job_id, state="undoing", rows_done=0)
    key = f"imports.undo:{job_id}:{new_id()}"
    outbox.put(db, actor, "imports.undo", _work(actor, job_id, key), key=key)
    return True


def import_now(db: Session, actor: Actor, file: ImportFile) -> tuple[UUID | None, Report]:
    """Checks a file and applies it at once, as the command line does; returns the import's id (None: with errors).

    Raises TableRefused, RuleBroken, Conflict.
    """
    savepoint = db.begin_nested()
    job_id = upload(db, actor, file, schedule=False, state="applying")
    report = run_import(db, actor, file, apply=True, job_id=job_id)
    if report.errors_total:
        savepoint.rollback()
        return None, report
    save_report(db, actor, job_id, report, state="applied")
    savepoint.commit()
    return job_id, report


def undo_now(db: Session, actor: Actor, job_id: UUID) -> int:
    """Undoes an applied import at once; returns the number of documents reversed.

    Raises NotFound, Conflict (`import_not_applied`, `import_depended_on`, `import_not_traced`).
    """
    if _lock_state(db, actor.tenant_id, job_id) != "applied":
        raise Conflict("import_not_applied")
    return undo_import(db, actor, job_id)


def save_sample(db: Session, tenant_id: UUID, job_id: UUID, reading: Reading) -> None:
    """Stores how a file is read and what its mapping page shows."""
    sample = {
        **reading.sample.to_json(),
        "questions": [[question.code, question.params] for question in reading.questions],
        "origin": reading.origin,
    }
    update_job(db, tenant_id, job_id, mapping=reading.mapping.model_dump(mode="json"), sample=sample)


def save_questions(db: Session, actor: Actor, job_id: UUID, rows: int) -> None:
    """Leaves a file waiting for a person who says how its columns are read."""
    update_job(db, actor.tenant_id, job_id, state="asking", rows_total=rows, rows_done=rows, finished_at=actor.now)


def save_report(db: Session, actor: Actor, job_id: UUID, report: Report, *, state: str) -> None:
    """Stores a report with its job; the state becomes `refused` when there are errors, else `state`."""
    update_job(
        db,
        actor.tenant_id,
        job_id,
        state="refused" if report.errors_total else state,
        rows_total=report.rows,
        rows_done=report.rows,
        report=report.to_json(),
        error=None,
        finished_at=actor.now,
    )


def save_failure(db: Session, actor: Actor, job_id: UUID, fault: HuikuanError, *, state: str = "failed") -> None:
    """Stores why the job failed, as code and parameters."""
    error = json.dumps({"code": fault.code, "params": fault.params}, default=str)
    update_job(db, actor.tenant_id, job_id, state=state, error=error, finished_at=actor.now)


def update_job(db: Session, tenant_id: UUID, job_id: UUID, **values: Any) -> None:
    """Updates columns of a job."""
    job = ImportJob
    db.execute(sa.update(job).where(job.tenant_id == tenant_id, job.id == job_id).values(**values))


def _lock_state(db: Session, tenant_id: UUID, job_id: UUID) -> str:
    """Returns the state of a job, locked until the commit. Raises NotFound(`import_not_found`)."""
    job = ImportJob
    state = db.execute(
        sa.select(job.state).where(job.tenant_id == tenant_id, job.id == job_id).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound("import_not_found")
    return state


def _work(actor: Actor, job_id: UUID, key: str, *, look: bool = False) -> dict[str, object]:
    """Returns the payload of work on a job, with the user's id, so that postings name the user who requested them."""
    return {"job_id": str(job_id), "user_id": str(actor.user_id or ""), "key": key, "look": look}


def _queue_check(db: Session, actor: Actor, job_id: UUID, *, look: bool = False) -> None:
    key = f"imports.check:{job_id}:{new_id()}"
    outbox.put(db, actor, "imports.check", _work(actor, job_id, key, look=look), key=key)
