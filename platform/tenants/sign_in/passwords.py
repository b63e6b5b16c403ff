"""Hashes and checks passwords by argon2id.

Invariant: checking for an unknown person takes as long as for a known one.
"""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_MIN_CHARS = 10
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)


def hash_password(password: str) -> str:
    """Returns the argon2id hash to store."""
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _decoy_hash() -> str:
    return _hasher.hash("nobody has this password")


def verify_password(stored: str | None, typed: str) -> bool:
    """Returns True when `typed` matches the hash `stored`; None takes as long and never matches."""
    try:
        return _hasher.verify(stored or _decoy_hash(), typed) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
