"""Escalation: the daily run, letters and tasks, holds, and the mail that really goes by SMTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.jobs import deliver
from ar.cases.commands import complete_task, place_hold, release_action, run_day
from ar.cases.holds.inputs import PlaceHold
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.models import Action, LadderState, StepTaken, WithheldStep
from ar.cases.queue.inputs import ReleaseAction
from ar.cases.runs.commands import RunResult
from ar.cases.runs.step_lines import StepLine, run_steps
from kernel import outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.i18n import use_language
from tests.support.world.ledger import Ledger

#: Together they may release any letter and do any task.
EVERY_ROLE = ("accountant", "sales_manager", "finance_director", "general_manager")


class Cases(Ledger):
    """Makers of collections."""

    def run_day(self, *, on: date) -> list[StepLine]:
        """Runs the day; returns its lines, in English."""
        return self.run_day_with_result(on=on)[1]

    def run_day_with_result(self, *, on: date) -> tuple[RunResult, list[StepLine]]:
        """Runs the day; returns its counts and its lines, in English."""
        with self.transaction() as db, use_language("en"):
            result = run_day(db, self.actor(on))
            return result, run_steps(db, self.tenant_id, result)

    def actions(self, *states: str) -> list[sa.Row[Any]]:
        """Returns letters and tasks in some states (none: all), oldest first."""
        query = sa.select(Action.__table__).where(Action.tenant_id == self.tenant_id).order_by(Action.id)
        return self._all(query.where(Action.state.in_(states)) if states else query)

    def steps(self, item: UUID | None = None) -> list[sa.Row[Any]]:
        """Returns the steps of an item (None: of all), in the order of levels."""
        query = (
            sa.select(StepTaken.__table__)
            .where(StepTaken.tenant_id == self.tenant_id)
            .order_by(StepTaken.level, StepTaken.id)
        )
        return self._all(query.where(StepTaken.item_id == item) if item else query)

    def withheld_steps(self) -> list[sa.Row[Any]]:
        """Returns every reason ever noted for not taking a step."""
        w = WithheldStep
        return self._all(sa.select(w.__table__).where(w.tenant_id == self.tenant_id).order_by(w.id))

    def ladder_state(self, item: UUID) -> sa.Row[Any]:
        """Returns where an item stands on its ladder."""
        s = LadderState.__table__
        (row,) = self._all(sa.select(s).where(s.c.tenant_id == self.tenant_id, s.c.item_id == item))
        return row

    def hold(
        self,
        customer: UUID | str = "00001",
        *,
        on: date,
        item: UUID | None = None,
        kind: str = "block",
        reason: str = "核对中",
        until_on: date | None = None,
    ) -> UUID:
        """Places a hold on a customer or one item: a block, a dispute or a promise."""
        data = PlaceHold.model_validate(
            {
                "customer_id": customer if isinstance(customer, UUID) else self.customer_id(customer),
                "item_id": item,
                "kind": kind,
                "reason": reason,
                "until_on": until_on,
            }
        )
        with self.transaction() as db:
            return place_hold(db, self.actor(on), data)

    def release(self, letter: UUID, *, on: date, roles: Sequence[str] = EVERY_ROLE) -> None:
        """Releases a proposed letter."""
        with self.transaction() as db:
            release_action(db, self.actor(on, roles), letter, ReleaseAction())

    def do_task(self, task: UUID, *, on: date, note: str = "done") -> None:
        """Completes a proposed task."""
        with self.transaction() as db:
            complete_task(db, self.actor(on, EVERY_ROLE), task, CompleteTask(note=note))

    def send_mail(self, *, on: date, at: time = time(9, 5)) -> list[str]:
        """Delivers the outbox until it is empty; returns the outcome of each message."""
        outcomes: list[str] = []
        with fixed_clock(moment_on(on, self.timezone, at)):
            while True:
                with self.transaction() as db:
                    claimed = outbox.claim(db, self.tenant_id, utc_now())
                if not claimed:
                    return outcomes
                outcomes += [deliver(str(each.tenant_id), str(each.id), str(each.fence)) for each in claimed]

    def work_day(self, *, on: date) -> list[str]:
        """Runs the day, releases every letter, does every task and sends; returns the codes of the steps proposed."""
        return [step for _day, _number, step in self.work_days(on, on)]

    def work_days(self, first_on: date, last_on: date) -> list[tuple[date, str, str]]:
        """Works whole days in a row (see `work_day`); returns (day, document number, step code) per proposal."""
        proposed = []
        for n in range((last_on - first_on).days + 1):
            day = first_on + timedelta(days=n)
            proposed += [
                (day, line.document_no, line.step) for line in self.run_day(on=day) if line.status == "proposed"
            ]
            for action in self.actions("proposed"):
                if action.form == "letter":
                    self.release(action.id, on=day)
                else:
                    self.do_task(action.id, on=day)
            self.send_mail(on=day)
        return proposed

    def _all(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with self.reading() as db:
            return list(db.execute(query))
