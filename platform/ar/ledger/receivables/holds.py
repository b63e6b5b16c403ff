"""What holds a document or a customer back from collection: a dispute, a promise, a hold.

Invariant: the ledger knows no slice above it. The slice that keeps the holds declares how they are found in its
`slice.py`; `app.registry` installs it here at process start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.actor import Actor
from tenants.slice import HoldFinder

_finders: Final[list[HoldFinder]] = []


def install(finders: Iterable[HoldFinder]) -> None:
    """Registers how the holds of today are found. Idempotent."""
    _finders[:] = list(finders)


def holds_of_today(db: Session, actor: Actor) -> Mapping[UUID, str]:
    """Returns why a document or a customer, by its id, is held back from collection today, in the current language."""
    found: dict[UUID, str] = {}
    for finder in _finders:
        found.update(finder(db, actor.tenant_id, actor.today))
    return found
