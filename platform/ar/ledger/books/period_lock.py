"""The period lock: through which date the books are closed, and the door every dated write passes.

May import the ledger's tables and the kernel. Invariant: whoever books holds the state's row in share until COMMIT,
so a lock waits for what is under way and nothing slips in behind it; a trigger refuses what came another way.
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

_KEPT = "ledger.locked_through"
_HELD = sa.text("SELECT locked_through FROM books_state WHERE tenant_id = :tenant FOR SHARE")


def open_state(db: Session, actor: Actor) -> None:
    """The row that locks are kept in, for a new tenant; a second call adds nothing."""
    db.execute(insert(BooksState).values(tenant_id=actor.tenant_id, locked_through=None).on_conflict_do_nothing())


def locked_through(db: Session, tenant_id: UUID) -> date | None:
    """Through which date the books are locked, as a page shows it; holds nothing."""
    return db.execute(
        sa.select(BooksState.locked_through).where(BooksState.tenant_id == tenant_id)
    ).scalar_one_or_none()


def lock_open_period(db: Session, tenant_id: UUID) -> date | None:
    """The same for a writer: the lock cannot move until COMMIT, so it is asked once a transaction."""
    kept = db.info.get(_KEPT)
    # Asked first: it begins the transaction that is looked for.
    connection = db.connection()
    now = db.get_transaction()
    if kept is not None and now is not None and kept[0]() is now:
        return kept[1]  # type: ignore[no-any-return]
    found: date | None = connection.execute(_HELD, {"tenant": tenant_id}).scalar_one()
    if now is not None:
        db.info[_KEPT] = (ref(now), found)  # weak: a session is not to hold itself
    return found


def lock_moved(db: Session) -> None:
    """Called by whoever moved the lock: the transaction asks again."""
    db.info.pop(_KEPT, None)


def first_open_on(locked: date | None) -> date:
    """The first day that may be booked on."""
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
    """Raises RuleBroken(`period_locked`) when `on` was asked for and lies before the first open day."""
    if on is not None and on < open_from:
        raise RuleBroken("period_locked", on=on.isoformat(), through_on=(open_from - timedelta(days=1)).isoformat())
