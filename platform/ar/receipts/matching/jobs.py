"""Jobs of matching: matches the lines of a file, and posts the sure ones batch by batch.

Invariants: handlers are idempotent; a batch and the message for the next one are one transaction, so a killed worker
leaves nothing half-done; in review mode a person accepts the sure lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.receipts.matching.commands import ACCEPT_JOB, MATCH_JOB, accept_sure_matches, match_lines, queue_next_batch
from kernel import queue
from kernel.actor import Actor
from tenants.queries import company
from tenants.slice import Job


def match(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Matches the lines of one file (or all that wait); posts the sure ones unless the company is in review mode."""
    file_id = payload.get("bank_file_id")
    matched = match_lines(db, actor, file_id=UUID(file_id) if file_id else None)
    if matched.sure and not company(db, actor.tenant_id).review_mode:
        queue_next_batch(db, actor)


def accept(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Posts one batch of sure lines on behalf of the requesting user; the next batch is a message of its own."""
    if payload.get("user_id"):
        actor = replace(actor, kind="person", name=payload["by"], user_id=UUID(payload["user_id"]))
    done = accept_sure_matches(db, actor)
    if done.more and (done.posted or done.passed_over):
        queue_next_batch(db, actor)


JOBS: Final = (Job(MATCH_JOB, match, queue.IMPORTS), Job(ACCEPT_JOB, accept, queue.IMPORTS))
