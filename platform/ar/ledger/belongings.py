"""What an entry belongs to beyond its documents: a bill's move, a provision run, a revaluation.

May import SQLAlchemy's session and the marker for translation. Invariant: the ledger knows no slice above it; each
names its own entries and finds what they belong to by what the composition root puts here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.i18n import mark


class Belonging(NamedTuple):
    """One thing an entry belongs to: what it is and its number, in the current language, and its page."""

    label: str
    text: str
    url: str


#: `(db, tenant_id, entry_id)` → what of this slice the entry belongs to; one statement at most.
Finder = Callable[[Session, UUID, UUID], Iterable[Belonging]]
FINDERS: Final[dict[str, Finder]] = {}
#: Kinds of entries that open no document: what they are called.
ENTRY_NAMES: Final[dict[str, str]] = {"provision": mark("Provision"), "revaluation": mark("Exchange revaluation")}


def belongings(db: Session, tenant_id: UUID, entry_id: UUID) -> list[Belonging]:
    """Everything that any slice says of the entry."""
    return [each for name in sorted(FINDERS) for each in FINDERS[name](db, tenant_id, entry_id)]
