"""Stores the password and language of a person, and the links by which a forgotten password is chosen anew.

Invariants: they belong to no company, so the session must not have entered one; inside one the database finds nobody.
A new password ends every session and closes every link of the person.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from kernel.clock import utc_now
from kernel.db import TenantSession
from kernel.errors import NotFound
from kernel.ids import new_id
from tenants.models import User
from tenants.sign_in import sessions
from tenants.sign_in.models import PasswordReset, UserPassword
from tenants.sign_in.passwords import hash_password

RESET_LIFE: Final = timedelta(minutes=30)
#: Links by mail to one person within an hour.
RESETS_PER_HOUR: Final = 3


def set_password(
    db: TenantSession, user_id: UUID, password: str, *, but: UUID | None = None, version: int | None = None
) -> None:
    """Stores a new password, closes the person's links and ends their sessions, except `but`.

    `version`: the session version that a link carries, which works once, also when it is used twice at once. Raises
    NotFound(`person_not_found`), also when that version is over.
    """
    hashed, now, link = hash_password(password), utc_now(), PasswordReset
    _change(db, user_id, version, has_password=True, session_version=User.session_version + 1)
    stored = insert(UserPassword).values(id=user_id, user_id=user_id, password_hash=hashed, set_at=now)
    db.execute(
        stored.on_conflict_do_update(
            index_elements=[UserPassword.user_id], set_={"password_hash": hashed, "set_at": now}
        )
    )
    db.execute(sa.update(link).where(link.user_id == user_id, link.closed_at.is_(None)).values(closed_at=now))
    sessions.end_all(db, user_id, now, but=but)


def set_language(db: TenantSession, user_id: UUID, language: str) -> None:
    """Stores the language of a person. Raises NotFound(`person_not_found`)."""
    _change(db, user_id, language=language)


def issue_reset(db: TenantSession, user_id: UUID, now: datetime) -> str | None:
    """Issues a link to choose a new password; returns its secret, None after RESETS_PER_HOUR. It is stored nowhere."""
    link = PasswordReset
    # The person's row is the lock: two requests at once count each other.
    db.execute(sa.select(User.id).where(User.id == user_id).with_for_update())
    recent = db.execute(
        sa.select(sa.func.count())
        .select_from(link)
        .where(link.user_id == user_id, link.created_at > now - timedelta(hours=1))
    ).scalar_one()
    if recent >= RESETS_PER_HOUR:
        return None
    secret = secrets.token_urlsafe(sessions.SECRET_BYTES)
    db.execute(
        sa.insert(link).values(
            id=new_id(),
            user_id=user_id,
            token_hash=sessions.hash_of(secret),
            created_at=now,
            expires_at=now + RESET_LIFE,
        )
    )
    return secret


def person_of_reset(db: TenantSession, secret: str, now: datetime) -> UUID | None:
    """Returns whose link it is; None when it is unknown, used or over. Looking does not use it up."""
    return db.execute(sa.select(PasswordReset.user_id).where(*_good(secret, now))).scalar_one_or_none()


def use_reset(db: TenantSession, secret: str, password: str, now: datetime) -> UUID | None:
    """Sets the password by a link; returns the person, None when the link is not good (or was used this moment)."""
    user_id = db.execute(
        sa.update(PasswordReset).where(*_good(secret, now)).values(closed_at=now).returning(PasswordReset.user_id)
    ).scalar_one_or_none()
    if user_id is not None:
        set_password(db, user_id, password)
    return user_id


def _good(secret: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    link = PasswordReset
    return link.token_hash == sessions.hash_of(secret), link.closed_at.is_(None), link.expires_at > now


def _change(db: TenantSession, user_id: UUID, version: int | None = None, **values: Any) -> None:
    which = (User.id == user_id, *([] if version is None else [User.session_version == version]))
    if db.execute(sa.update(User).where(*which).values(values).returning(User.id)).first() is None:
        raise NotFound("person_not_found")
