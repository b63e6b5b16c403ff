"""Taking a file in, and a person's word to apply it; what the jobs note about it.

May import models, kernel. Invariants: the file is a blob from the first moment; a job is applied at most once,
however often the button is pressed; a job's row says what the person sees.
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
    """Stores a file and has it checked. Raises RuleBroken(`table_empty`, `table_too_large`)."""
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


def request_apply(db: Session, actor: Actor, job_id: UUID, data: ApplyImport) -> bool:
    """Has a checked import applied; False when that was asked before.

    Raises NotFound, RuleBroken(`import_totals_unconfirmed`), Conflict(`import_not_checked`).
    """
    j = ImportJob
    state = db.execute(
        sa.select(j.state).where(j.tenant_id == actor.tenant_id, j.id == job_id).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound("import_not_found")
    if state in ("applying", "applied"):
        return False
    if state != "checked":
        raise Conflict("import_not_checked")
    if not data.totals_confirmed:
        raise RuleBroken("import_totals_unconfirmed")
    note(db, actor.tenant_id, job_id, state="applying", rows_done=0, finished_at=None)
    outbox.put(db, actor, "imports.apply", _payload(actor, job_id), key=f"imports.apply:{job_id}")
    record(db, actor, "import_confirmed", subject_id=job_id)
    return True


def note_report(db: Session, actor: Actor, job_id: UUID, report: Report, *, state: str) -> None:
    """Stores what a check or an application found; `refused` in place of `state` when there are errors."""
    note(
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


def note_failure(db: Session, actor: Actor, job_id: UUID, fault: HuikuanError) -> None:
    """Stores why nothing could be done, as code and parameters."""
    error = json.dumps({"code": fault.code, "params": fault.params}, default=str)
    note(db, actor.tenant_id, job_id, state="failed", error=error, finished_at=actor.now)


def note(db: Session, tenant_id: UUID, job_id: UUID, **values: Any) -> None:
    """Writes columns of a job."""
    j = ImportJob
    db.execute(sa.update(j).where(j.tenant_id == tenant_id, j.id == job_id).values(**values))


def _payload(actor: Actor, job_id: UUID) -> dict[str, str]:
    """Ids only; the person's own, so that what is posted bears the name of who asked."""
    return {"job_id": str(job_id), "user_id": str(actor.user_id or "")}
