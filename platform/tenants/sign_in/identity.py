"""Loads the signed-in person with their session, companies and roles, in one statement.

Invariants: the session cookie is `user id | secret`, and the secret's session must be in force; a session that began
before its person was removed from a company does not reach that company, and nobody else's session reaches any.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Session

from kernel.clock import utc_now
from kernel.db import columns
from tenants.models import Membership, Tenant, User
from tenants.sign_in.models import PersonSession
from tenants.sign_in.sessions import SEEN_EVERY, SESSION_REST, hash_of


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
    """A person with their companies; `session_id` and `seen_at` are of the session that they were loaded by, if any."""

    id: UUID
    email: str
    name: str
    language: str
    session_version: int
    companies: tuple[PersonCompany, ...]
    session_id: UUID | None = None
    seen_at: datetime | None = None

    def get_id(self) -> str:
        return str(self.id)

    def company(self, slug: str) -> PersonCompany | None:
        """Returns the person's company of that slug, or None."""
        return next((company for company in self.companies if company.slug == slug), None)

    def active_companies(self) -> list[PersonCompany]:
        """Returns the companies that are not suspended."""
        return [company for company in self.companies if company.active]

    def is_due_to_be_seen(self, now: datetime) -> bool:
        """Returns whether it is time to note that the session is in use."""
        return self.seen_at is not None and self.seen_at <= now - SEEN_EVERY


def load_person(db: Session, cookie: str) -> SignedInPerson | None:
    """Returns the person of a session cookie; None when the session is unknown or over, or they were removed since.

    A person of other companies loses the one; a person who had none when they signed in is signed in.
    """
    user_id, _, secret = cookie.partition("|")
    try:
        asked = {"user": UUID(user_id), "hash": hash_of(secret)}
    except ValueError:
        return None
    now = utc_now()
    rows = columns(db, _session_statement(), {**asked, "now": now, "rested": now - SESSION_REST}).all()
    reached = [row for row in rows if row.removed_at is None or row.removed_at < row.began_at]
    cut_off = len(reached) < len(rows) and not any(row.belongs for row in reached)
    if not reached or cut_off:
        return None
    return _person(reached, session_id=reached[0].session_id, seen_at=reached[0].seen_at)


def load_person_by_id(db: Session, user_id: UUID) -> SignedInPerson | None:
    """Returns the person with all companies, or None."""
    rows = columns(db, _person_statement(), {"user": user_id}).all()
    return _person(rows) if rows else None


def _person(rows: Any, **session: Any) -> SignedInPerson:
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
        if r.tenant_id is not None and r.belongs
    )
    first = rows[0]
    return SignedInPerson(
        first.id, first.email, first.name, first.language, first.session_version, companies, **session
    )


def _people() -> sa.Select[*tuple[Any, ...]]:
    """Returns a row for each company of a person, past ones included; one without where there is none."""
    user, membership, tenant = User, Membership, Tenant
    return (
        sa.select(
            user.id,
            user.email,
            user.name,
            user.language,
            user.session_version,
            membership.roles,
            membership.active.label("belongs"),
            membership.removed_at,
            tenant.id.label("tenant_id"),
            tenant.slug,
            tenant.name.label("company"),
            tenant.timezone,
            tenant.currency,
            tenant.state,
        )
        .select_from(user)
        .outerjoin(membership, membership.user_id == user.id)
        .outerjoin(tenant, tenant.id == membership.tenant_id)
        .where(user.id == sa.bindparam("user", type_=sa.Uuid))
        .order_by(tenant.name)
    )


@cache
def _person_statement() -> Any:
    """Returns the statement. Cached, since it runs often."""
    return _people()


@cache
def _session_statement() -> Any:
    """Returns the statement. Cached, since every request runs it."""
    session = PersonSession
    return (
        _people()
        .add_columns(session.id.label("session_id"), session.began_at, session.seen_at)
        .join(session, session.user_id == User.id)
        .where(
            session.token_hash == sa.bindparam("hash", type_=sa.Text),
            session.ended_at.is_(None),
            session.expires_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)),
            session.seen_at > sa.bindparam("rested", type_=sa.DateTime(timezone=True)),
        )
    )
