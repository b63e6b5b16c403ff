"""Selects the people who may decide a step: holders of its role and their substitutes, never the requester.

Invariant: `deciders` is the single rule; pages, mails and the engine all use it.
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
    """The active members, and today's substitutions as (represented, substitute)."""

    members: Mapping[UUID, Person]
    stand_ins: Sequence[tuple[UUID, UUID]] = ()


def people_of(db: Session, tenant_id: UUID, today: date) -> People:
    """Returns the active members, with the substitutes of `today` (both days of a span included)."""
    substitute = ApprovalSubstitute
    members = {person.id: person for person in sorted(active_people(db, tenant_id), key=lambda person: person.id)}
    pairs = db.execute(
        sa.select(substitute.user_id, substitute.substitute_id)
        .where(
            substitute.tenant_id == tenant_id,
            substitute.revoked_at.is_(None),
            substitute.from_on <= today,
            substitute.to_on >= today,
        )
        .order_by(substitute.id)
    )
    return People(members, [(row.user_id, row.substitute_id) for row in pairs])


def deciders(people: People, role: str, requester_id: UUID | None, used: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Returns who may decide a step of `role` → on whose behalf (None: in their own right) (R010).

    `used`: people who decided another step of the chain or were represented there. The requester neither decides nor
    is represented: a substitute would use the requester's own authority on the requester's own request.
    """
    barred = {*used, requester_id}
    own = {member.id: None for member in people.members.values() if role in member.roles and member.id not in barred}
    found: dict[UUID, UUID | None] = dict(own)
    for represented, substitute in people.stand_ins:
        if represented in own and substitute in people.members and substitute not in barred:
            found.setdefault(substitute, represented)
    return found


def missing_role(people: People, roles: Sequence[str], requester_id: UUID | None) -> str | None:
    """Returns the first role of a chain left without a decider when each person decides one step, or None.

    Matches steps to people (bipartite matching), since one person may have several of the roles.
    """
    holders = [
        [member.id for member in people.members.values() if role in member.roles and member.id != requester_id]
        for role in roles
    ]
    assigned: dict[UUID, int] = {}

    def assign(step: int, tried: set[UUID]) -> bool:
        for person in holders[step]:
            if person in tried:
                continue
            tried.add(person)
            if person not in assigned or assign(assigned[person], tried):
                assigned[person] = step
                return True
        return False

    return next((role for step, role in enumerate(roles) if not assign(step, set())), None)
