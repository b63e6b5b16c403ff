"""Who of our people gets a mail: the active members of a company, by permission or by id, and the check before sending.

Invariant: somebody who has left the company, or lost the permission that a mail asks for, is not written to.
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

#: Why a mail is not sent to somebody who left, or may not see any more what it tells.
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
    return _read(db, tenant_id)


def people_who_may(db: Session, tenant_id: UUID, permission: Permission) -> list[Person]:
    """Returns the active members whose roles allow it, by address."""
    return [person for person in _read(db, tenant_id) if allows(person.roles, permission)]


def active_person(db: Session, tenant_id: UUID, user_id: UUID | None) -> Person | None:
    """Returns one active member; None when there is no such person, or they have left."""
    return next(iter(_read(db, tenant_id, User.id == user_id)), None) if user_id else None


def active_person_at(db: Session, tenant_id: UUID, address: str) -> Person | None:
    """Returns the active member with that address, or None."""
    return next(iter(_read(db, tenant_id, User.email == address)), None)


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


def _read(db: Session, tenant_id: UUID, *limits: sa.ColumnElement[bool]) -> list[Person]:
    u, m = User, Membership
    rows = db.execute(
        select_view(
            Person,
            id=value(u.id),
            name=value(u.name),
            email=value(u.email),
            language=value(u.language),
            roles=LATER,
        )
        .add_columns(m.roles.label("role_list"))
        .join(m, m.user_id == u.id)
        .where(m.tenant_id == tenant_id, m.active.is_(True), *limits)
        .order_by(u.email)
    )
    return [view(Person, row, roles=frozenset(row.role_list)) for row in rows]
