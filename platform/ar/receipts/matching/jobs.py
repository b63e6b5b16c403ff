"""What matching does outside a request: decide a file's lines, and book the sure ones batch by batch.

May import this slice's commands and the kernel. Invariants: handlers can run twice; a batch and the message for the
next one are one transaction, so a killed worker leaves nothing half-done; in review mode a person says yes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.receipts.matching.commands import ACCEPT_JOB, MATCH_JOB, accept_sure, go_on_accepting, match_lines
from kernel import queue
from kernel.actor import Actor
from tenants.queries import company
from tenants.slice import Job


def match(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Matches the lines of one file (or all that wait); books the sure ones unless the company is in review mode."""
    file_id = payload.get("bank_file_id")
    matched = match_lines(db, actor, file_id=UUID(file_id) if file_id else None)
    if matched.sure and not company(db, actor.tenant_id).review_mode:
        go_on_accepting(db, actor)


def accept(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """One batch of sure lines, in the name of whoever asked; the next batch is a message of its own."""
    if payload.get("user_id"):
        actor = replace(actor, kind="person", name=payload["by"], user_id=UUID(payload["user_id"]))
    done = accept_sure(db, actor)
    if done.more and (done.booked or done.passed_over):
        go_on_accepting(db, actor)


JOBS: Final = (Job(MATCH_JOB, match, queue.IMPORTS), Job(ACCEPT_JOB, accept, queue.IMPORTS))
