"""Remembered mappings: how the tables of one source are read, kept per company by the headers that the source writes.

Invariant: append-only: a change is a new version, so that what an earlier file was read by stays known.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import Json, Moment, Tenanted, Text
from kernel.counters import lock_counter
from kernel.db import Base
from kernel.ids import new_id
from kernel.sheets.mapping import ColumnMapping
from kernel.views import select_view, value, views

MAX_NAME_CHARS = 100


class TableMapping(Tenanted, Base):
    """One version of the mapping of a source: `kind` of content ("open-items", "bank"…) and fingerprint of headers."""

    __tablename__ = "table_mapping"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "kind", "fingerprint", "version"),
    )
    kind: Mapped[Text]
    fingerprint: Mapped[Text]
    version: Mapped[int]
    name: Mapped[Text]
    mapping: Mapped[Json] = mapped_column(JSONB)
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[Text]


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest version of a source's mapping, with who recorded it and when."""

    kind: str
    fingerprint: str
    version: int
    name: str
    mapping: dict[str, Any]
    recorded_at: datetime
    recorded_by: str

    def as_mapping(self) -> ColumnMapping:
        """Returns the mapping itself."""
        return ColumnMapping.model_validate(self.mapping)


def remember(db: Session, actor: Actor, kind: str, fingerprint: str, mapping: ColumnMapping, *, name: str = "") -> None:
    """Records a mapping for the source with these headers; nothing when the newest version says the same."""
    actor = lock_counter(db, actor, "table_mappings")
    before = find(db, actor.tenant_id, kind, [fingerprint]).get(fingerprint)
    said = mapping.to_remember().model_dump(mode="json")
    label = name.strip()[:MAX_NAME_CHARS] or (before.name if before else "")
    if before is not None and before.mapping == said and before.name == label:
        return
    db.execute(
        sa.insert(TableMapping).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            kind=kind,
            fingerprint=fingerprint,
            version=before.version + 1 if before else 1,
            name=label,
            mapping=said,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )


def find(db: Session, tenant_id: UUID, kind: str, fingerprints: Collection[str]) -> dict[str, Remembered]:
    """Returns fingerprint → newest remembered mapping, of those that are known."""
    if not fingerprints:
        return {}
    t = TableMapping
    rows = db.execute(_newest(tenant_id).where(t.kind == kind, t.fingerprint.in_(sorted(fingerprints))))
    return {each.fingerprint: each for each in views(Remembered, rows)}


def all_remembered(db: Session, tenant_id: UUID) -> list[Remembered]:
    """Returns the newest version of every remembered mapping, newest first."""
    found = views(Remembered, db.execute(_newest(tenant_id)))
    return sorted(found, key=lambda each: each.recorded_at, reverse=True)


def _newest(tenant_id: UUID) -> sa.Select[Any]:
    t = TableMapping
    return (
        select_view(
            Remembered,
            kind=value(t.kind),
            fingerprint=value(t.fingerprint),
            version=value(t.version),
            name=value(t.name),
            mapping=value(t.mapping),
            recorded_at=value(t.recorded_at),
            recorded_by=value(t.recorded_by),
        )
        .ext(distinct_on(t.kind, t.fingerprint))
        .where(t.tenant_id == tenant_id)
        .order_by(t.kind, t.fingerprint, t.version.desc())
    )
