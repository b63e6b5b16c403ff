"""Access links and one-time codes: one purpose, one subject, expiring, revocable, stored hashed.

Invariants: the token carries its tenant in clear so that no look-up crosses tenants; only the SHA-256 of the secret
part is stored; unknown, expired and revoked tokens are indistinguishable from outside.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session

from kernel.actor import Actor, after_locks
from kernel.binds import TENANT
from kernel.columns import Id, IdOrNone, Moment, MomentOrNone, Tenanted, Text, tenant_fk
from kernel.db import Base, columns
from kernel.ids import new_id

SECRET_BYTES = 32
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES_MAX = 5
CODES_PER_TOKEN_MAX = 10
#: A code that was made within this time is on its way: another would only make it void.
CODE_REST = timedelta(seconds=30)


class AccessToken(Tenanted, Base):
    """An access link for a debtor: its purpose, subject and expiry."""

    __tablename__ = "access_token"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "secret_hash"),
        sa.Index("ix_access_token_subject", "tenant_id", "subject_id"),
    )
    purpose: Mapped[Text]
    subject_id: Mapped[Id]
    customer_id: Mapped[Id]
    contact_id: Mapped[IdOrNone]
    secret_hash: Mapped[Text]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[MomentOrNone]
    created_at: Mapped[Moment]


class OneTimeCode(Tenanted, Base):
    """A six-digit code sent to the registered contact of a token."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        tenant_fk("token_id", "access_token"),
        sa.Index("ix_one_time_code_token", "tenant_id", "token_id", "id"),
    )
    token_id: Mapped[Id]
    sent_to: Mapped[Text]
    code_hash: Mapped[Text]
    expires_at: Mapped[Moment]
    tries: Mapped[int]
    used_at: Mapped[MomentOrNone]
    created_at: Mapped[Moment]


@dataclass(frozen=True)
class TokenFacts:
    """The subject a valid token gives access to."""

    id: UUID
    tenant_id: UUID
    purpose: str
    subject_id: UUID
    customer_id: UUID
    contact_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenFor:
    """The subject, customer and contact that a new token is for."""

    subject_id: UUID
    customer_id: UUID
    contact_id: UUID | None


def issue(
    db: Session,
    actor: Actor,
    purpose: str,
    *,
    subject_id: UUID,
    customer_id: UUID,
    contact_id: UUID | None,
    life: timedelta,
) -> tuple[UUID, str]:
    """Issues a token; returns (its id, the text to put into a link). The text is not stored."""
    return issue_many(db, actor, purpose, [TokenFor(subject_id, customer_id, contact_id)], life)[0]


def issue_many(
    db: Session, actor: Actor, purpose: str, tokens: Sequence[TokenFor], life: timedelta
) -> list[tuple[UUID, str]]:
    """Issues several tokens of one purpose, as `issue` does each; returns (id, text) in the same order."""
    issued = [(new_id(), secrets.token_bytes(SECRET_BYTES)) for _ in tokens]
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": token_id,
            "purpose": purpose,
            "subject_id": token.subject_id,
            "customer_id": token.customer_id,
            "contact_id": token.contact_id,
            "secret_hash": _hash(secret),
            "expires_at": actor.now + life,
            "created_at": actor.now,
        }
        for token, (token_id, secret) in zip(tokens, issued, strict=True)
    ]
    if rows:
        db.execute(sa.insert(AccessToken), rows)
    tenant = actor.tenant_id.bytes
    return [(token_id, _encode(tenant + secret)) for token_id, secret in issued]


def tenant_of(text: str) -> UUID | None:
    """Returns the tenant that a token's text names, without any look-up; None when it is no token."""
    raw = _decode(text)
    return UUID(bytes=raw[:16]) if raw else None


def resolve(db: Session, text: str, purpose: str, now: datetime) -> TokenFacts | None:
    """Returns what the token gives access to; None for an unknown, expired, revoked or foreign one."""
    raw = _decode(text)
    if raw is None:
        return None
    row = columns(db, _token(), {"tenant": UUID(bytes=raw[:16]), "hash": _hash(raw[16:])}).first()
    if row is None or row.purpose != purpose or row.revoked_at is not None or row.expires_at <= now:
        return None
    return TokenFacts(
        id=row.id,
        tenant_id=UUID(bytes=raw[:16]),
        purpose=row.purpose,
        subject_id=row.subject_id,
        customer_id=row.customer_id,
        contact_id=row.contact_id,
        expires_at=row.expires_at,
    )


