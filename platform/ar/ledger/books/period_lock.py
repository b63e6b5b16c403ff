"""The period lock: the date through which the books are closed, checked by every dated write.

Invariant: a posting transaction keeps a share lock on the state's row until COMMIT, so locking waits for postings under
way and none can be dated behind it; a trigger rejects writes that bypass this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID
from weakref import ref

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.ledger.models import BooksState
from kernel.actor import Actor
from kernel.errors import RuleBroken

_CACHE_KEY = "ledger.locked_through"
_LOCK_SHARED = sa.text("SELECT locked_through FROM books_state WHERE tenant_id = :tenant FOR SHARE")


def create_books_state(db: Session, actor: Actor) -> None:
    """Inserts a new tenant's row of the period lock. Idempotent."""
    db.execute(insert(BooksState).values(tenant_id=actor.tenant_id, locked_through=None).on_conflict_do_nothing())


def locked_through(db: Session, tenant_id: UUID) -> date | None:
    """Returns the date through which the books are locked (None: not locked), for display; takes no lock."""
    return db.execute(
        sa.select(BooksState.locked_through).where(BooksState.tenant_id == tenant_id)
    ).scalar_one_or_none()


def lock_open_period(db: Session, tenant_id: UUID) -> date | None:
    """Locks the period in share until COMMIT; returns the date through which the books are locked (None: not locked).

    The date cannot change within the transaction, so it is selected once per transaction.
    """
    cached = db.info.get(_CACHE_KEY)
    # The connection comes first: it begins the transaction that the cache is checked against.
    connection = db.connection()
    transaction = db.get_transaction()
    if cached is not None and transaction is not None and cached[0]() is transaction:
        return cached[1]  # type: ignore[no-any-return]
    locked: date | None = connection.execute(_LOCK_SHARED, {"tenant": tenant_id}).scalar_one()
    remember_locked_through(db, locked)
    return locked


def remember_locked_through(db: Session, locked: date | None) -> None:
    """Keeps the date for this transaction, whose lock on the state's row was just taken."""
    transaction = db.get_transaction()
    if transaction is not None:
        db.info[_CACHE_KEY] = (ref(transaction), locked)  # weak, so that the session does not keep itself alive


def forget_locked_through(db: Session) -> None:
    """Drops the cached date after the lock was moved, so that the transaction selects it again."""
    db.info.pop(_CACHE_KEY, None)


def first_open_on(locked: date | None) -> date:
    """Returns the first day that may be posted on."""
    return date.min if locked is None else locked + timedelta(days=1)


def require_open(db: Session, tenant_id: UUID, days: Iterable[date]) -> None:
    """Raises RuleBroken(`period_locked`) when any of `days` lies in the locked period."""
    locked = lock_open_period(db, tenant_id)
    if locked is None:
        return
    earliest = min(days, default=None)
    if earliest is not None and earliest <= locked:
        raise RuleBroken("period_locked", on=earliest.isoformat(), through_on=locked.isoformat())


def require_unlocked(on: date | None, open_from: date) -> None:
    """Raises RuleBroken(`period_locked`) when `on` is given and lies before the first open day."""
    if on is not None and on < open_from:
        raise RuleBroken("period_locked", on=on.isoformat(), through_on=(open_from - timedelta(days=1)).isoformat())
