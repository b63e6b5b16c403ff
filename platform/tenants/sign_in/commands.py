"""Stores the password and language of a person.

Invariant: they belong to no company, so the session must not have entered one; inside one the database finds nobody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kernel.db import TenantSession
from kernel.errors import NotFound
from tenants.models import User
from tenants.sign_in.passwords import hash_password


def set_password(db: TenantSession, user_id: UUID, password: str) -> None:
    """Stores a new password and ends every session of the person. Raises NotFound(`person_not_found`)."""
    _change(db, user_id, password_hash=hash_password(password), session_version=User.session_version + 1)


def set_language(db: TenantSession, user_id: UUID, language: str) -> None:
    """Stores the language of a person. Raises NotFound(`person_not_found`)."""
    _change(db, user_id, language=language)


def _change(db: TenantSession, user_id: UUID, **values: Any) -> None:
    if db.execute(sa.update(User).where(User.id == user_id).values(values).returning(User.id)).first() is None:
        raise NotFound("person_not_found")
