"""Idempotency: the same request twice has one effect and one answer.

Invariant: the key row is written in the transaction of the effect, so it exists exactly when the effect does; the
same key with other inputs is a conflict, never a second effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import IdOrNone, JsonOrNone, Moment, TenantKeyed, Text
from kernel.db import Base
from kernel.errors import Conflict


class IdempotencyKey(TenantKeyed, Base):
    """A request that was carried out: the hash of its inputs, the id of its result, and how a form was answered."""

    __tablename__ = "idempotency_key"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    key: Mapped[Text] = mapped_column(primary_key=True)
    request_hash: Mapped[Text]
    result_id: Mapped[IdOrNone]
    answer: Mapped[JsonOrNone]
    created_at: Mapped[Moment]


Result = TypeVar("Result", bound=UUID | None)

# Plain SQL, prepared at import: every form that changes something passes here.
_INSERT = sa.text(
    "INSERT INTO idempotency_key (tenant_id, key, request_hash, created_at) VALUES (:tenant, :key, :hash, :now)"
    " ON CONFLICT DO NOTHING RETURNING key"
)
_SELECT = sa.text("SELECT request_hash, result_id FROM idempotency_key WHERE tenant_id = :tenant AND key = :key")
_SET_ANSWER = sa.text(
    "UPDATE idempotency_key SET answer = CAST(:answer AS jsonb) WHERE tenant_id = :tenant AND key = :key"
)
# A form that was answered without an effect (a preview, a question back) is free to be sent again, changed too.
_TAKE = sa.text(
    "INSERT INTO idempotency_key (tenant_id, key, request_hash, created_at) VALUES (:tenant, :key, :hash, :now)"
    " ON CONFLICT (tenant_id, key) DO UPDATE SET request_hash = excluded.request_hash"
    " WHERE idempotency_key.tenant_id = excluded.tenant_id AND idempotency_key.answer IS NULL RETURNING key"
)
_SELECT_ANSWER = sa.text("SELECT request_hash, answer FROM idempotency_key WHERE tenant_id = :tenant AND key = :key")
_SET_RESULT = sa.text("UPDATE idempotency_key SET result_id = :result WHERE tenant_id = :tenant AND key = :key")


def once(db: Session, actor: Actor, key: str, request: Mapping[str, Any], do: Callable[[], Result]) -> Result:
    """Runs `do` unless `key` was carried out before; returns the result of the first time either way.

    `request` holds the inputs, without the key. A concurrent request with the same key waits for the first one's
    COMMIT. Raises Conflict(`idempotency_key_reused`) when the key was used with other inputs, and what `do` raises.
    """
    earlier = _earlier(db, actor, key, request)
    if earlier is not None:
        # Key and result were committed together, so what is stored is what `do` returned.
        return cast(Result, earlier.result_id)
    result = do()
    if result is not None:
        db.connection().execute(_SET_RESULT, {"tenant": actor.tenant_id, "key": key, "result": result})
    return result


def first_time(db: Session, actor: Actor, key: str, request: Mapping[str, Any]) -> bool:
    """Registers `key` in the caller's transaction; returns False when it was registered before.

    For effects that have no id to return; others take `once`. Raises Conflict(`idempotency_key_reused`).
    """
    return _earlier(db, actor, key, request) is None


def take(db: Session, actor: Actor, key: str, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Takes the key of a form in the caller's transaction; returns how it was answered before, None the first time.

    A concurrent request with the same key waits for the first one's end. The caller gives `set_answer` the answer of a
    form that had an effect. Raises Conflict(`idempotency_key_reused`) when it was answered for other inputs.
    """
    digest = _digest(request)
    connection = db.connection()
    if connection.execute(_TAKE, {"tenant": actor.tenant_id, "key": key, "hash": digest, "now": actor.now}).first():
        return None
    row = connection.execute(_SELECT_ANSWER, {"tenant": actor.tenant_id, "key": key}).one()
    if row.request_hash != digest:
        raise Conflict("idempotency_key_reused")
    return cast(Mapping[str, Any], row.answer)


def set_answer(db: Session, actor: Actor, key: str, answer: Mapping[str, Any]) -> None:
    """Keeps how the form of this key was answered. Without effect when its transaction was rolled back meanwhile."""
    values = {"tenant": actor.tenant_id, "key": key, "answer": json.dumps(answer)}
    db.connection().execute(_SET_ANSWER, values)


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


def _earlier(db: Session, actor: Actor, key: str, request: Mapping[str, Any]) -> sa.Row[Any] | None:
    """The row of an earlier request with this key; None when the key was registered just now."""
    digest = _digest(request)
    connection = db.connection()
    if connection.execute(_INSERT, {"tenant": actor.tenant_id, "key": key, "hash": digest, "now": actor.now}).first():
        return None
    row = connection.execute(_SELECT, {"tenant": actor.tenant_id, "key": key}).one()
    if row.request_hash != digest:
        raise Conflict("idempotency_key_reused")
    return row
