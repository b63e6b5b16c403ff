"""Links a journal entry to what caused it beyond its documents: a bill's step, a provision run, a receipt.

Invariant: the ledger knows no slice above it. Each declares its sources and the names of its kinds of entries in its
`slice.py`; `app.registry` installs them here at process start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from tenants.slice import EntrySource

#: `(db, tenant_id, entry_id)` → the sources of the entry in one slice; one statement at most.
SourceFinder = Callable[[Session, UUID, UUID], Iterable[EntrySource]]
_finders: Final[dict[str, SourceFinder]] = {}
_entry_names: Final[dict[str, str]] = {}


def install(finders: Mapping[str, SourceFinder], entry_names: Mapping[str, str]) -> None:
    """Registers the finders by slice, and the names (msgids) of entry kinds that open no document. Idempotent."""
    _finders.clear()
    _finders.update(finders)
    _entry_names.clear()
    _entry_names.update(entry_names)


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the sources of an entry, in the order of slice names."""
    return [source for name in sorted(_finders) for source in _finders[name](db, tenant_id, entry_id)]


def entry_names() -> Mapping[str, str]:
    """Returns kind → name (msgid) of entries that open no document."""
    return _entry_names
