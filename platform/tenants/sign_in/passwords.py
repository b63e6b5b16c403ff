"""Passwords by argon2id. May import argon2 only.

Invariant: checking an unknown person takes as long as checking a known one.
"""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_MIN_CHARS = 10
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def password_is_right(stored: str | None, typed: str) -> bool:
    """Whether `typed` is the password of `stored`; None takes as long and is never right."""
    try:
        return _hasher.verify(stored or _nobody(), typed) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
