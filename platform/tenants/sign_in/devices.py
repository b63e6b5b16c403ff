"""Remembers in a signed cookie who signed in with a browser before.

Invariants: the cookie opens nothing: it only passes the limits that strangers fill, and says that a browser is not
new; a new password of a person makes their browsers new again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from kernel.ids import new_id

#: People of one browser that are remembered, the newest first.
PEOPLE_MAX: Final = 5


@dataclass(frozen=True)
class Device:
    """A browser: its id, and (user id, session version) of who signed in with it, the newest first."""

    id: str = field(default_factory=lambda: new_id().hex)
    people: tuple[tuple[str, int], ...] = ()

    def knows(self, user_id: UUID, session_version: int) -> bool:
        """Returns whether the person signed in with this browser, with the password they have now."""
        return (user_id.hex, session_version) in self.people

    def with_person(self, user_id: UUID, session_version: int) -> Device:
        """Returns the browser as it is after this person has signed in."""
        others = [each for each in self.people if each[0] != user_id.hex]
        return replace(self, people=((user_id.hex, session_version), *others)[:PEOPLE_MAX])


def read_device(secret_key: str, text: str) -> Device:
    """Returns the browser of a cookie; a new one when there is none or it is not ours."""
    try:
        device_id, people = _signer(secret_key).loads(text)
        return Device(str(device_id), tuple((str(person), int(version)) for person, version in people))
    except (BadData, ValueError, TypeError):
        return Device()


def write_device(secret_key: str, device: Device) -> str:
    """Returns the text of the cookie."""
    written = _signer(secret_key).dumps([device.id, device.people])
    return written if isinstance(written, str) else written.decode()


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="device")
