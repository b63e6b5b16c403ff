"""Job that parses a stored bank file, given its id.

Invariants: lines, report and the message to match are one commit; a killed job leaves nothing behind and starts over
from the stored file; every failure ends up on the file's page.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank import files as bank_files
from kernel import outbox, queue
from kernel.actor import Actor
from kernel.db import transaction
from kernel.errors import RuleBroken
from kernel.log import logger
from tenants.slice import Job

PROGRESS_EVERY_S = 0.5
#: Errors of the database or the machine, not of the file: worth another attempt.
TRANSIENT_ERRORS = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, MemoryError)
log = logger(__name__)


def parse_file_job(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Parses the file; it is `read`, `asking` or `refused` afterwards. Idempotent."""
    file_id = UUID(payload["bank_file_id"])
    attempts = _attempts(db, actor.tenant_id, file_id)
    if attempts > outbox.ATTEMPTS_MAX:
        bank_files.record_refusal(db, actor, file_id, RuleBroken("bank_file_broke"))
        return
    try:
        with db.begin_nested():
            bank_files.parse_file(db, actor, file_id, _ProgressRecorder(db, actor.tenant_id, file_id))
    except TRANSIENT_ERRORS as fault:
        if attempts < outbox.ATTEMPTS_MAX:
            raise
        _refuse(db, actor, file_id, fault)
    except Exception as fault:
        _refuse(db, actor, file_id, fault)


JOBS: Final = (Job(bank_files.READ_FILE, parse_file_job, queue.IMPORTS),)


def _refuse(db: Session, actor: Actor, file_id: UUID, fault: Exception) -> None:
    log.error("reading a bank file broke", tenant=str(actor.tenant_id), file=str(file_id), exc_info=fault)
    bank_files.record_refusal(db, actor, file_id, RuleBroken("bank_file_broke"))


def _attempts(db: Session, tenant_id: UUID, file_id: UUID) -> int:
    """Returns the attempts at the newest message of this file, this one included."""
    o = outbox.OutboxMessage
    like = f"{bank_files.READ_FILE}:{file_id}:%"
    newest = sa.select(o.attempts).where(o.tenant_id == tenant_id, o.key.like(like)).order_by(o.created_at.desc())
    return db.execute(newest.limit(1)).scalar_one_or_none() or 0


class _ProgressRecorder:
    """Records the progress of parsing, in its own transactions, at most every PROGRESS_EVERY_S seconds."""

    def __init__(self, db: Session, tenant_id: UUID, file_id: UUID) -> None:
        bind = db.get_bind()
        self._engine = bind if isinstance(bind, sa.Engine) else bind.engine
        self._tenant_id, self._file_id = tenant_id, file_id
        self._recorded_at = monotonic()

    def __call__(self, lines: int) -> None:
        if monotonic() - self._recorded_at >= PROGRESS_EVERY_S:
            with transaction(self._tenant_id, bind=self._engine) as db:
                bank_files.record_progress(db, self._tenant_id, self._file_id, lines)
            self._recorded_at = monotonic()
