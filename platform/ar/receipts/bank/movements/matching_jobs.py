"""Queues the matching of a file's lines, whenever lines of it are new."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from kernel import outbox
from kernel.actor import Actor
from kernel.ids import new_id

MATCH: Final = "receipts.match"


def queue_matching(db: Session, actor: Actor, file_id: UUID) -> None:
    """Queues a job that matches what waits of a bank file; each call is a job of its own."""
    outbox.put(db, actor, MATCH, {"bank_file_id": str(file_id)}, key=f"{MATCH}:{file_id}:{new_id()}")
