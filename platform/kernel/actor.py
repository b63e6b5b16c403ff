"""The actor of a command: who acts, for which tenant, and when. The first argument of every command beside the session.

Invariants: commands take moment and date from the actor, never from the clock, so that a run with `--date`, a test and
the real day take the same path; a moment by which books are ordered is taken after the locks (`after_locks`, ADR 0040).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
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


_CLOCK = sa.text("SELECT clock_timestamp()")


def after_locks(db: Session, actor: Actor) -> Actor:
    """Returns the actor at the moment of now, for a command that has just taken the locks of what it writes.

    `actor.now` of a request or job is the moment it began: another command may have committed since, while this one
    waited for a lock. What is recorded under a lock and ordered by its moment (postings, statements, answers, runs)
    takes it from here, so that of two commands on one customer the later one also has the later moment. The moment is
    that of the database, one clock for all machines; a clock that stands in for the machine's is asked instead.
    `today` stays, the day that the command was asked on.
    """
    now = utc_now() if is_replaced() else db.connection().execute(_CLOCK).scalar_one().astimezone(UTC)
    return replace(actor, now=now)
