"""Who is signed in: the person, their companies and roles, as one read. May import Flask-Login and db.

Invariant: the session cookie names `user id | session version`; raising the version signs out everywhere.
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
class CompanyOf:
    """One company a person belongs to."""

    tenant_id: UUID
    slug: str
    name: str
    timezone: str
    currency: str
    roles: frozenset[str]
    active: bool


@dataclass(frozen=True, eq=False)
class Person(UserMixin):  # type: ignore[misc]
    """A signed-in person."""

    id: UUID
    email: str
    name: str
    language: str
    session_version: int
    companies: tuple[CompanyOf, ...]

    def get_id(self) -> str:
        return f"{self.id}|{self.session_version}"

    def company(self, slug: str) -> CompanyOf | None:
        """The company of that address, when this person belongs to it."""
        return next((c for c in self.companies if c.slug == slug), None)


def load_person(db: Session, cookie: str) -> Person | None:
    """The person of a session cookie; None when the person is gone or the version was raised."""
    user_id, _, version = cookie.partition("|")
    try:
        wanted = UUID(user_id)
    except ValueError:
        return None
    person = read_person(db, wanted)
    return person if person and str(person.session_version) == version else None


def read_person(db: Session, user_id: UUID) -> Person | None:
    """The person with all companies, in one statement."""
    rows = columns(db, _reading(), {"user": user_id}).all()
    if not rows:
        return None
    companies = tuple(
        CompanyOf(
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
    return Person(first.id, first.email, first.name, first.language, first.session_version, companies)


@cache
def _reading() -> Any:
    """Built once: every request asks it."""
    u, m, t = User, Membership, Tenant
    return (
        sa.select(
            u.id,
            u.email,
            u.name,
            u.language,
            u.session_version,
            m.roles,
            t.id.label("tenant_id"),
            t.slug,
            t.name.label("company"),
            t.timezone,
            t.currency,
            t.state,
        )
        .select_from(u)
        .outerjoin(m, sa.and_(m.user_id == u.id, m.active))
        .outerjoin(t, t.id == m.tenant_id)
        .where(u.id == sa.bindparam("user", type_=sa.Uuid))
        .order_by(t.name)
    )
