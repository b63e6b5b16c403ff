"""Collects from the slices the handlers of outbox kinds, the mails by purpose, and recurring work.

Invariant: every kind that a command puts has a handler here, and every queue has a worker (guard tests look).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from app.examination import examine_books
from app.slices import SLICES
from ar.ledger.closing.audit.runs import EXAMINE
from kernel import journal, queue
from kernel.actor import Actor
from kernel.mail import SEND_MAIL
from tenants.slice import Handler, Job, Mail, OnOutcome, Recheck, Recurring

SEAL: Final = "journal.seal"


def seal_journal(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Seals the unsealed events of the journal, batch by batch."""
    while journal.seal(db, actor.tenant_id, actor.now):
        continue


#: What concerns all slices at once.
OWN_JOBS: Final = (Job(SEAL, seal_journal), Job(EXAMINE, examine_books))
OWN_RECURRING: Final = (Recurring(SEAL, when="day_start"), Recurring(EXAMINE, when="day_start"))

JOBS: Final[tuple[Job, ...]] = (*OWN_JOBS, *(job for each in SLICES for job in each.jobs))
RECURRING: Final[tuple[Recurring, ...]] = (*OWN_RECURRING, *(one for each in SLICES for one in each.recurring))
MAILS: Final[tuple[Mail, ...]] = tuple(mail for each in SLICES for mail in each.mails)

HANDLERS: Final[dict[str, Handler]] = {job.kind: job.handler for job in JOBS}
RECHECKS: Final[dict[str, Recheck]] = {mail.purpose: mail.recheck for mail in MAILS}
ON_OUTCOME: Final[dict[str, OnOutcome]] = {mail.purpose: mail.on_outcome for mail in MAILS if mail.on_outcome}
_QUEUES: Final = {SEND_MAIL: queue.MAIL} | {job.kind: job.queue for job in JOBS}
KINDS: Final = frozenset(_QUEUES)


def queue_of(kind: str) -> str:
    """Returns the queue on which a kind is worked; an unknown kind goes to `runs`, where it fails visibly."""
    return _QUEUES.get(kind, queue.RUNS)
