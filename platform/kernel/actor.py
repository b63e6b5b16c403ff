"""The actor of a command: who acts, for which tenant, and when. The first argument of every command beside the session.

Invariants: commands take moment and date from the actor, never from the clock, so that a run with `--date`, a test and
the real day take the same path; a moment by which books are ordered is read after the locks (ADR 0037).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import is_replaced, local_date, utc_now


@dataclass(frozen=True)
class Actor:
    """One acting person or machine.

    kind: `person`, `system` (scheduled work), `debtor` (portal), `operator` (command line).
    `now` is aware UTC, `today` the tenant's local date.
    """

    tenant_id: UUID
    kind: str
    name: str
    now: datetime
    today: date
    timezone: str
    language: str = "zh_CN"
    user_id: UUID | None = None
    roles: frozenset[str] = field(default_factory=frozenset)


def system_actor(
    tenant_id: UUID, timezone: str, *, kind: str = "system", name: str = "Huikuan", language: str = "zh_CN"
) -> Actor:
    """Returns the product itself as the actor for a tenant, at the moment of the clock."""
    now = utc_now()
    return Actor(tenant_id, kind, name, now, local_date(now, timezone), timezone, language)


_NEARBY = timedelta(hours=1)
_CLOCK = sa.text("SELECT clock_timestamp()")


def after_locks(db: Session, actor: Actor) -> Actor:
    """Returns the actor at the moment of now, for a command that has just taken the locks of what it writes.

    `actor.now` of a request or job is the moment it began: another command may have committed since, while this one
    waited for a lock. What is recorded under a lock and ordered by its moment (postings, statements, answers, runs)
    takes it from here, so that of two commands on one customer the later one also has the later moment. The moment is
    that of the database, one clock for all machines.
    `today` stays, the day that the command was asked on. A lock that returns its own moment is `lock_counter`, and in
    the books `lock_customers`; this is for the locks of rows of a slice.
    """
    return at_moment(actor, db.connection().execute(_CLOCK).scalar_one())


def at_moment(actor: Actor, read_at: datetime) -> Actor:
    """Returns the actor at a moment that the database read after a lock.

    A clock that stands in for the machine's is asked instead; an actor who was put on another day than that clock's,
    to tell a history, stays there.
    """
    if not is_replaced():
        return replace(actor, now=read_at.astimezone(UTC))
    now = utc_now()
    return replace(actor, now=now) if abs(now - actor.now) < _NEARBY else actor
