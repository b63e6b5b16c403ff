"""Stores the password and language of a person."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from kernel.db import TenantSession
from tenants.models import User
from tenants.sign_in.passwords import hash_password


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
