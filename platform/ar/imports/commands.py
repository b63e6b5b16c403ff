"""Takes a file for import, requests its application, and records progress and reports of its job.

Invariants: the file is stored as a blob before it is parsed; a job is applied at most once, however often that is
requested; a job's row is what its page shows.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports.inputs import ApplyImport, ImportFile, Report
from ar.imports.models import ImportJob
from kernel import outbox, storage
from kernel.actor import Actor
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.sheets import MAX_UPLOAD_BYTES

MAX_FILE_NAME_CHARS = 200


def upload(db: Session, actor: Actor, file: ImportFile) -> UUID:
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
            state="uploaded",
            rows_total=0,
            rows_done=0,
            report={},
            error=None,
            created_by=actor.name,
            created_at=actor.now,
            finished_at=None,
        )
    )
    outbox.put(db, actor, "imports.check", _payload(actor, job_id), key=f"imports.check:{job_id}")
    record(
        db, actor, "import_uploaded", subject_id=job_id, data={"kind": file.kind, "file": file.name, "sha256": sha256}
    )
    return job_id


def request_application(db: Session, actor: Actor, job_id: UUID, data: ApplyImport) -> bool:
    """Queues the application of a checked import; returns False when that was requested before.

    Raises NotFound, RuleBroken(`import_totals_unconfirmed`), Conflict(`import_not_checked`).
    """
    job = ImportJob
    state = db.execute(
        sa.select(job.state).where(job.tenant_id == actor.tenant_id, job.id == job_id).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound("import_not_found")
    if state in ("applying", "applied"):
        return False
    if state != "checked":
        raise Conflict("import_not_checked")
    if not data.totals_confirmed:
        raise RuleBroken("import_totals_unconfirmed")
    update_job(db, actor.tenant_id, job_id, state="applying", rows_done=0, finished_at=None)
    outbox.put(db, actor, "imports.apply", _payload(actor, job_id), key=f"imports.apply:{job_id}")
    record(db, actor, "import_confirmed", subject_id=job_id)
    return True


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


def save_failure(db: Session, actor: Actor, job_id: UUID, fault: HuikuanError) -> None:
    """Stores why the job failed, as code and parameters."""
    error = json.dumps({"code": fault.code, "params": fault.params}, default=str)
    update_job(db, actor.tenant_id, job_id, state="failed", error=error, finished_at=actor.now)


def update_job(db: Session, tenant_id: UUID, job_id: UUID, **values: Any) -> None:
    """Updates columns of a job."""
    job = ImportJob
    db.execute(sa.update(job).where(job.tenant_id == tenant_id, job.id == job_id).values(**values))


def _payload(actor: Actor, job_id: UUID) -> dict[str, str]:
    """Returns the outbox payload; the user's id, so that postings carry the name of the user who requested them."""
    return {"job_id": str(job_id), "user_id": str(actor.user_id or "")}
