"""The journal: append-only business events, sealed into hash-chained batches that anyone can verify.

Invariants: a command records its event in its own transaction; an event's only column that ever changes is
`sealed_in`, once, from NULL (a column grant and a trigger enforce that); a batch's hash covers its events in id order
and the hash of the batch before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import IdOrNone, Json, Moment, Tenanted, TenantKeyed, Text, tenant_fk
from kernel.db import Base
from kernel.ids import new_id

BATCH_EVENTS_MAX = 1_000
GENESIS = "0" * 64


class JournalBatch(TenantKeyed, Base):
    """One link of the chain: `number` counts from 1, `hash` covers `previous_hash` and the events."""

    __tablename__ = "journal_batch"
    __table_args__ = (sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    events: Mapped[int]
    previous_hash: Mapped[Text]
    hash: Mapped[Text]
    sealed_at: Mapped[Moment]


class JournalEvent(Tenanted, Base):
    """A business event: `kind` is a past participle (`statement_issued`), `data` its facts."""

    __tablename__ = "journal_event"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        tenant_fk("sealed_in", "journal_batch", target_column="number"),
        sa.Index("ix_journal_event_unsealed", "tenant_id", "id", postgresql_where=sa.text("sealed_in IS NULL")),
        sa.Index("ix_journal_event_subject", "tenant_id", "subject_id", "id"),
        sa.Index("ix_journal_event_customer", "tenant_id", "customer_id", "id"),
        sa.Index("ix_journal_event_batch", "tenant_id", "sealed_in"),
    )
    at: Mapped[Moment]
    kind: Mapped[Text]
    actor_kind: Mapped[Text]
    actor_name: Mapped[Text]
    user_id: Mapped[IdOrNone]
    customer_id: Mapped[IdOrNone]
    subject_id: Mapped[IdOrNone]
    data: Mapped[Json] = mapped_column(JSONB)
    sealed_in: Mapped[int | None]


@dataclass(frozen=True)
class Verification:
    """The result of verifying the chain of batches.

    `broken_at`: number of the first batch whose hash does not match. `anchor_found`: whether an earlier head noted
    outside is still a link of the chain (None: no anchor was given).
    """

    batches: int
    events: int
    unsealed: int
    head: str
    broken_at: int | None = None
    anchor_found: bool | None = None

    @property
    def ok(self) -> bool:
        return self.broken_at is None and self.anchor_found is not False

    @property
    def recorded(self) -> int:
        """Returns the number of events, sealed or not; it only grows."""
        return self.events + self.unsealed


_RECORD = sa.text("""
    INSERT INTO journal_event (tenant_id, id, at, kind, actor_kind, actor_name, user_id, customer_id, subject_id, data)
    VALUES (:tenant, :id, :at, :kind, :actor_kind, :actor_name, :user, :customer, :subject, CAST(:data AS jsonb))
""")


class NewEvent(NamedTuple):
    """An event to be recorded; `data` must be JSON-able."""

    kind: str
    customer_id: UUID | None = None
    subject_id: UUID | None = None
    data: Mapping[str, Any] | None = None


def record(
    db: Session,
    actor: Actor,
    kind: str,
    *,
    customer_id: UUID | None = None,
    subject_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Records an event in the caller's transaction; returns its id. `data` must be JSON-able."""
    return record_many(db, actor, [NewEvent(kind, customer_id, subject_id, data)])[0]


def record_many(db: Session, actor: Actor, events: Sequence[NewEvent]) -> list[UUID]:
    """Records events in the caller's transaction, in this order; returns their ids."""
    ids = [new_id() for _ in events]
    rows = [
        {
            "tenant": actor.tenant_id,
            "id": event_id,
            "at": actor.now,
            "kind": event.kind,
            "actor_kind": actor.kind,
            "actor_name": actor.name,
            "user": actor.user_id,
            "customer": event.customer_id,
            "subject": event.subject_id,
            "data": json.dumps(dict(event.data or {})),
        }
        for event_id, event in zip(ids, events, strict=True)
    ]
    if rows:
        db.connection().execute(_RECORD, rows if len(rows) > 1 else rows[0])
    return ids


