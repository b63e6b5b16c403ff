"""The outbox: work to be done after the commit (mails, jobs), as rows of the transaction that decided it.

Invariants: PostgreSQL is the truth, RQ only carries ids; rows are claimed per tenant with a lease and a fencing
number; the job claims its row again by that number before any effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import Json, Moment, MomentOrNone, Tenanted, Text, TextOrNone, one_of
from kernel.db import Base
from kernel.ids import new_id, new_ids

LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 8
DELAY_MAX = timedelta(hours=2)
CLAIM_MAX = 200


class OutboxMessage(Tenanted, Base):
    """A unit of deferred work: `kind` names the handler, `payload` carries ids only."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "key"),
        one_of("state", "ready", "leased", "done", "dead"),
        sa.Index(
            "ix_outbox_message_due", "due_at", "tenant_id", postgresql_where=sa.text("state IN ('ready', 'leased')")
        ),
    )
    kind: Mapped[Text]
    key: Mapped[TextOrNone]
    payload: Mapped[Json] = mapped_column(JSONB)
    state: Mapped[Text]
    due_at: Mapped[Moment]
    lease_until: Mapped[MomentOrNone]
    fence: Mapped[int]
    attempts: Mapped[int]
    last_error: Mapped[TextOrNone]
    created_at: Mapped[Moment]
    done_at: Mapped[MomentOrNone]


@dataclass(frozen=True)
class Claimed:
    """A claimed message; the claim is valid as long as its fencing number is that of the row."""

    tenant_id: UUID
    id: UUID
    kind: str
    payload: dict[str, Any]
    fence: int


def put(
    db: Session,
    actor: Actor,
    kind: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    due_at: datetime | None = None,
) -> UUID | None:
    """Adds a message in the caller's transaction; returns its id, None when one with the same `key` exists."""
    message_id = new_id()
    statement = (
        insert(OutboxMessage)
        .values(
            tenant_id=actor.tenant_id,
            id=message_id,
            kind=kind,
            key=key,
            payload=dict(payload),
            state="ready",
            due_at=due_at or actor.now,
            fence=0,
            attempts=0,
            created_at=actor.now,
        )
        .on_conflict_do_nothing(index_elements=[OutboxMessage.tenant_id, OutboxMessage.key])
    )
    return db.execute(statement.returning(OutboxMessage.id)).scalar_one_or_none()


def put_many(
    db: Session, actor: Actor, kind: str, messages: Sequence[tuple[str, Mapping[str, Any]]], *, chunk: int = 1_000
) -> int:
    """Adds messages of one kind by (key, payload), one statement per `chunk`; returns the number of new keys."""
    added = 0
    for start in range(0, len(messages), chunk):
        ids = new_ids(min(chunk, len(messages) - start))
        rows = [
            {
                "tenant_id": actor.tenant_id,
                "id": message_id,
                "kind": kind,
                "key": key,
                "payload": dict(payload),
                "state": "ready",
                "due_at": actor.now,
                "fence": 0,
                "attempts": 0,
                "created_at": actor.now,
            }
            for message_id, (key, payload) in zip(ids, messages[start : start + chunk], strict=True)
        ]
        statement = (
            insert(OutboxMessage)
            .values(rows)
            .on_conflict_do_nothing(index_elements=[OutboxMessage.tenant_id, OutboxMessage.key])
        )
        added += len(db.execute(statement.returning(OutboxMessage.id)).all())
    return added


def tenants_with_work(db: Session, now: datetime, limit: int = 100) -> list[UUID]:
    """Returns the active tenants with due rows: the only read across tenants, as role `huikuan_dispatch`.

    Rows of a suspended company wait.
    """
    o, t = OutboxMessage, sa.table("tenant", sa.column("id"), sa.column("state"))
    rows = db.execute(
        sa.select(o.tenant_id)
        .join(t, t.c.id == o.tenant_id)
        .where(
            t.c.state == "active",
            o.due_at <= now,
            o.state.in_(["ready", "leased"]),
            sa.or_(o.lease_until.is_(None), o.lease_until < now),
        )
        .group_by(o.tenant_id)
        .order_by(sa.func.min(o.due_at))
        .limit(limit)
    )
    return [row.tenant_id for row in rows]


