"""Invites people to a company, changes their roles, and removes them.

Invariant: its people leave a company an administrator, also when two of them remove each other at once.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from kernel import journal
from kernel.actor import Actor
from kernel.clock import utc_now
from kernel.counters import lock_counter
from kernel.db import TenantSession
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from kernel.versions import check_version
from tenants.models import Membership, User
from tenants.people.inputs import ChangeRoles, InvitePerson
from tenants.permissions import Role

#: The lock of all changes of a company's people.
PEOPLE: Final = "people"


def invite_person(db: TenantSession, actor: Actor, data: InvitePerson) -> UUID:
    """Gives a person roles in the actor's company; returns their id. A known person keeps name and password.

    Raises Conflict (`not_your_own_admin` when the actor would remove their own admin role, `last_admin`).
    """
    actor = lock_counter(db, actor, PEOPLE)
    user_id = ensure_user(db, data.email, data.name, actor.language)
    roles = sorted({role.value for role in data.roles})
    if user_id == actor.user_id and Role.ADMIN in actor.roles and Role.ADMIN not in roles:
        raise Conflict("not_your_own_admin")
    if Role.ADMIN not in roles:
        _require_other_admin(db, actor, user_id)
    db.execute(
        insert(Membership)
        .values(tenant_id=actor.tenant_id, user_id=user_id, roles=roles, active=True, created_at=actor.now)
        .on_conflict_do_update(
            index_elements=[Membership.tenant_id, Membership.user_id], set_={"roles": roles, "active": True}
        )
    )
    journal.record(db, actor, "person_invited", subject_id=user_id, data={"email": data.email, "roles": roles})
    return user_id


def change_roles(db: TenantSession, actor: Actor, user_id: UUID, data: ChangeRoles) -> None:
    """Replaces the roles of an active member.

    Raises NotFound(`person_not_found`), Conflict (`not_your_own_admin` for removing one's own admin role,
    `last_admin`, `changed_meanwhile`).
    """
    actor = lock_counter(db, actor, PEOPLE)
    membership = Membership
    before = db.execute(
        sa.select(membership.roles)
        .where(membership.tenant_id == actor.tenant_id, membership.user_id == user_id, membership.active)
        .with_for_update()
    ).scalar_one_or_none()
    if before is None:
        raise NotFound("person_not_found")
    check_version(data, {"roles": sorted(before)})
    roles = sorted({role.value for role in data.roles})
    if user_id == actor.user_id and Role.ADMIN in before and Role.ADMIN not in roles:
        raise Conflict("not_your_own_admin")
    if roles == sorted(before):
        return
    if Role.ADMIN not in roles:
        _require_other_admin(db, actor, user_id)
    of_user = (membership.tenant_id == actor.tenant_id, membership.user_id == user_id)
    db.execute(sa.update(membership).where(*of_user).values(roles=roles))
    journal.record(db, actor, "roles_changed", subject_id=user_id, data={"before": sorted(before), "after": roles})


def remove_person(db: TenantSession, actor: Actor, user_id: UUID) -> None:
    """Ends a membership, and with it the way of every session of the person into the company.

    Raises NotFound(`person_not_found`), Conflict (`not_yourself`, `last_admin`): so a company always has a person.
    """
    if user_id == actor.user_id:
        raise Conflict("not_yourself")
    actor = lock_counter(db, actor, PEOPLE)
    _require_other_admin(db, actor, user_id)
    membership = Membership
    found = db.execute(
        sa.update(membership)
        .where(membership.tenant_id == actor.tenant_id, membership.user_id == user_id, membership.active)
        .values(active=False, removed_at=actor.now)
        .returning(membership.user_id)
    ).first()
    if found is None:
        raise NotFound("person_not_found")
    journal.record(db, actor, "person_removed", subject_id=user_id)


def _require_other_admin(db: TenantSession, actor: Actor, user_id: UUID) -> None:
    """Raises Conflict(`last_admin`) when the person is the only administrator. The caller has locked the people.

    An operator at the command line is no person of the company, and can always add another administrator.
    """
    if actor.user_id is None:
        return
    membership = Membership
    admins = db.execute(
        sa.select(membership.user_id).where(
            membership.tenant_id == actor.tenant_id, membership.active, membership.roles.contains([Role.ADMIN.value])
        )
    ).scalars()
    if set(admins) == {user_id}:
        raise Conflict("last_admin")


def ensure_user(db: TenantSession, email: str, name: str, language: str) -> UUID:
    """Returns the id of the user with that e-mail, created if new."""
    db.execute(
        insert(User)
        .values(
            id=new_id(),
            email=email,
            name=name,
            language=language,
            session_version=1,
            created_at=utc_now(),
        )
        .on_conflict_do_nothing(index_elements=[User.email])
    )
    return db.execute(sa.select(User.id).where(User.email == email)).scalar_one()
