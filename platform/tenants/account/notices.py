"""Writes into a company's journal what happened to a person's account, and mails it to them where it matters.

A person belongs to no company, but mail and journal do: one of their active companies carries both. Invariant: called
last, since the session has entered that company afterwards; without an active company nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel import journal
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.db import TenantSession, enter_tenant
from tenants.sign_in.identity import SignedInPerson
from web.mailtexts import Addressee

#: Queues a mail to the person; given the session, the actor and the reader.
Queue = Callable[[TenantSession, Actor, Addressee], UUID]


def note(
    db: TenantSession,
    person: SignedInPerson,
    event: str,
    now: datetime,
    *,
    queue: Queue | None = None,
    **data: Any,
) -> None:
    """Records the event in the journal of the person's first active company, and queues the mail there."""
    carrier = next(iter(person.active_companies()), None)
    if carrier is None:
        return
    actor = Actor(
        carrier.tenant_id,
        "person",
        person.name,
        now,
        local_date(now, carrier.timezone),
        carrier.timezone,
        person.language,
        person.id,
        carrier.roles,
    )
    enter_tenant(db, carrier.tenant_id)
    journal.record(db, actor, event, subject_id=person.id, data=data)
    if queue is not None:
        queue(db, actor, Addressee(person.email, person.name, person.language))
