"""Runs the RQ job: claims one outbox message by its fencing number, handles it and marks it done.

Invariants: effect and `done` are one transaction; a mail is `sending` in the database before the SMTP dialogue begins,
and one found in that state later is `unknown`: a person decides, nothing is sent blindly twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy.orm import Session

from app.handlers import HANDLERS, ON_OUTCOME, RECHECKS
from kernel import mail, outbox
from kernel.actor import Actor, system_actor
from kernel.clock import utc_now
from kernel.db import is_away, patiently, transaction
from kernel.i18n import use_language
from kernel.log import logger
from kernel.mail import SEND_MAIL
from kernel.mime import compose
from kernel.settings import settings
from tenants.queries import system_actor_for

log = logger(__name__)

KEEP_EVERY_S = outbox.LEASE.total_seconds() / 4
KEEP_AGAIN_S = 5.0
#: Why a message is given up whose last try nobody ended: neither the job itself nor its worker said how it went.
MACHINE_DIED = "the machine or process that worked on it ended without a word at its last try"


class LostLeaseError(Exception):
    """Another job claimed the message meanwhile; our transaction is rolled back."""


def deliver(tenant: str, message: str, fence: str) -> str:
    """Handles one outbox message; returns the outcome for the queue's log.

    While the database does not answer it waits: before the claim, and before it notes what came of the work.
    """
    tenant_id, message_id = UUID(tenant), UUID(message)
    claimed = patiently(lambda: _claim(tenant_id, message_id, int(fence)))
    if claimed is None:
        return "not ours"
    if claimed.attempts > _tries_max(claimed.kind):
        patiently(lambda: _give_back(claimed, MACHINE_DIED, stopped=False))
        return "given up"
    try:
        with _lease_kept(claimed):
            return _send(claimed) if claimed.kind == SEND_MAIL else _handle(claimed)
    except LostLeaseError:
        return "taken over"
    except Exception as error:
        log.exception("outbox message failed", tenant=tenant, message=message, kind=claimed.kind)
        reason, stopped = f"{type(error).__name__}: {error}", is_away(error)
        patiently(lambda: _give_back(claimed, reason, stopped=stopped))
        return "failed"


def release(tenant_id: UUID, message_id: UUID, fence: int, reason: str, *, stopped: bool) -> bool:
    """Gives back the message of a job whose process has ended; returns False when the job had concluded it.

    `stopped`: the process was told to end, so that the work has not failed and is due again at once.
    """
    with transaction(tenant_id) as db:
        found = outbox.left_behind(db, tenant_id, message_id, fence)
    if found is None:
        return False
    claimed, had_begun = found
    _give_back(claimed, reason, stopped=stopped or not had_begun)
    return True


def _claim(tenant_id: UUID, message_id: UUID, fence: int) -> outbox.Claimed | None:
    with transaction(tenant_id) as db:
        return outbox.reclaim(db, tenant_id, message_id, fence, utc_now())


def _tries_max(kind: str) -> int:
    return mail.TRIES_MAX if kind == SEND_MAIL else outbox.ATTEMPTS_MAX


def _give_back(claimed: outbox.Claimed, reason: str, *, stopped: bool) -> None:
    with transaction(claimed.tenant_id) as db:
        _release_lease(db, system_actor_for(db, claimed.tenant_id), claimed, reason, stopped=stopped)


def _release_lease(db: Session, actor: Actor, claimed: outbox.Claimed, reason: str, *, stopped: bool = False) -> None:
    """Reschedules the message; a mail after its last attempt is returned to its sender as failed.

    What was `stopped` is due again at once, and its try does not count.
    """
    row = mail.get(db, claimed.tenant_id, UUID(claimed.payload["mail_id"])) if claimed.kind == SEND_MAIL else None
    if row is not None and row.state == "sending":
        # The process failed when the text may have been on its way.
        _conclude(db, actor, claimed, row.id, mail.Outcome("unknown", reason[:500]), from_state="sending")
    elif stopped:
        outbox.hand_back(db, claimed, actor.now)
    elif (
        outbox.fail(db, claimed, actor.now, reason, tries_max=_tries_max(claimed.kind))
        and row is not None
        and row.state == "queued"
    ):
        given_up = mail.Outcome("failed", f"given up: {reason}"[:500])
        _record_outcome(db, actor, claimed, row.id, given_up, from_state="queued")


def _try_later(db: Session, actor: Actor, claimed: outbox.Claimed, mail_id: UUID, reason: str) -> None:
    """Reschedules a mail that the server did not accept, or returns it to its sender after the last attempt."""
    _record_outcome(db, actor, claimed, mail_id, mail.Outcome("queued", reason[:500]), from_state="sending")
    _release_lease(db, actor, claimed, reason)


def _handle(claimed: outbox.Claimed) -> str:
    with transaction(claimed.tenant_id) as db:
        actor = system_actor_for(db, claimed.tenant_id)
        with use_language(actor.language):
            HANDLERS[claimed.kind](db, actor, claimed.payload)
        _finish(db, actor, claimed)
    return "done"


@contextmanager
def _lease_kept(claimed: outbox.Claimed) -> Iterator[None]:
    """Extends the lease while the work goes on; when this process dies, the lease expires within minutes."""
    over = threading.Event()

    def keep() -> None:
        pause_s = KEEP_EVERY_S
        while not over.wait(pause_s):
            try:
                with transaction(claimed.tenant_id) as db:
                    outbox.extend(db, claimed, utc_now())
                pause_s = KEEP_EVERY_S
            except Exception:
                # Not the end of the lease: there is time for many more tries before it runs out.
                log.exception("a lease could not be extended", tenant=str(claimed.tenant_id), message=str(claimed.id))
                pause_s = KEEP_AGAIN_S

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
    """Sends a mail in three steps: recheck and `sending`; SMTP; recording of the outcome."""
    mail_id = UUID(claimed.payload["mail_id"])
    with transaction(claimed.tenant_id) as db:
        actor = system_actor_for(db, claimed.tenant_id)
        message = _prepare(db, actor, claimed, mail_id)
    if isinstance(message, str):
        return message
    outcome = mail.send_over_smtp(message, settings())
    # What the mail server said is not forgotten because the database is away for a moment.
    patiently(lambda: _note(claimed, mail_id, outcome, actor))
    return outcome.state


def _note(claimed: outbox.Claimed, mail_id: UUID, outcome: mail.Outcome, before: Actor) -> None:
    # Of the company nothing is asked again but the time.
    actor = system_actor(before.tenant_id, before.timezone, language=before.language)
    with transaction(claimed.tenant_id) as db:
        if outcome.state == "retry":
            _try_later(db, actor, claimed, mail_id, outcome.reason)
        else:
            _conclude(db, actor, claimed, mail_id, outcome, from_state="sending")


def _prepare(db: Session, actor: Actor, claimed: outbox.Claimed, mail_id: UUID) -> EmailMessage | str:
    """Returns the MIME message of a mail now marked `sending`, or its final state when it is not to be sent."""
    row = mail.get(db, claimed.tenant_id, mail_id)
    if row.state == "sending":
        # A process died between `sending` and the answer of the mail server.
        lost = mail.Outcome("unknown", "the sender died while sending")
        _conclude(db, actor, claimed, mail_id, lost, from_state="sending")
        return "unknown"
    if row.state != "queued":
        _finish(db, actor, claimed)
        return row.state
    recheck = RECHECKS.get(row.purpose)
    reason = recheck(db, actor, row) if recheck else None
    if reason:
        _conclude(db, actor, claimed, mail_id, mail.Outcome("suppressed", reason), from_state="queued")
        return "suppressed"
    taken = mail.begin_sending(db, claimed.tenant_id, mail_id)
    if taken is None:
        raise LostLeaseError
    try:
        return compose(db, taken, settings())
    except (ValueError, LookupError) as error:
        # It can never be composed, so a retry would not help; the sender sees the reason.
        broken = mail.Outcome("failed", f"the mail cannot be written: {error}"[:500])
        _conclude(db, actor, claimed, mail_id, broken, from_state="sending")
        return "failed"


def _conclude(
    db: Session, actor: Actor, claimed: outbox.Claimed, mail_id: UUID, outcome: mail.Outcome, *, from_state: str
) -> None:
    _record_outcome(db, actor, claimed, mail_id, outcome, from_state=from_state)
    _finish(db, actor, claimed)


def _record_outcome(
    db: Session, actor: Actor, claimed: outbox.Claimed, mail_id: UUID, outcome: mail.Outcome, *, from_state: str
) -> None:
    """Changes the mail's state and notifies the slice that queued it, in the same transaction."""
    row = mail.change_state(
        db,
        claimed.tenant_id,
        mail_id,
        outcome.state,
        actor.now,
        reason=outcome.reason,
        from_state=from_state,
        address_bad=outcome.address_bad,
    )
    if outcome.state != "queued":
        _notify(db, actor, row or mail.get(db, claimed.tenant_id, mail_id), outcome.state)


def _notify(db: Session, actor: Actor, row: mail.MailMessage, state: str) -> None:
    """Notifies the slice that queued the mail of its final state, in the same transaction."""
    on_outcome = ON_OUTCOME.get(row.purpose)
    if on_outcome:
        with use_language(actor.language):
            on_outcome(db, actor, row, state)
