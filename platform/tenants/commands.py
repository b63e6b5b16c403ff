"""Creates companies; invites, changes and removes people; changes settings and working days.

Invariant: a company has a `company` row and at least one active person from its first transaction on.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from kernel import journal
from kernel.actor import Actor
from kernel.clock import utc_now
from kernel.db import TenantSession, enter_tenant
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from tenants.inputs import CalendarDay, ChangeRoles, CompanySettings, CreateTenant, InvitePerson
from tenants.models import Company, Membership, Tenant, User
from tenants.permissions import Role
from tenants.queries import system_actor_for
from tenants.sign_in.passwords import hash_password

OWNER_ROLES = [Role.ADMIN.value, Role.FINANCE_DIRECTOR.value]


def create_tenant(db: TenantSession, data: CreateTenant) -> tuple[UUID, UUID]:
    """Creates a company and its owner; returns (tenant id, user id). Raises Conflict(`slug_taken`).

    The session must not have entered a tenant yet; it has entered the new one afterwards.
    """
    now, tenant_id = utc_now(), new_id()
    taken = db.execute(
        insert(Tenant)
        .values(
            id=tenant_id,
            slug=data.slug,
            name=data.name,
            timezone=data.timezone,
            currency=data.currency,
            language=data.language,
            run_at=data.run_at,
            state="active",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[Tenant.slug])
        .returning(Tenant.id)
    ).first()
    if taken is None:
        raise Conflict("slug_taken", slug=data.slug)
    user_id = _ensure_user(db, data.owner_email, data.owner_name or data.owner_email.split("@")[0], data.language)
    db.execute(
        sa.insert(Membership).values(
            tenant_id=tenant_id, user_id=user_id, roles=OWNER_ROLES, active=True, created_at=now
        )
    )
    enter_tenant(db, tenant_id)
    db.execute(
        sa.insert(Company).values(
            tenant_id=tenant_id,
            legal_name=data.name,
            address="",
            phone="",
            tax_id="",
            bank_name="",
            bank_account="",
            contact_name=data.owner_name,
            contact_email=data.owner_email,
            policy_code=data.policy,
            review_mode=True,
            calendar="CN" if data.timezone == "Asia/Shanghai" else "MON-FRI",
            calendar_overrides={},
        )
    )
    actor = system_actor_for(db, tenant_id)
    journal.record(db, actor, "company_created", subject_id=tenant_id, data={"slug": data.slug, "name": data.name})
    return tenant_id, user_id


def invite_person(db: TenantSession, actor: Actor, data: InvitePerson) -> UUID:
    """Gives a person roles in the actor's company; returns their id. A known person keeps name and password.

    Raises Conflict(`not_your_own_admin`) when the actor would remove their own admin role.
    """
    user_id = _ensure_user(db, data.email, data.name, actor.language)
    roles = sorted({role.value for role in data.roles})
    if user_id == actor.user_id and Role.ADMIN in actor.roles and Role.ADMIN not in roles:
        raise Conflict("not_your_own_admin")
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

    Raises NotFound(`person_not_found`), Conflict(`not_your_own_admin`) for removing one's own admin role.
    """
    membership = Membership
    before = db.execute(
        sa.select(membership.roles)
        .where(membership.tenant_id == actor.tenant_id, membership.user_id == user_id, membership.active)
        .with_for_update()
    ).scalar_one_or_none()
    if before is None:
        raise NotFound("person_not_found")
    roles = sorted({role.value for role in data.roles})
    if user_id == actor.user_id and Role.ADMIN in before and Role.ADMIN not in roles:
        raise Conflict("not_your_own_admin")
    if roles == sorted(before):
        return
    of_user = (membership.tenant_id == actor.tenant_id, membership.user_id == user_id)
    db.execute(sa.update(membership).where(*of_user).values(roles=roles))
    journal.record(db, actor, "roles_changed", subject_id=user_id, data={"before": sorted(before), "after": roles})


def remove_person(db: TenantSession, actor: Actor, user_id: UUID) -> None:
    """Ends a membership.

    Raises NotFound(`person_not_found`), Conflict(`not_yourself`): so a company always has a person.
    """
    if user_id == actor.user_id:
        raise Conflict("not_yourself")
    membership = Membership
    found = db.execute(
        sa.update(membership)
        .where(membership.tenant_id == actor.tenant_id, membership.user_id == user_id, membership.active)
        .values(active=False)
        .returning(membership.user_id)
    ).first()
    if found is None:
        raise NotFound("person_not_found")
    journal.record(db, actor, "person_removed", subject_id=user_id)


def set_password(db: TenantSession, user_id: UUID, password: str) -> None:
    """Stores a new password and ends every session of the person."""
    db.execute(
        sa.update(User)
        .where(User.id == user_id)
        .values(password_hash=hash_password(password), session_version=User.session_version + 1)
    )


def set_language(db: TenantSession, user_id: UUID, language: str) -> None:
    """Stores the language of a person."""
    db.execute(sa.update(User).where(User.id == user_id).values(language=language))


def change_settings(db: TenantSession, actor: Actor, data: CompanySettings) -> None:
    """Changes the company's letterhead and automation; the journal records the old values."""
    company = Company
    before = db.execute(
        sa.select(company.policy_code, company.calendar, company.review_mode).where(
            company.tenant_id == actor.tenant_id
        )
    ).one()
    db.execute(sa.update(company).where(company.tenant_id == actor.tenant_id).values(**data.model_dump()))
    journal.record(
        db,
        actor,
        "settings_changed",
        subject_id=actor.tenant_id,
        data={"before": dict(before._mapping), "after": data.model_dump()},
    )


def set_calendar_day(db: TenantSession, actor: Actor, data: CalendarDay) -> None:
    """Makes one day a working day or a day off for the company, overriding its calendar."""
    day, exception = data.on.isoformat(), {"working": data.working, "reason": data.reason}
    company = Company
    db.execute(
        sa.update(company)
        .where(company.tenant_id == actor.tenant_id)
        .values(calendar_overrides=company.calendar_overrides.concat(sa.cast({day: exception}, JSONB)))
    )
    journal.record(db, actor, "calendar_day_set", subject_id=actor.tenant_id, data={"on": day, **exception})


def unset_calendar_day(db: TenantSession, actor: Actor, on: date) -> None:
    """Removes the company's override of a day. Raises NotFound(`calendar_day_not_found`)."""
    day, company = on.isoformat(), Company
    found = db.execute(
        sa.update(company)
        .where(company.tenant_id == actor.tenant_id, company.calendar_overrides.has_key(day))
        .values(calendar_overrides=company.calendar_overrides.op("-")(sa.literal(day, sa.Text)))
        .returning(company.tenant_id)
    ).first()
    if found is None:
        raise NotFound("calendar_day_not_found", on=day)
    journal.record(db, actor, "calendar_day_unset", subject_id=actor.tenant_id, data={"on": day})


def _ensure_user(db: TenantSession, email: str, name: str, language: str) -> UUID:
    """Returns the id of the user with that e-mail, created if new."""
    db.execute(
        insert(User)
        .values(
            id=new_id(),
            email=email,
            name=name,
            password_hash=None,
            language=language,
            session_version=1,
            created_at=utc_now(),
        )
        .on_conflict_do_nothing(index_elements=[User.email])
    )
    return db.execute(sa.select(User.id).where(User.email == email)).scalar_one()
