"""The job that RQ runs: one outbox message, claimed again by its fence, worked on, marked done.

Invariants: effect and `done` are one transaction; a mail is `sending` in the database before SMTP is spoken,
and one found in that state again is `unknown`: a person decides, nothing is sent blindly twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy.orm import Session

from app.handlers import HANDLERS, RECHECKS, SETTLED
from kernel import mail, outbox
from kernel.actor import Actor
from kernel.clock import utc_now
from kernel.db import transaction
from kernel.i18n import use_language
from kernel.log import logger
from kernel.mail import SEND_MAIL
from kernel.settings import settings
from tenants.queries import system_actor_for

log = logger(__name__)


class LostLeaseError(Exception):
    """Another holder took the message while we worked; our transaction is rolled back."""


def deliver(tenant: str, message: str, fence: str) -> str:
    """Works on one outbox message; returns what became of it (for the queue's log)."""
    tenant_id, message_id = UUID(tenant), UUID(message)
    with transaction(tenant_id) as db:
        actor = system_actor_for(db, tenant_id)
        claimed = outbox.hold(db, tenant_id, message_id, int(fence), actor.now)
    if claimed is None:
        return "not ours"
    try:
        with _lease_kept(claimed):
            return _send(claimed) if claimed.kind == SEND_MAIL else _handle(claimed)
    except LostLeaseError:
        return "taken over"
    except Exception as error:
        log.exception("outbox message failed", tenant=tenant, message=message, kind=claimed.kind)
        with transaction(tenant_id) as db:
            actor = system_actor_for(db, tenant_id)
            outbox.fail(db, claimed, actor.now, f"{type(error).__name__}: {error}")
        return "failed"


def _handle(claimed: outbox.Claimed) -> str:
    with transaction(claimed.tenant_id) as db:
        actor = system_actor_for(db, claimed.tenant_id)
        with use_language(actor.language):
            HANDLERS[claimed.kind](db, actor, claimed.payload)
        _finish(db, actor, claimed)
    return "done"


@contextmanager
def _lease_kept(claimed: outbox.Claimed) -> Iterator[None]:
    """Prolongs the lease while the work goes on; when this process dies, so does the lease, within minutes."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(outbox.LEASE.total_seconds() / 4):
            with transaction(claimed.tenant_id) as db:
                outbox.extend(db, claimed, utc_now())

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _finish(db: Session, actor: Actor, claimed: outbox.Claimed) -> None:
    if not outbox.finish(db, claimed, actor.now):
        raise LostLeaseError


def _send(claimed: outbox.Claimed) -> str:
    """A mail in three steps: re-check and `sending`; SMTP; what became of it."""
    mail_id = UUID(claimed.payload["mail_id"])
    message = _prepare(claimed, mail_id)
    if isinstance(message, str):
        return message
    outcome = mail.speak_smtp(message, settings())
    with transaction(claimed.tenant_id) as db:
        actor = system_actor_for(db, claimed.tenant_id)
        if outcome.state == "retry":
            mail.settle(
                db, claimed.tenant_id, mail_id, "queued", actor.now, reason=outcome.reason, from_state="sending"
            )
            outbox.fail(db, claimed, actor.now, outcome.reason)
            return "retry"
        _settle(db, actor, claimed, mail_id, outcome.state, outcome.reason, from_state="sending")
    return outcome.state


def _prepare(claimed: outbox.Claimed, mail_id: UUID) -> EmailMessage | str:
    """The MIME message of a mail now marked `sending`; or what became of it instead."""
    with transaction(claimed.tenant_id) as db:
        actor = system_actor_for(db, claimed.tenant_id)
        row = mail.get(db, claimed.tenant_id, mail_id)
        if row.state == "sending":
            # Somebody died between `sending` and the answer of the mail server.
            _settle(db, actor, claimed, mail_id, "unknown", "the sender died while sending", from_state="sending")
            return "unknown"
        if row.state != "queued":
            _finish(db, actor, claimed)
            return row.state
        recheck = RECHECKS.get(row.purpose)
        reason = recheck(db, actor, row) if recheck else None
        if reason:
            _settle(db, actor, claimed, mail_id, "suppressed", reason, from_state="queued")
            return "suppressed"
        taken = mail.begin_sending(db, claimed.tenant_id, mail_id)
        if taken is None:
            raise LostLeaseError
        return mail.compose(db, taken, settings())


def _settle(
    db: Session, actor: Actor, claimed: outbox.Claimed, mail_id: UUID, state: str, reason: str, *, from_state: str
) -> None:
    mail.settle(db, claimed.tenant_id, mail_id, state, actor.now, reason=reason, from_state=from_state)
    row = mail.get(db, claimed.tenant_id, mail_id)
    settled = SETTLED.get(row.purpose)
    if settled:
        settled(db, actor, row, state)
    _finish(db, actor, claimed)
