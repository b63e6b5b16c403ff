"""Idempotency: the same request twice has one effect and one answer.

May import db. Invariant: the key row is written in the transaction of the effect, so it exists exactly when
the effect does; the same key with other inputs is a conflict, never a second effect.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import IdOrNone, Moment, TenantKeyed, Text
from kernel.db import Base
from kernel.errors import Conflict


class IdempotencyKey(TenantKeyed, Base):
    """A request that was done: what it asked (hash) and what came of it."""

    __tablename__ = "idempotency_key"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    key: Mapped[Text] = mapped_column(primary_key=True)
    request_hash: Mapped[Text]
    result_id: Mapped[IdOrNone]
    created_at: Mapped[Moment]


# Written out once: every form that changes something passes here.
_FIRST = sa.text(
    "INSERT INTO idempotency_key (tenant_id, key, request_hash, created_at) VALUES (:tenant, :key, :hash, :now)"
    " ON CONFLICT DO NOTHING RETURNING key"
)
_BEFORE = sa.text("SELECT request_hash, result_id FROM idempotency_key WHERE tenant_id = :tenant AND key = :key")
_REMEMBER = sa.text("UPDATE idempotency_key SET result_id = :result WHERE tenant_id = :tenant AND key = :key")


def first_time(db: Session, actor: Actor, key: str, request: dict[str, Any]) -> tuple[bool, UUID | None]:
    """(True, None) when the caller shall do it now; (False, result id) when it was done before.

    A concurrent twin waits here for the other's commit. Raises Conflict(`idempotency_key_reused`) for other inputs.
    """
    wanted = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    values = {"tenant": actor.tenant_id, "key": key, "hash": wanted, "now": actor.now}
    connection = db.connection()
    if connection.execute(_FIRST, values).first():
        return True, None
    row = connection.execute(_BEFORE, {"tenant": actor.tenant_id, "key": key}).one()
    if row.request_hash != wanted:
        raise Conflict("idempotency_key_reused")
    return False, row.result_id


def remember(db: Session, actor: Actor, key: str, result_id: UUID) -> None:
    """Notes what came of the request, in the same transaction."""
    db.connection().execute(_REMEMBER, {"tenant": actor.tenant_id, "key": key, "result": result_id})
