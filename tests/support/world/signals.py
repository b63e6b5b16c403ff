"""Danger signals: a day's run, notes and decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.models import DangerSignal
from ar.credit.rules.signals import SignalCode
from ar.credit.signals.commands import decide_signal, note_signal
from ar.credit.signals.inputs import DecideSignal, NoteSignal
from ar.credit.signals.running import SignalRun, run_signals
from kernel.actor import Actor
from tests.support.world.credit import Credit


class Signals(Credit):
    """Makers of danger signals."""

    def run_signals(self, on: date | None = None) -> SignalRun:
        """Looks for danger signals as on a day."""
        with self.transaction() as db:
            return run_signals(db, replace(self.actor(on), kind="system"))

    def note_signal(self, customer_id: UUID, code: SignalCode = SignalCode.SUED, note: str = "") -> UUID:
        """Notes a signal on the world's day; returns its id."""
        with self.transaction() as db:
            return note_signal(db, self.actor(), customer_id, NoteSignal(code=code, note=note))

    def decide_signal(self, signal_id: UUID, decision: str, actor: Actor | None = None, **values: Any) -> bool:
        """Decides on a signal; returns False where the cut waits for the general manager."""
        data = DecideSignal.model_validate({"decision": decision, "reason": "与销售商定", **values})
        with self.transaction() as db:
            return decide_signal(db, actor or self.actor(), signal_id, data)

    def signals(self, customer_id: UUID | None = None) -> list[sa.Row[Any]]:
        """Returns the signals of a customer (None: of all), the oldest first."""
        s = DangerSignal.__table__
        query = sa.select(s).where(s.c.tenant_id == self.tenant_id).order_by(s.c.raised_on, s.c.id)
        with self.reading() as db:
            return list(db.execute(query.where(s.c.customer_id == customer_id) if customer_id else query))
