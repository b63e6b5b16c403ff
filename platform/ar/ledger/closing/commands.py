"""Locks the books through a day, and unlocks them once an approval is given.

Invariants: the state's row is locked exclusively, so postings under way have committed and later ones see the new day;
every change inserts a row that stays.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.locks import lock_books_alone
from ar.ledger.books.period_balances import insert_balances
from ar.ledger.books.period_lock import forget_locked_through, lock_open_period, locked_through
from ar.ledger.closing.inputs import LockBooks, RequestUnlock
from ar.ledger.models import BooksState, PeriodLock
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.kinds import Approved

UNLOCK: Final = "unlock_period"


def lock_books(db: Session, actor: Actor, data: LockBooks) -> UUID:
    """Locks the books from a form; a form sent twice locks once. Returns the lock's id. Raises as `lock_through`."""
    request_facts = data.model_dump(exclude={"key"})
    return idempotency.once(
        db, actor, f"lock:{data.key}", request_facts, lambda: lock_through(db, actor, data.through_on, data.reason)
    )


def lock_through(db: Session, actor: Actor, through_on: date, reason: str = "") -> UUID:
    """Locks the books through a day, inclusive; returns the lock's id. Waits for postings under way.

    Raises RuleBroken (`lock_in_future` for a day after today, `lock_not_forward` for one that is locked already).
    """
    actor, before_on = _lock_state(db, actor)
    if through_on > actor.today:
        raise RuleBroken("lock_in_future", today=actor.today.isoformat())
    if before_on is not None and through_on <= before_on:
        raise RuleBroken("lock_not_forward", through_on=before_on.isoformat())
    lock_id = _move_lock(db, actor, "lock", through_on, before_on, reason)
    insert_balances(db, actor.tenant_id, lock_id, through_on)
    journal.record(db, actor, "period_locked", subject_id=lock_id, data=_facts(through_on, before_on, reason))
    return lock_id


def request_unlock(db: Session, actor: Actor, data: RequestUnlock) -> UUID:
    """Requests to unlock the books after `data.back_to` (None: entirely); returns the approval's id.

    Raises RuleBroken (`books_not_locked`, `unlock_not_back` for a day that is not before the lock,
    `approval_pending` while another request is open).
    """
    locked = locked_through(db, actor.tenant_id)
    _require_earlier_day(locked, data.back_to)
    facts = {
        "locked_through": locked.isoformat() if locked else None,
        "back_to": data.back_to.isoformat() if data.back_to else None,
    }
    ask = ApprovalRequest(
        kind=UNLOCK,
        subject_id=actor.tenant_id,
        customer_id=None,
        amount_minor=None,
        currency=None,
        facts=facts,
        reason=data.reason,
    )
    return request(db, actor, ask)


def unlock(db: Session, actor: Actor, approved: Approved) -> None:
    """Carries out an approved request: moves the lock back to the requested day, and no further.

    Raises Conflict(`lock_moved`) when the lock is not the one the approvers were shown, RuleBroken (`books_not_locked`,
    `unlock_not_back`).
    """
    actor, before_on = _lock_state(db, actor)
    requested = approved.facts["back_to"]
    back_to = date.fromisoformat(requested) if requested else None
    _require_earlier_day(before_on, back_to)
    if before_on is not None and before_on.isoformat() != approved.facts["locked_through"]:
        raise Conflict("lock_moved", through_on=before_on.isoformat())
    lock_id = _move_lock(db, actor, "unlock", back_to, before_on, approved.reason, approval_id=approved.id)
    data = _facts(back_to, before_on, approved.reason) | {
        "approval_no": approved.number,
        "asked_by": approved.requested_by,
    }
    journal.record(db, actor, "period_unlocked", subject_id=lock_id, data=data)


def _lock_state(db: Session, actor: Actor) -> tuple[Actor, date | None]:
    """Locks the books alone; returns the actor after it, and the date through which the books are locked."""
    actor = lock_books_alone(db, actor)
    return actor, lock_open_period(db, actor.tenant_id)


def _require_earlier_day(locked: date | None, back_to: date | None) -> None:
    if locked is None:
        raise RuleBroken("books_not_locked")
    if back_to is not None and back_to >= locked:
        raise RuleBroken("unlock_not_back", through_on=locked.isoformat())


def _move_lock(
    db: Session,
    actor: Actor,
    kind: str,
    through_on: date | None,
    before_on: date | None,
    reason: str,
    *,
    approval_id: UUID | None = None,
) -> UUID:
    """Updates the state and inserts the change. Ids are made under the row lock, so they follow the order of locks."""
    lock_id = new_id()
    db.execute(sa.update(BooksState).where(BooksState.tenant_id == actor.tenant_id).values(locked_through=through_on))
    forget_locked_through(db)
    db.execute(
        sa.insert(PeriodLock).values(
            tenant_id=actor.tenant_id,
            id=lock_id,
            kind=kind,
            through_on=through_on,
            before_on=before_on,
            reason=reason,
            approval_id=approval_id,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    return lock_id


def _facts(through_on: date | None, before_on: date | None, reason: str) -> dict[str, Any]:
    return {
        "through_on": through_on.isoformat() if through_on else None,
        "before_on": before_on.isoformat() if before_on else None,
        "reason": reason,
    }