def claim(db: Session, tenant_id: UUID, now: datetime, limit: int = CLAIM_MAX) -> list[Claimed]:
    """Claims due rows of one tenant for LEASE; concurrent claims get disjoint rows. An expired lease is due again."""
    o = OutboxMessage
    due = (
        sa.select(o.id)
        .where(
            o.tenant_id == tenant_id,
            o.due_at <= now,
            sa.or_(o.state == "ready", sa.and_(o.state == "leased", o.lease_until < now)),
        )
        .order_by(o.due_at, o.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # Evaluated once: as a plain subquery some plans run it anew for each row, and lock more than they lease.
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    rows = db.execute(
        sa.update(o)
        .where(o.tenant_id == tenant_id, o.id == due.c.id)
        .values(state="leased", lease_until=now + LEASE, fence=o.fence + 1)
        .returning(o.id, o.kind, o.payload, o.fence)
    ).all()
    return [
        Claimed(tenant_id=tenant_id, id=row.id, kind=row.kind, payload=row.payload, fence=row.fence)
        for row in sorted(rows, key=lambda r: r.id)
    ]


def reclaim(db: Session, tenant_id: UUID, message_id: UUID, fence: int, now: datetime) -> Claimed | None:
    """Claims a leased message again inside the job that works on it, and counts the attempt.

    Returns None when the message is done or was claimed by another job. The fencing number is raised, so a second
    run of the same job finds its own number outdated.
    """
    o = OutboxMessage
    row = db.execute(
        sa.update(o)
        .where(o.tenant_id == tenant_id, o.id == message_id, o.fence == fence, o.state == "leased")
        .values(lease_until=now + LEASE, fence=o.fence + 1, attempts=o.attempts + 1)
        .returning(o.kind, o.payload, o.fence)
    ).first()
    return (
        Claimed(tenant_id=tenant_id, id=message_id, kind=row.kind, payload=row.payload, fence=row.fence)
        if row
        else None
    )


def extend(db: Session, claimed: Claimed, now: datetime) -> None:
    """Extends the lease while the work goes on."""
    o = OutboxMessage
    db.execute(
        sa.update(o)
        .where(o.tenant_id == claimed.tenant_id, o.id == claimed.id, o.fence == claimed.fence, o.state == "leased")
        .values(lease_until=now + LEASE)
    )


def finish(db: Session, claimed: Claimed, now: datetime) -> bool:
    """Marks a message done; returns False when another job claimed it meanwhile (the caller rolls back)."""
    o = OutboxMessage
    result = db.execute(
        sa.update(o)
        .where(o.tenant_id == claimed.tenant_id, o.id == claimed.id, o.fence == claimed.fence, o.state == "leased")
        .values(state="done", done_at=now, lease_until=None)
        .returning(o.id)
    ).first()
    return result is not None


def fail(db: Session, claimed: Claimed, now: datetime, error: str, *, tries_max: int = ATTEMPTS_MAX) -> bool:
    """Reschedules a failed message with growing delay up to DELAY_MAX; returns True when it is dead instead.

    A message is dead after `tries_max` attempts; `doctor` lists dead messages, `revive` retries them.
    """
    o = OutboxMessage
    attempts = db.execute(
        sa.select(o.attempts).where(o.tenant_id == claimed.tenant_id, o.id == claimed.id)
    ).scalar_one()
    dead = attempts >= tries_max
    delay = min(timedelta(seconds=30 * 2 ** min(attempts, 16)), DELAY_MAX)
    db.execute(
        sa.update(o)
        .where(o.tenant_id == claimed.tenant_id, o.id == claimed.id, o.fence == claimed.fence)
        .values(
            state="dead" if dead else "ready",
            due_at=now + delay,
            lease_until=None,
            last_error=error.replace("\x00", "")[:2000],
        )
    )
    return dead


def revive(db: Session, tenant_id: UUID, now: datetime) -> int:
    """Makes all dead messages ready again with fresh attempts; returns their number."""
    o = OutboxMessage
    rows = db.execute(
        sa.update(o)
        .where(o.tenant_id == tenant_id, o.state == "dead")
        .values(state="ready", due_at=now, attempts=0)
        .returning(o.id)
    ).all()
    return len(rows)