def seal(db: Session, tenant_id: UUID, now: datetime) -> int:
    """Seals the oldest unsealed events into one batch; returns their number (0: nothing to do).

    Takes the tenant's batch lock first, so concurrent runs never write two batches of the same number.
    """
    from kernel.counters import take_numbers

    take_numbers(db, tenant_id, "lock:journal_batch")
    rows = db.execute(
        _events().where(JournalEvent.tenant_id == tenant_id, JournalEvent.sealed_in.is_(None)).limit(BATCH_EVENTS_MAX)
    ).all()
    if not rows:
        return 0
    last = db.execute(
        sa.select(JournalBatch.number, JournalBatch.hash)
        .where(JournalBatch.tenant_id == tenant_id)
        .order_by(JournalBatch.number.desc())
        .limit(1)
    ).first()
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    db.execute(
        sa.insert(JournalBatch).values(
            tenant_id=tenant_id,
            number=number,
            events=len(rows),
            previous_hash=previous,
            hash=chain_hash(previous, rows),
            sealed_at=now,
        )
    )
    db.execute(
        sa.update(JournalEvent)
        .where(JournalEvent.tenant_id == tenant_id, JournalEvent.id.in_([row.id for row in rows]))
        .values(sealed_in=number)
    )
    return len(rows)


def verify(db: Session, tenant_id: UUID, *, anchor: str | None = None) -> Verification:
    """Recomputes the hashes of a tenant's whole chain, batch by batch.

    A chain whose newest batches were removed is consistent in itself. Only an `anchor`, an earlier head (hash) kept
    outside, reveals that batches are missing or that the whole chain was rewritten.
    """
    previous, events, number = GENESIS, 0, 0
    seen = None if anchor is None else anchor == GENESIS
    batches = db.execute(
        sa.select(JournalBatch).where(JournalBatch.tenant_id == tenant_id).order_by(JournalBatch.number)
    ).scalars()
    for expected, batch in enumerate(batches, start=1):
        rows = db.execute(
            _events().where(JournalEvent.tenant_id == tenant_id, JournalEvent.sealed_in == batch.number)
        ).all()
        whole = (
            batch.number == expected
            and batch.previous_hash == previous
            and len(rows) == batch.events
            and chain_hash(previous, rows) == batch.hash
        )
        if not whole:
            return Verification(number, events, _unsealed(db, tenant_id), previous, broken_at=expected)
        previous, number, events = batch.hash, batch.number, events + len(rows)
        seen = seen if anchor is None else seen or anchor == batch.hash
    return Verification(number, events, _unsealed(db, tenant_id), previous, anchor_found=seen)


def chain_hash(previous: str, rows: Any) -> str:
    """Returns the SHA-256 over the previous hash and the canonical JSON of each event, in order."""
    digest = hashlib.sha256(previous.encode())
    for row in rows:
        fields = [
            str(row.id),
            row.at.astimezone(UTC).isoformat(),
            row.kind,
            row.actor_kind,
            row.actor_name,
            str(row.user_id or ""),
            str(row.customer_id or ""),
            str(row.subject_id or ""),
            row.data,
        ]
        digest.update(b"\n")
        digest.update(json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


def _events() -> Any:
    e = JournalEvent
    return sa.select(
        e.id, e.at, e.kind, e.actor_kind, e.actor_name, e.user_id, e.customer_id, e.subject_id, e.data
    ).order_by(e.id)


def _unsealed(db: Session, tenant_id: UUID) -> int:
    return db.execute(
        sa.select(sa.func.count())
        .select_from(JournalEvent)
        .where(JournalEvent.tenant_id == tenant_id, JournalEvent.sealed_in.is_(None))
    ).scalar_one()
