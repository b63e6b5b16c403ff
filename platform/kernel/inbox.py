"""The inbox: messages from outside (webhook, mail), stored once by their own id before anything acts on them.

Invariant: the same `source` and `external_id` make one row, however often it is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import Json, Moment, MomentOrNone, Tenanted, Text
from kernel.db import Base
from kernel.ids import new_id


class InboxMessage(Tenanted, Base):
    """A message from outside, stored as received."""

    __tablename__ = "inbox_message"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "source", "external_id"),
    )
    source: Mapped[Text]
    external_id: Mapped[Text]
    payload: Mapped[Json] = mapped_column(JSONB)
    received_at: Mapped[Moment]
    handled_at: Mapped[MomentOrNone]


def receive(db: Session, actor: Actor, source: str, external_id: str, payload: Mapping[str, Any]) -> UUID | None:
    """Stores a received message; returns its id, None when it was received before."""
    statement = (
        insert(InboxMessage)
        .values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            source=source,
            external_id=external_id,
            payload=dict(payload),
            received_at=actor.now,
        )
        .on_conflict_do_nothing()
    )
    return db.execute(statement.returning(InboxMessage.id)).scalar_one_or_none()
