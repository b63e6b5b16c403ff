"""The outbox: work to be done after the commit (mails, jobs), as rows of the transaction that decided it.

Invariants: PostgreSQL is the truth, RQ only carries ids; rows are claimed per tenant with a lease and a fencing
number; the job claims its row again by that number before any effect. A row that waits in a queue has a short lease,
renewed while it stands there, so a lost queue costs half a minute; one that is worked on has a long one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.actor import Actor
from kernel.columns import Json, Moment, MomentOrNone, Tenanted, Text, TextOrNone, one_of
from kernel.db import Base
from kernel.ids import new_id, new_ids
from kernel.views import DbRow, view

#: While a job works on the row; it is extended as long as the work goes on.
LEASE = timedelta(minutes=5)
#: While the row waits in a queue.
WAITING_LEASE = timedelta(seconds=30)
ATTEMPTS_MAX = 8
DELAY_MAX = timedelta(hours=2)
CLAIM_MAX = 200
LAPSED_MAX = 2_000


class OutboxMessage(Tenanted, Base):
    """A unit of deferred work: `kind` names the handler, `payload` carries ids only."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "key"),
        one_of("state", "ready", "leased", "done", "dead"),
        sa.Index(
            "ix_outbox_message_due",
            "tenant_id",
            "kind",
            "due_at",
            postgresql_where=sa.text("state IN ('ready', 'leased')"),
        ),
        sa.Index("ix_outbox_message_dead", "tenant_id", "id", postgresql_where=sa.text("state = 'dead'")),
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
    """A claimed message; the claim is valid as long as its fencing number is that of the row.

    `attempts`: how many times work on it was begun, this one counted (`reclaim`).
    """

    tenant_id: UUID
    id: UUID
    kind: str
    payload: dict[str, Any]
    fence: int
    attempts: int


def _claimed(tenant_id: UUID, message_id: UUID, row: DbRow) -> Claimed:
    return view(Claimed, row, tenant_id=tenant_id, id=message_id)


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
    return put_all(db, actor, [(kind, key, payload) for key, payload in messages], chunk=chunk)


def put_all(
    db: Session, actor: Actor, messages: Sequence[tuple[str, str, Mapping[str, Any]]], *, chunk: int = 1_000
) -> int:
    """Adds messages by (kind, key, payload), one statement per `chunk`; returns the number of new keys."""
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
            for message_id, (kind, key, payload) in zip(ids, messages[start : start + chunk], strict=True)
        ]
        statement = (
            insert(OutboxMessage)
            .values(rows)
            .on_conflict_do_nothing(index_elements=[OutboxMessage.tenant_id, OutboxMessage.key])
        )
        added += len(db.execute(statement.returning(OutboxMessage.id)).all())
    return added


@dataclass(frozen=True)
class DueWork:
    """What is due of one kind in one company; `lapsed`: some of it had been claimed, and its lease has run out."""

    tenant_id: UUID
    kind: str
    oldest_due_at: datetime
    lapsed: bool


def due_work(db: Session, now: datetime) -> list[DueWork]:
    """Returns what is due, by active company and kind: the only read across tenants, as role `huikuan_dispatch`.

    Rows of a suspended company wait.
    """
    o, t = OutboxMessage, sa.table("tenant", sa.column("id"), sa.column("state"))
    rows = db.execute(
        sa.select(
            o.tenant_id, o.kind, sa.func.min(o.due_at).label("oldest"), sa.func.count(o.lease_until).label("lapsed")
        )
        .join(t, t.c.id == o.tenant_id)
        .where(
            t.c.state == "active",
            o.due_at <= now,
            o.state.in_(["ready", "leased"]),
            sa.or_(o.lease_until.is_(None), o.lease_until < now),
        )
        .group_by(o.tenant_id, o.kind)
    )
    return [
        DueWork(tenant_id=row.tenant_id, kind=row.kind, oldest_due_at=row.oldest, lapsed=row.lapsed > 0) for row in rows
    ]


def lapsed_claims(db: Session, tenant_id: UUID, now: datetime) -> list[tuple[UUID, int]]:
    """Returns (id, fence) of the tenant's rows whose lease has run out: waiting still, or lost with their job."""
    o = OutboxMessage
    rows = db.execute(
        sa.select(o.id, o.fence)
        .where(o.tenant_id == tenant_id, o.state == "leased", o.lease_until < now)
        .order_by(o.id)
        .limit(LAPSED_MAX)
    )
    return [(row.id, row.fence) for row in rows]


def renew(db: Session, tenant_id: UUID, waiting: Collection[tuple[UUID, int]], now: datetime) -> None:
    """Renews the leases of claimed rows (id, fence) whose jobs still wait in a queue."""
    o = OutboxMessage
    db.execute(
        sa.update(o)
        .where(o.tenant_id == tenant_id, sa.tuple_(o.id, o.fence).in_(list(waiting)), o.state == "leased")
        .values(lease_until=now + WAITING_LEASE)
    )


