"""Writes what orders commit, so that exposure counts each amount once on its way from order to invoice.

Invariants: under the customers' lock; a commitment is the sum of its changes, and negative on no day.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.credit.exposure.inputs import CommitOrder
from ar.credit.exposure.models import Commitment, CommitmentChange
from ar.credit.rules.commitment import Stages, dated_changes, history_from, stages_of
from ar.ledger.commands import lock_customers
from kernel.actor import Actor
from kernel.ids import new_id

NOTHING: Final = Stages(0, 0, 0)
_STAGES: Final = ("released_minor", "shipped_minor", "signed_minor")
_CHANGING: Final = (*_STAGES, "prepaid")


class Committed(NamedTuple):
    """What an order commits, and whether it takes money in hand before it ships."""

    stages: Stages
    prepaid: bool


class Commitments:
    """What some orders commit, read once and followed while it changes; `write` puts all changes into the books."""

    def __init__(self, db: Session, actor: Actor, order_ids: Collection[UUID], *, past: bool) -> None:
        """Reads the orders' commitments under the lock of their customers. `past`: changes of past days may come."""
        self._db, self._actor = db, actor
        commitment = Commitment
        wanted = sa.cast(sorted(order_ids), sa.ARRAY(sa.Uuid))
        columns = (commitment.order_id, *(getattr(commitment, name) for name in _CHANGING))
        rows = db.execute(
            sa.select(*columns).where(commitment.tenant_id == actor.tenant_id, commitment.order_id == sa.any_(wanted))
        )
        self._now = {row.order_id: Committed(_stages(row), row.prepaid) for row in rows}
        self._history: dict[UUID, list[tuple[date, Stages]]] = {}
        if past and self._now:
            self._read_history(wanted)
        self._rows: dict[UUID, dict[str, Any]] = {}
        self._changes: list[dict[str, Any]] = []

    def of(self, order_id: UUID) -> Committed:
        """Returns what an order commits by now."""
        return self._now.get(order_id, Committed(NOTHING, False))

    def set_commitment(self, data: CommitOrder) -> Stages:
        """Sets what an order commits from a day on; returns it by stage. The same again changes nothing."""
        known = self._now.get(data.order_id)
        before = known.stages if known else NOTHING
        after = stages_of(data.amounts)
        if after == before and (known is None or known.prepaid == data.prepaid):
            return after
        self._now[data.order_id] = Committed(after, data.prepaid)
        own = {
            "tenant_id": self._actor.tenant_id,
            "order_id": data.order_id,
            "customer_id": data.customer_id,
            "currency": data.currency,
        }
        self._rows[data.order_id] = own | _columns(after) | {"prepaid": data.prepaid}
        if after != before:
            self._change(own, data, before, after)
        return after

    def write(self) -> None:
        """Writes what was set since it was read, or written last."""
        if self._rows:
            statement = insert(Commitment)
            keys = [Commitment.tenant_id, Commitment.order_id]
            changed = {name: statement.excluded[name] for name in _CHANGING}
            self._db.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=changed), list(self._rows.values())
            )
        if self._changes:
            self._db.execute(sa.insert(CommitmentChange), self._changes)
        self._rows, self._changes = {}, []

    def _change(self, own: dict[str, Any], data: CommitOrder, before: Stages, after: Stages) -> None:
        changes = self._history.setdefault(data.order_id, [])
        history = [(data.effective_on, before)]
        if data.effective_on < self._actor.today:
            history = history_from(changes, data.effective_on)
        for day, change in dated_changes(history, after - before):
            changes.append((day, change))
            dated = {"id": new_id(), "effective_on": day, "recorded_at": self._actor.now}
            self._changes.append(own | dated | _columns(change))

    def _read_history(self, wanted: sa.ColumnElement[Any]) -> None:
        change = CommitmentChange
        rows = self._db.execute(
            sa.select(change.order_id, change.effective_on, *(getattr(change, name) for name in _STAGES)).where(
                change.tenant_id == self._actor.tenant_id, change.order_id == sa.any_(wanted)
            )
        )
        for row in rows:
            self._history.setdefault(row.order_id, []).append((row.effective_on, _stages(row)))


def commit_order(db: Session, actor: Actor, data: CommitOrder) -> Stages:
    """Sets what an order commits; returns it by stage. The same again changes nothing."""
    actor = lock_customers(db, actor, [data.customer_id])
    commitments = Commitments(db, actor, [data.order_id], past=data.effective_on < actor.today)
    stages = commitments.set_commitment(data)
    commitments.write()
    return stages


def _stages(row: Any) -> Stages:
    return Stages(released_minor=row.released_minor, shipped_minor=row.shipped_minor, signed_minor=row.signed_minor)


def _columns(stages: Stages) -> dict[str, Any]:
    return {name: getattr(stages, name) for name in _STAGES}