@cache
def _token() -> sa.Select[*tuple[Any, ...]]:
    """Selects a token by its hash (binds: tenant, hash). Cached: every opening of a link asks it."""
    t = AccessToken
    return sa.select(t.id, t.purpose, t.subject_id, t.customer_id, t.contact_id, t.expires_at, t.revoked_at).where(
        t.tenant_id == TENANT, t.secret_hash == sa.bindparam("hash", type_=sa.Text)
    )


def revoke_for(db: Session, actor: Actor, subject_id: UUID) -> None:
    """Revokes every open token of a subject (a statement that was superseded)."""
    t = AccessToken
    db.execute(
        sa.update(t)
        .where(t.tenant_id == actor.tenant_id, t.subject_id == subject_id, t.revoked_at.is_(None))
        .values(revoked_at=actor.now)
    )


def lock_token(db: Session, actor: Actor, token_id: UUID) -> Actor:
    """Locks a token, so that of two requests for a code the second sees the first one's; returns the actor after it."""
    t = AccessToken
    db.execute(sa.select(t.id).where(t.tenant_id == actor.tenant_id, t.id == token_id).with_for_update())
    return after_locks(db, actor)


def is_code_on_its_way(db: Session, actor: Actor, token_id: UUID, sent_to: str) -> bool:
    """Returns whether the token's newest code was made for `sent_to` within CODE_REST and can still be entered.

    The caller holds the token's lock (`lock_token`).
    """
    c = OneTimeCode
    newest = db.execute(
        sa.select(c.sent_to, c.created_at, c.tries, c.used_at)
        .where(c.tenant_id == actor.tenant_id, c.token_id == token_id)
        .order_by(c.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.used_at is not None or newest.tries >= CODE_TRIES_MAX or newest.sent_to != sent_to:
        return False
    return bool(newest.created_at > actor.now - CODE_REST)


def new_code(db: Session, actor: Actor, token_id: UUID, sent_to: str) -> tuple[UUID, str] | None:
    """Issues a one-time code for a token; returns (its id, six digits), None after CODES_PER_TOKEN_MAX in a day."""
    c = OneTimeCode
    lock_token(db, actor, token_id)
    recent = db.execute(
        sa.select(sa.func.count())
        .select_from(c)
        .where(c.tenant_id == actor.tenant_id, c.token_id == token_id, c.created_at > actor.now - timedelta(days=1))
    ).scalar_one()
    if recent >= CODES_PER_TOKEN_MAX:
        return None
    code, code_id = f"{secrets.randbelow(1_000_000):06d}", new_id()
    db.execute(
        sa.insert(c).values(
            tenant_id=actor.tenant_id,
            id=code_id,
            token_id=token_id,
            sent_to=sent_to,
            code_hash=_hash(code.encode() + code_id.bytes),
            expires_at=actor.now + CODE_LIFE,
            tries=0,
            created_at=actor.now,
        )
    )
    return code_id, code


def use_code(db: Session, actor: Actor, token_id: UUID, typed: str) -> UUID | None:
    """Returns the id of the token's newest code when `typed` matches it, else None; counts the attempt either way.

    The caller commits in both cases, so that attempts are always counted.
    """
    c = OneTimeCode
    row = db.execute(
        sa.select(c.id, c.code_hash, c.expires_at, c.tries, c.used_at)
        .where(c.tenant_id == actor.tenant_id, c.token_id == token_id)
        .order_by(c.id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if row is None or row.used_at is not None or row.expires_at <= actor.now or row.tries >= CODE_TRIES_MAX:
        return None
    right = hmac.compare_digest(_hash(typed.strip().encode() + row.id.bytes), row.code_hash)
    db.execute(
        sa.update(c)
        .where(c.tenant_id == actor.tenant_id, c.id == row.id)
        .values(tries=c.tries + 1, used_at=actor.now if right else None)
    )
    return row.id if right else None


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _decode(text: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # One spelling only: the decoder passes over foreign characters and spare bits.
    return raw if len(raw) == 16 + SECRET_BYTES and _encode(raw) == text else None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
