"""The table of notes on documents: added, never changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from kernel.columns import (
    Id,
    Moment,
    Tenanted,
    Text,
    tenant_fk,
)
from kernel.db import Base


class ItemNote(Tenanted, Base):
    """A staff note on a document that falls due or is late; notes are added, the newest is shown."""

    __tablename__ = "item_note"
    __table_args__ = (
        tenant_fk("item_id", "open_item"),
        sa.CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="note_within"),
        sa.Index("ix_item_note_item", "tenant_id", "item_id", "id"),
    )
    item_id: Mapped[Id]
    note: Mapped[Text]
    noted_at: Mapped[Moment]
    noted_by: Mapped[Text]
