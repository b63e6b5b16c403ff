"""Loads companies, their settings and working calendar, and their people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.actor import Actor, system_actor
from kernel.binds import TENANT
from kernel.calendars import WorkCalendar, stored_calendar
from kernel.db import columns
from kernel.errors import NotFound
from kernel.pinyin import pinyin_sort_key
from kernel.views import select_view, tuple_of, value, view, views
from tenants.models import Company, Membership, Tenant, User
from tenants.sign_in.models import UserPassword


@dataclass(frozen=True)
class TenantFacts:
    """A company as registered."""

    id: UUID
    slug: str
    name: str
    timezone: str
    currency: str
    language: str
    run_at: time
    state: str


@dataclass(frozen=True)
class CompanyFacts:
    """The company's letterhead and automation settings."""

    legal_name: str
    address: str
    phone: str
    tax_id: str
    bank_name: str
    bank_account: str
    contact_name: str
    contact_email: str
    policy_code: str
    review_mode: bool
    sales_see_all: bool
    calendar: str


@dataclass(frozen=True)
class DayOverride:
    """A day on which the company deviates from its calendar, with the reason."""

    on: date
    working: bool
    reason: str


@dataclass(frozen=True)
class Member:
    """A person of a company."""

    user_id: UUID
    name: str
    email: str
    roles: tuple[str, ...]
    active: bool
    has_password: bool


@cache
def _tenants() -> sa.Select[*tuple[Any, ...]]:
    registered = Tenant
    return select_view(
        TenantFacts,
        id=value(registered.id),
        slug=value(registered.slug),
        name=value(registered.name),
        timezone=value(registered.timezone),
        currency=value(registered.currency),
        language=value(registered.language),
        run_at=value(registered.run_at),
        state=value(registered.state),
    )


def tenant_by_slug(db: Session, slug: str) -> TenantFacts:
    """Returns the company of a slug. Raises NotFound(`tenant_not_found`)."""
    row = db.execute(_tenants().where(Tenant.slug == slug)).first()
    if row is None:
        raise NotFound("tenant_not_found", slug=slug)
    return view(TenantFacts, row)


def tenant(db: Session, tenant_id: UUID) -> TenantFacts:
    """Returns a company. Raises NotFound(`tenant_not_found`)."""
    row = columns(db, _one_tenant(), {"tenant": tenant_id}).first()
    if row is None:
        raise NotFound("tenant_not_found")
    return view(TenantFacts, row)


@cache
def _one_tenant() -> sa.Select[*tuple[Any, ...]]:
    return _tenants().where(Tenant.id == TENANT)


def active_tenants(db: Session) -> list[TenantFacts]:
    """Returns every active company, whose automatic work runs."""
    return views(TenantFacts, db.execute(_tenants().where(Tenant.state == "active").order_by(Tenant.id)))


def system_actor_for(db: Session, tenant_id: UUID, *, kind: str = "system", name: str = "Huikuan") -> Actor:
    """Returns the system as actor for a company, in its time zone and language."""
    facts = tenant(db, tenant_id)
    return system_actor(facts.id, facts.timezone, kind=kind, name=name, language=facts.language)


def company(db: Session, tenant_id: UUID) -> CompanyFacts:
    """Returns the company's letterhead and settings."""
    company_row = Company
    row = db.execute(
        select_view(
            CompanyFacts,
            legal_name=value(company_row.legal_name),
            address=value(company_row.address),
            phone=value(company_row.phone),
            tax_id=value(company_row.tax_id),
            bank_name=value(company_row.bank_name),
            bank_account=value(company_row.bank_account),
            contact_name=value(company_row.contact_name),
            contact_email=value(company_row.contact_email),
            policy_code=value(company_row.policy_code),
            review_mode=value(company_row.review_mode),
            sales_see_all=value(company_row.sales_see_all),
            calendar=value(company_row.calendar),
        ).where(company_row.tenant_id == tenant_id)
    ).one()
    return view(CompanyFacts, row)


def day_overrides(db: Session, tenant_id: UUID) -> list[DayOverride]:
    """Returns the company's own days with their reasons, the latest first."""
    stored = db.execute(sa.select(Company.calendar_overrides).where(Company.tenant_id == tenant_id)).scalar_one()
    days = [
        DayOverride(date.fromisoformat(day), override["working"], override["reason"])
        for day, override in stored.items()
    ]
    return sorted(days, key=lambda day: day.on, reverse=True)


def calendar_notices(db: Session, tenant_id: UUID) -> dict[str, Any]:
    """Returns the official notices that the company entered by year, each as `Company.calendar_notices` has it."""
    stored: dict[str, Any] = db.execute(
        sa.select(Company.calendar_notices).where(Company.tenant_id == tenant_id)
    ).scalar_one()
    return stored


def work_calendar(db: Session, tenant_id: UUID) -> WorkCalendar:
    """Returns the company's working calendar."""
    company_row = Company
    row = db.execute(
        sa.select(company_row.calendar, company_row.calendar_overrides, company_row.calendar_notices).where(
            company_row.tenant_id == tenant_id
        )
    ).one()
    return stored_calendar(row.calendar, row.calendar_overrides, row.calendar_notices)


def members(db: Session, tenant_id: UUID) -> list[Member]:
    """Returns the members of a company, active ones first, by name (Chinese by pinyin)."""
    people = views(Member, db.execute(_members(tenant_id)))
    return sorted(people, key=lambda person: (not person.active, name_key(person.name), person.user_id))


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """Returns the sort key of a name: pinyin for Chinese characters, lower case for the rest."""
    return pinyin_sort_key(name).casefold()


def member(db: Session, tenant_id: UUID, user_id: UUID) -> Member:
    """Returns a member, also a removed one. Raises NotFound(`person_not_found`)."""
    row = db.execute(_members(tenant_id).where(Membership.user_id == user_id)).first()
    if row is None:
        raise NotFound("person_not_found")
    return view(Member, row)


def _members(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    user, membership = User, Membership
    return (
        select_view(
            Member,
            user_id=value(user.id),
            name=value(user.name),
            email=value(user.email),
            roles=tuple_of(membership.roles),
            active=value(membership.active),
            has_password=value(user.has_password),
        )
        .join(membership, membership.user_id == user.id)
        .where(membership.tenant_id == tenant_id)
    )


def has_password(db: Session, user_id: UUID) -> bool:
    """Returns whether the person has chosen a password."""
    return bool(db.execute(sa.select(User.has_password).where(User.id == user_id)).scalar_one_or_none())


def user_for_sign_in(db: Session, email: str) -> tuple[UUID, str | None, int] | None:
    """Returns (id, password hash, session version) of an e-mail address, or None.

    The session must not have entered a company: inside one the database finds no password.
    """
    row = db.execute(
        sa.select(User.id, UserPassword.password_hash, User.session_version)
        .outerjoin(UserPassword, UserPassword.user_id == User.id)
        .where(User.email == email)
    ).first()
    return (row.id, row.password_hash, row.session_version) if row else None
