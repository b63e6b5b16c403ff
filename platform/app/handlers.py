"""What the outbox's kinds mean: kind → queue and handler, gathered from the slices.

Invariant: every kind that a command puts has a handler here, and every queue has a worker (guard tests look).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

import ar.bills.jobs
import ar.cases.jobs
import ar.imports.jobs
import ar.receipts.jobs
import ar.reports.jobs
import ar.statements.jobs
import tenants.approvals.mails
from app.examination import examine_books
from ar.ledger.examining import EXAMINE
from kernel import journal, queue
from kernel.actor import Actor
from kernel.mail import SEND_MAIL, MailMessage, redact_links
from tenants.invitations import PURPOSE as INVITATION

Handler = Callable[[Session, Actor, dict[str, Any]], None]
Recheck = Callable[[Session, Actor, MailMessage], str | None]
Settled = Callable[[Session, Actor, MailMessage, str], None]


def seal_journal(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Seals what the journal has gathered, batch by batch."""
    while journal.seal(db, actor.tenant_id, actor.now):
        continue


def forget_welcome_link(db: Session, actor: Actor, mail: MailMessage, _state: str) -> None:
    """A link that chooses a password is not kept in clear once its mail has gone."""
    redact_links(db, actor.tenant_id, mail.id)


HANDLERS: dict[str, Handler] = {
    "journal.seal": seal_journal,
    EXAMINE: examine_books,
    **ar.cases.jobs.HANDLERS,
    **ar.statements.jobs.HANDLERS,
    **ar.imports.jobs.HANDLERS,
    **ar.bills.jobs.HANDLERS,
    **ar.receipts.jobs.HANDLERS,
    **ar.reports.jobs.HANDLERS,
}
RECHECKS: dict[str, Recheck] = {
    **tenants.approvals.mails.RECHECKS,
    **ar.cases.jobs.RECHECKS,
    **ar.reports.jobs.RECHECKS,
    **ar.statements.jobs.RECHECKS,
}
SETTLED: dict[str, Settled] = {
    INVITATION: forget_welcome_link,
    **ar.cases.jobs.SETTLED,
    **ar.statements.jobs.SETTLED,
}
KINDS = frozenset(HANDLERS) | {SEND_MAIL}

_QUEUES = {SEND_MAIL: queue.MAIL, "statements.issue": queue.DOCUMENTS}


def queue_of(kind: str) -> str:
    """The RQ queue on which a kind is worked."""
    if kind.startswith(("imports.", "receipts.")):
        return queue.IMPORTS
    return _QUEUES.get(kind, queue.RUNS)