def claim(
    db: Session, tenant_id: UUID, now: datetime, limit: int = CLAIM_MAX, *, kinds: Collection[str] | None = None
) -> list[Claimed]:
    """Claims due rows of one tenant (of these kinds, None: of all) for WAITING_LEASE, the oldest first.

    Concurrent claims get disjoint rows. A row whose lease has run out is due again.
    """
    o = OutboxMessage
    due = (
        sa.select(o.id)
        .where(
            o.tenant_id == tenant_id,
            o.due_at <= now,
            sa.or_(o.state == "ready", sa.and_(o.state == "leased", o.lease_until < now)),
            *([] if kinds is None else [o.kind.in_(sorted(kinds))]),
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
        .values(state="leased", lease_until=now + WAITING_LEASE, fence=o.fence + 1)
        .returning(o.id, o.kind, o.payload, o.fence, o.attempts, o.due_at)
    ).all()
    return [_claimed(tenant_id, row.id, row) for row in sorted(rows, key=lambda r: (r.due_at, r.id))]


def reclaim(db: Session, tenant_id: UUID, message_id: UUID, fence: int, now: datetime) -> Claimed | None:
    """Claims a leased message again inside the job that works on it, and counts the attempt.

    Returns None when the message is done or was claimed by another job. The fencing number is raised, so a second
    run of the same job finds its own number outdated. The job gives up what was begun more often than it may be tried:
    the machine died at it each time, so that nobody could count it as failed.
    """
    given = {"tenant": tenant_id, "message": message_id, "held": fence, "until": now + LEASE}
    row = db.execute(_reclaiming(), given).first()
    return _claimed(tenant_id, message_id, row) if row else None


@cache
def _reclaiming() -> sa.Update:
    o = OutboxMessage.__table__.c
    return (
        sa.update(OutboxMessage.__table__)  # type: ignore[arg-type]
        .where(*_held(), o.state == "leased")
        .values(lease_until=sa.bindparam("until"), fence=o.fence + 1, attempts=o.attempts + 1)
        .returning(o.kind, o.payload, o.fence, o.attempts)
    )


@cache
def _finishing() -> sa.Update:
    o = OutboxMessage.__table__.c
    return (
        sa.update(OutboxMessage.__table__)  # type: ignore[arg-type]
        .where(*_held(), o.state == "leased")
        .values(state="done", done_at=sa.bindparam("now"), lease_until=None)
        .returning(o.id)
    )


def _held() -> tuple[sa.ColumnElement[bool], ...]:
    """The row of the bound tenant, message and fence. What every job runs is composed once: that costs the most."""
    o = OutboxMessage.__table__.c
    return (
        o.tenant_id == sa.bindparam("tenant"),
        o.id == sa.bindparam("message"),
        o.fence == sa.bindparam("held"),
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
    given = {"tenant": claimed.tenant_id, "message": claimed.id, "held": claimed.fence, "now": now}
    return db.execute(_finishing(), given).first() is not None


def fail(db: Session, claimed: Claimed, now: datetime, error: str, *, tries_max: int = ATTEMPTS_MAX) -> bool:
    """Reschedules a failed message with growing delay up to DELAY_MAX; returns True when it is dead instead.

    A message is dead after `tries_max` attempts; `doctor` lists dead messages, `revive` retries them. One that is done,
    or that another job has claimed, stays as it is: its COMMIT may have arrived although the answer to it did not.
    """
    o = OutboxMessage
    attempts = db.execute(
        sa.select(o.attempts).where(o.tenant_id == claimed.tenant_id, o.id == claimed.id)
    ).scalar_one()
    dead = attempts >= tries_max
    delay = min(timedelta(seconds=30 * 2 ** min(attempts, 16)), DELAY_MAX)
    db.execute(
        sa.update(o)
        .where(o.tenant_id == claimed.tenant_id, o.id == claimed.id, o.fence == claimed.fence, o.state == "leased")
        .values(
            state="dead" if dead else "ready",
            due_at=now + delay,
            lease_until=None,
            last_error=error.replace("\x00", "")[:2000],
        )
    )
    return dead


def hand_back(db: Session, claimed: Claimed, now: datetime) -> None:
    """Makes a claimed message due again at once: its work was stopped and has not failed, so no try is counted."""
    o = OutboxMessage
    db.execute(
        sa.update(o)
        .where(o.tenant_id == claimed.tenant_id, o.id == claimed.id, o.fence == claimed.fence, o.state == "leased")
        .values(state="ready", due_at=now, lease_until=None, attempts=sa.func.greatest(o.attempts - 1, 0))
    )


def left_behind(db: Session, tenant_id: UUID, message_id: UUID, fence: int) -> tuple[Claimed, bool] | None:
    """Returns the message that a job, enqueued with this fencing number, left when its process ended; None if nothing.

    The flag says whether the job had begun: `reclaim` raises the fencing number by one.
    """
    o = OutboxMessage
    row = db.execute(
        sa.select(o.kind, o.payload, o.fence, o.attempts).where(
            o.tenant_id == tenant_id, o.id == message_id, o.fence.in_([fence, fence + 1]), o.state == "leased"
        )
    ).first()
    if row is None:
        return None
    claimed = _claimed(tenant_id, message_id, row)
    return claimed, row.fence > fence


def discard(db: Session, tenant_id: UUID, message_id: UUID, now: datetime) -> str | None:
    """Closes a dead message that is not to be tried again; returns its kind, None when it is not dead."""
    o = OutboxMessage
    return db.execute(
        sa.update(o)
        .where(o.tenant_id == tenant_id, o.id == message_id, o.state == "dead")
        .values(state="done", done_at=now)
        .returning(o.kind)
    ).scalar_one_or_none()


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
