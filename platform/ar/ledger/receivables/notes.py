"""Disposition notes: the action planned for a document that falls due soon or is overdue (R133).

Invariant: notes are added, never changed; the newest one is current.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from ar.ledger.models import OpenItem
from ar.ledger.receivables.inputs import AddNote
from ar.ledger.receivables.models import ItemNote
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class NoteView:
    """A disposition note with its time and author."""

    item_id: UUID
    note: str
    noted_at: datetime
    noted_by: str


def add_note(db: Session, actor: Actor, item_id: UUID, data: AddNote) -> UUID:
    """Adds a note to a document and returns its id; the same key again returns the first id (R133).

    Raises NotFound(`item_not_found`), Conflict(`idempotency_key_reused`).
    """
    request = {"item": item_id, "note": data.note}
    return idempotency.once(db, actor, f"note:{data.key}", request, lambda: _add_note(db, actor, item_id, data))


def _add_note(db: Session, actor: Actor, item_id: UUID, data: AddNote) -> UUID:
    item = OpenItem
    row = db.execute(
        sa.select(item.customer_id, item.document_no).where(item.tenant_id == actor.tenant_id, item.id == item_id)
    ).first()
    if row is None:
        raise NotFound("item_not_found")
    note_id = new_id()
    db.execute(
        sa.insert(ItemNote).values(
            tenant_id=actor.tenant_id,
            id=note_id,
            item_id=item_id,
            note=data.note,
            noted_at=actor.now,
            noted_by=actor.name,
        )
    )
    journal.record(
        db,
        actor,
        "item_noted",
        customer_id=row.customer_id,
        subject_id=item_id,
        data={"document_no": row.document_no, "note": data.note},
    )
    return note_id


def notes_of(db: Session, tenant_id: UUID, item_id: UUID) -> list[NoteView]:
    """Returns all notes of a document, newest first."""
    rows = db.execute(_select_notes(tenant_id).where(ItemNote.item_id == item_id).order_by(ItemNote.id.desc()))
    return views(NoteView, rows)


def latest_notes(
    db: Session, tenant_id: UUID, item_ids: Sequence[UUID], *, known_at: datetime | None = None
) -> dict[UUID, NoteView]:
    """Returns item id → its newest note, for the given items; `known_at`: only notes recorded by that moment."""
    note = ItemNote
    statement = (
        _select_notes(tenant_id)
        .ext(distinct_on(note.item_id))
        .where(note.item_id == sa.any_(sa.cast(list(item_ids), sa.ARRAY(sa.Uuid))))
        .order_by(note.item_id, note.id.desc())
    )
    if known_at is not None:
        statement = statement.where(note.noted_at <= known_at)
    rows = db.execute(statement)
    return {newest.item_id: newest for newest in views(NoteView, rows)}


def _select_notes(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    note = ItemNote
    return select_view(
        NoteView,
        item_id=value(note.item_id),
        note=value(note.note),
        noted_at=value(note.noted_at),
        noted_by=value(note.noted_by),
    ).where(note.tenant_id == tenant_id)
