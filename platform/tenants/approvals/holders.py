"""Who may decide a step: holders of its role and their substitutes of the day, never the requester, nobody twice.

Invariant: `deciders` is the one answer; pages, mails and the engine all ask it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tenants.approvals.models import ApprovalSubstitute
from tenants.recipients import Person, active_people


@dataclass(frozen=True)
class People:
    """Everybody active, and who stands in for whom today: (represented, substitute)."""

    members: Mapping[UUID, Person]
    stand_ins: Sequence[tuple[UUID, UUID]] = ()


def people_of(db: Session, tenant_id: UUID, today: date) -> People:
    """The company's people as of this moment, with the substitutes of `today` (both days of a span included)."""
    s = ApprovalSubstitute
    members = {person.id: person for person in sorted(active_people(db, tenant_id), key=lambda person: person.id)}
    pairs = db.execute(
        sa.select(s.user_id, s.substitute_id)
        .where(s.tenant_id == tenant_id, s.revoked_at.is_(None), s.from_on <= today, s.to_on >= today)
        .order_by(s.id)
    )
    return People(members, [(row.user_id, row.substitute_id) for row in pairs])


def deciders(people: People, role: str, requester_id: UUID | None, used: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Who may decide a step of `role` → on whose behalf (None: in their own right) (R010).

    `used`: who has decided another step of the chain, or was stood in for. The requester decides nothing and is not
    stood in for either: a substitute would use the requester's own power on the requester's own request.
    """
    barred = {*used, requester_id}
    own = {m.id: None for m in people.members.values() if role in m.roles and m.id not in barred}
    found: dict[UUID, UUID | None] = dict(own)
    for represented, substitute in people.stand_ins:
        if represented in own and substitute in people.members and substitute not in barred:
            found.setdefault(substitute, represented)
    return found


def missing_role(people: People, roles: Sequence[str], requester_id: UUID | None) -> str | None:
    """The first role of a chain for which nobody is left when each person decides one step; None: all can be filled.

    A matching of steps to people, since one person may hold several of the roles.
    """
    holders = [[m.id for m in people.members.values() if role in m.roles and m.id != requester_id] for role in roles]
    taken: dict[UUID, int] = {}

    def place(step: int, tried: set[UUID]) -> bool:
        for person in holders[step]:
            if person in tried:
                continue
            tried.add(person)
            if person not in taken or place(taken[person], tried):
                taken[person] = step
                return True
        return False

    return next((role for step, role in enumerate(roles) if not place(step, set())), None)
