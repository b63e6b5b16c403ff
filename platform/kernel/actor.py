"""The actor of a command: who acts, for which tenant, and when. The first argument of every command beside the session.

Invariant: commands take moment and date from the actor, never from the clock, so that a run with `--date`,
a test and the real day take the same path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from kernel.clock import local_date, utc_now


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
