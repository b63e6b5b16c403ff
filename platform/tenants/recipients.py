"""Finds which members of a company get a mail, by permission or by id, and rechecks them before sending.

Invariant: a person who left the company, or lost the permission that a mail requires, gets no mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.mail import MailMessage
from kernel.views import LATER, select_view, value, view
from tenants.models import Membership, User
from tenants.permissions import Permission, allows
from tenants.slice import Recheck

#: Reason code of a mail not sent to a person who left or lost the permission.
PERSON_REMOVED = "person_removed"


@dataclass(frozen=True, slots=True)
class Person:
    """An active member of the company."""

    id: UUID
    name: str
    email: str
    language: str
    roles: frozenset[str]


def active_people(db: Session, tenant_id: UUID) -> list[Person]:
    """Returns the active members, by address."""
    return _active_people(db, tenant_id)


def people_who_may(db: Session, tenant_id: UUID, permission: Permission) -> list[Person]:
    """Returns the active members whose roles allow it, by address."""
    return [person for person in _active_people(db, tenant_id) if allows(person.roles, permission)]


def active_person(db: Session, tenant_id: UUID, user_id: UUID | None) -> Person | None:
    """Returns one active member; None when there is no such person, or they have left."""
    return next(iter(_active_people(db, tenant_id, User.id == user_id)), None) if user_id else None


def active_person_at(db: Session, tenant_id: UUID, address: str) -> Person | None:
    """Returns the active member with that address, or None."""
    return next(iter(_active_people(db, tenant_id, User.email == address)), None)


def was_member(db: Session, tenant_id: UUID, address: str) -> bool:
    """Returns True when a person with that address is or was a member of the company."""
    membership = Membership
    found = db.execute(
        sa.select(User.id)
        .join(membership, membership.user_id == User.id)
        .where(membership.tenant_id == tenant_id, User.email == address)
    ).first()
    return found is not None


def still_may(permission: Permission) -> Recheck:
    """Makes the check before sending to one of our people: still active, and still allowed."""

    def recheck(db: Session, actor: Actor, message: MailMessage) -> str | None:
        found = active_person_at(db, actor.tenant_id, message.to_address)
        return None if found is not None and allows(found.roles, permission) else PERSON_REMOVED

    recheck.__name__ = f"still_may({permission.value})"
    return recheck


def still_member(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Checks before sending that the reader still belongs to the company."""
    return None if active_person_at(db, actor.tenant_id, message.to_address) else PERSON_REMOVED


def _active_people(db: Session, tenant_id: UUID, *limits: sa.ColumnElement[bool]) -> list[Person]:
    membership = Membership
    rows = db.execute(
        select_view(
            Person,
            id=value(User.id),
            name=value(User.name),
            email=value(User.email),
            language=value(User.language),
            roles=LATER,
        )
        .add_columns(membership.roles.label("role_list"))
        .join(membership, membership.user_id == User.id)
        .where(membership.tenant_id == tenant_id, membership.active.is_(True), *limits)
        .order_by(User.email)
    )
    return [view(Person, row, roles=frozenset(row.role_list)) for row in rows]
