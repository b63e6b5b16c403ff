"""Loads the signed-in person with their companies and roles, in one statement.

Invariant: the session cookie is `user id | session version`; raising the version signs out everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Session

from kernel.db import columns
from tenants.models import Membership, Tenant, User


@dataclass(frozen=True)
class PersonCompany:
    """A company of the person, with their roles in it."""

    tenant_id: UUID
    slug: str
    name: str
    timezone: str
    currency: str
    roles: frozenset[str]
    active: bool


@dataclass(frozen=True, eq=False)
class SignedInPerson(UserMixin):  # type: ignore[misc]
    """A signed-in person."""

    id: UUID
    email: str
    name: str
    language: str
    session_version: int
    companies: tuple[PersonCompany, ...]

    def get_id(self) -> str:
        return f"{self.id}|{self.session_version}"

    def company(self, slug: str) -> PersonCompany | None:
        """Returns the person's company of that slug, or None."""
        return next((company for company in self.companies if company.slug == slug), None)


def load_person(db: Session, cookie: str) -> SignedInPerson | None:
    """Returns the person of a session cookie; None when unknown or the version was raised."""
    user_id, _, version = cookie.partition("|")
    try:
        parsed_id = UUID(user_id)
    except ValueError:
        return None
    person = load_person_by_id(db, parsed_id)
    return person if person and str(person.session_version) == version else None


def load_person_by_id(db: Session, user_id: UUID) -> SignedInPerson | None:
    """Returns the person with all companies, or None."""
    rows = columns(db, _person_statement(), {"user": user_id}).all()
    if not rows:
        return None
    companies = tuple(
        PersonCompany(
            tenant_id=r.tenant_id,
            slug=r.slug,
            name=r.company,
            timezone=r.timezone,
            currency=r.currency,
            roles=frozenset(r.roles),
            active=r.state == "active",
        )
        for r in rows
        if r.tenant_id is not None
    )
    first = rows[0]
    return SignedInPerson(first.id, first.email, first.name, first.language, first.session_version, companies)


@cache
def _person_statement() -> Any:
    """Returns the statement. Cached, since every request runs it."""
    user, membership, tenant = User, Membership, Tenant
    return (
        sa.select(
            user.id,
            user.email,
            user.name,
            user.language,
            user.session_version,
            membership.roles,
            tenant.id.label("tenant_id"),
            tenant.slug,
            tenant.name.label("company"),
            tenant.timezone,
            tenant.currency,
            tenant.state,
        )
        .select_from(user)
        .outerjoin(membership, sa.and_(membership.user_id == user.id, membership.active))
        .outerjoin(tenant, tenant.id == membership.tenant_id)
        .where(user.id == sa.bindparam("user", type_=sa.Uuid))
        .order_by(tenant.name)
    )
