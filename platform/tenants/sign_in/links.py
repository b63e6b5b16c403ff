"""Makes and opens the links by which a person chooses a password: signed, valid once, for seven days.

Invariant: a link carries the person's session version, which setting a password raises, so that no link works twice
and older links become invalid. Nothing is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from kernel.clock import utc_now

LINK_DAYS = 7


class _ClockSigner(TimestampSigner):
    """Signs with the clock of the product, which tests and `--date` can fix."""

    def get_timestamp(self) -> int:
        return int(utc_now().timestamp())


@dataclass(frozen=True)
class WelcomeLinks:
    """Makes and opens welcome links for one installation."""

    secret_key: str
    base_url: str

    def url(self, user_id: UUID, session_version: int) -> str:
        """Returns the link for a person."""
        token = self._serializer().dumps([user_id.hex, session_version])
        return f"{self.base_url}/welcome/{token}"

    def open(self, token: str) -> tuple[UUID, int] | None:
        """Returns (user id, session version) of a genuine, unexpired link, else None; the caller checks the version."""
        try:
            user_id, version = self._serializer().loads(token, max_age=LINK_DAYS * 86_400)
            return UUID(user_id), int(version)
        except (BadData, ValueError, TypeError, AttributeError):
            return None

    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret_key, salt="welcome", signer=_ClockSigner)


def version_in(body_text: str) -> int | None:
    """Returns the session version that the link in one of our mails carries; None where it has none."""
    found = re.search(r"/welcome/(\S+)", body_text)
    if found is None:
        return None
    _genuine, payload = URLSafeTimedSerializer("", salt="welcome").loads_unsafe(found[1])
    return int(payload[1]) if payload else None
