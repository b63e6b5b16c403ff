"""The job that reads a bank file. Its argument is an id.

May import bank_files and the kernel. Invariants: lines, report and the message to match are one commit; a job killed
anywhere leaves nothing and starts over from the stored file; whatever breaks, the file's page says so in the end.
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
#: What another try may not meet again: the database or the machine, not the file.
PASSING = (sa.exc.OperationalError, sa.exc.InterfaceError, OSError, MemoryError)
log = logger(__name__)


def read_file(db: Session, actor: Actor, payload: dict[str, Any]) -> None:
    """Reads the file; it is `read`, `asking` or `refused` afterwards. The message twice: nothing more."""
    file_id = UUID(payload["bank_file_id"])
    tries = _tries(db, actor.tenant_id, file_id)
    if tries > outbox.ATTEMPTS_MAX:
        bank_files.note_refused(db, actor, file_id, RuleBroken("bank_file_broke"))
        return
    try:
        with db.begin_nested():
            bank_files.read(db, actor, file_id, _Progress(db, actor.tenant_id, file_id))
    except PASSING as fault:
        if tries < outbox.ATTEMPTS_MAX:
            raise
        _give_up(db, actor, file_id, fault)
    except Exception as fault:
        _give_up(db, actor, file_id, fault)


JOBS: Final = (Job(bank_files.READ_FILE, read_file, queue.IMPORTS),)


def _give_up(db: Session, actor: Actor, file_id: UUID, fault: Exception) -> None:
    log.error("reading a bank file broke", tenant=str(actor.tenant_id), file=str(file_id), exc_info=fault)
    bank_files.note_refused(db, actor, file_id, RuleBroken("bank_file_broke"))


def _tries(db: Session, tenant_id: UUID, file_id: UUID) -> int:
    """How often the newest message of this file was begun, this time included."""
    o = outbox.OutboxMessage
    like = f"{bank_files.READ_FILE}:{file_id}:%"
    newest = sa.select(o.attempts).where(o.tenant_id == tenant_id, o.key.like(like)).order_by(o.created_at.desc())
    return db.execute(newest.limit(1)).scalar_one_or_none() or 0


class _Progress:
    """Tells the file's row how far the reading is, in transactions of its own and not too often."""

    def __init__(self, db: Session, tenant_id: UUID, file_id: UUID) -> None:
        bind = db.get_bind()
        self._engine = bind if isinstance(bind, sa.Engine) else bind.engine
        self._tenant_id, self._file_id = tenant_id, file_id
        self._told_at = monotonic()

    def __call__(self, lines: int) -> None:
        if monotonic() - self._told_at >= PROGRESS_EVERY_S:
            with transaction(self._tenant_id, bind=self._engine) as db:
                bank_files.note_progress(db, self._tenant_id, self._file_id, lines)
            self._told_at = monotonic()
