"""Begins and ends sessions: rows of the registry, so that signing out, a day, or another person's hand ends them.

Invariants: the cookie carries `user id | secret`, of which the SHA-256 is stored; a session ends on the server, at the
latest SESSION_LIFE after it began, or after SESSION_REST without a page; who asks is in a session without a company.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.ids import new_id
from kernel.views import select_view, value, views
from tenants.models import User
from tenants.sign_in.models import PersonSession

SESSION_LIFE: Final = timedelta(days=1)
SESSION_REST: Final = timedelta(hours=12)
#: A session that was seen less than this ago is not written again.
SEEN_EVERY: Final = timedelta(minutes=5)
SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class OpenSession:
    """A session in force, as its person sees it."""

    id: UUID
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    expires_at: datetime


def hash_of(secret: str) -> str:
    """Returns the hash under which the secret of a cookie or link is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def in_force(now: datetime) -> sa.ColumnElement[bool]:
    """Returns the condition of a session that is neither ended nor over at `now`."""
    return sa.and_(
        PersonSession.ended_at.is_(None),
        PersonSession.expires_at > now,
        PersonSession.seen_at > now - SESSION_REST,
    )


def hold_version(db: Session, user_id: UUID, version: int) -> bool:
    """Returns whether the person's session version is still `version`, and keeps it so until COMMIT.

    A password that is changed while it is checked lets nobody in: either the change waits, and ends the session that
    begins here, or it is seen here.
    """
    held = sa.select(User.session_version).where(User.id == user_id).with_for_update(read=True)
    return db.execute(held).scalar_one_or_none() == version


def begin(db: Session, user_id: UUID, now: datetime, *, browser: str, address: str) -> str:
    """Begins a session; returns the text of its cookie, `user id | secret`, which is stored nowhere."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    db.execute(
        sa.insert(PersonSession).values(
            id=new_id(),
            user_id=user_id,
            token_hash=hash_of(secret),
            browser=browser,
            address=address,
            began_at=now,
            seen_at=now,
            expires_at=now + SESSION_LIFE,
        )
    )
    return f"{user_id}|{secret}"


def end(db: Session, user_id: UUID, session_id: UUID, now: datetime) -> bool:
    """Ends one session of the person; returns False when it was none of theirs or is over."""
    return bool(_end(db, now, PersonSession.user_id == user_id, PersonSession.id == session_id))


def end_all(db: Session, user_id: UUID, now: datetime, *, but: UUID | None = None) -> int:
    """Ends every session of the person, except `but`; returns how many were in force."""
    kept = () if but is None else (PersonSession.id != but,)
    return _end(db, now, PersonSession.user_id == user_id, *kept)


def had_any(db: Session, user_id: UUID) -> bool:
    """Returns whether the person was ever signed in."""
    return bool(db.execute(sa.select(sa.exists().where(PersonSession.user_id == user_id))).scalar_one())


def seen(db: Session, session_id: UUID, now: datetime) -> None:
    """Notes that a session is in use. Does not revive one that ended meanwhile."""
    db.execute(
        sa.update(PersonSession)
        .where(PersonSession.id == session_id, PersonSession.seen_at <= now - SEEN_EVERY, in_force(now))
        .values(seen_at=now)
    )


def open_sessions(db: Session, user_id: UUID, now: datetime) -> list[OpenSession]:
    """Returns the person's sessions in force, the one that was used last first."""
    row = PersonSession
    return views(
        OpenSession,
        db.execute(
            select_view(
                OpenSession,
                id=value(row.id),
                browser=value(row.browser),
                address=value(row.address),
                began_at=value(row.began_at),
                seen_at=value(row.seen_at),
                expires_at=value(row.expires_at),
            )
            .where(row.user_id == user_id, in_force(now))
            .order_by(row.seen_at.desc(), row.id.desc())
        ),
    )


def _end(db: Session, now: datetime, *which: sa.ColumnElement[bool]) -> int:
    ended = db.execute(
        sa.update(PersonSession).where(*which, in_force(now)).values(ended_at=now).returning(PersonSession.id)
    )
    return len(ended.all())
