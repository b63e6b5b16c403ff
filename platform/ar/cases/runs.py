"""The daily run: which steps come today, for all of a tenant's items, in a constant number of statements.

May import this slice's pure rules, selection and publishing. Invariants: the tenant's case lock comes first, so two
runs make one set of steps; the decision is `ladder.decide` on facts alone; every step and every hold stores why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from ar.cases import ladder, selection
from ar.cases.blocks import active_holds
from ar.cases.holds_rule import ActiveHolds, Reason, Unapplied, reason_not_to_chase
from ar.cases.ladder import DueStep, ItemFacts
from ar.cases.policy import Policy
from ar.cases.progress import lock_cases, withdraw_paid
from ar.cases.publishing import PolicyBook, policy_book
from ar.cases.recording import Recorder, StateChange
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tenants.queries import CompanyFacts, company, work_calendar


class HeldItem(NamedTuple):
    """A step that was due and was not proposed, and why."""

    item_id: UUID
    customer_id: UUID
    policy: str
    step: DueStep
    code: str
    params: dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """What a run did. `held` lists every item held today, whether or not that is news."""

    run_id: UUID
    run_on: date
    steps: int
    actions: int
    held: list[HeldItem] = field(repr=False)
    withdrawn: int = 0


class _Answer(NamedTuple):
    """What the facts of an item lead to; shared by all items of equal facts."""

    version_id: UUID
    policy: Policy
    steps: tuple[DueStep, ...]
    untouched: StateChange
    proposed: StateChange


def run_day(db: Session, actor: Actor) -> RunResult:
    """Proposes the steps of `actor.today` (R172-R178, R210-R221); a second run of the day finds nothing to do.

    Returns what was proposed and held. Raises RuleBroken(`policy_not_published`).
    """
    lock_cases(db, actor)
    found, withdrawn = selection.candidates(db, actor.tenant_id, actor.today), 0
    if found.paid:
        withdrawn = withdraw_paid(db, actor)
        found = selection.candidates(db, actor.tenant_id, actor.today)
    if not found.rows:
        return _nothing_to_do(db, actor, withdrawn)
    settings = company(db, actor.tenant_id)
    book, calendar = policy_book(db, actor.tenant_id), work_calendar(db, actor.tenant_id)
    run = _Run(db, actor, settings, book, calendar)
    run.decide(found.rows)
    return run.record(withdrawn)


def refuse_earlier_day(db: Session, actor: Actor) -> None:
    """For who names the day by hand: no day before that of the newest run. Raises RuleBroken(`run_day_passed`).

    The nightly run and the button do not ask: after a run ahead of its day they still take their own day's turn.
    """
    lock_cases(db, actor)
    newest_on = selection.newest_run_on(db, actor.tenant_id)
    if newest_on is not None and actor.today < newest_on:
        raise RuleBroken("run_day_passed", day=actor.today.isoformat(), newest=newest_on.isoformat())


def _nothing_to_do(db: Session, actor: Actor, withdrawn: int) -> RunResult:
    """A quiet day reads no policy and no calendar; that it ran is on record all the same."""
    recorder = Recorder(actor, new_id(), auto_approve=False)
    recorder.write(db, {"held": {}, "withdrawn": withdrawn, "answers": 0})
    return RunResult(recorder.run_id, actor.today, 0, 0, [], withdrawn)


class _Run:
    """One run while it is being decided: memo of answers, groups, holds, and what is to be written."""

    def __init__(
        self, db: Session, actor: Actor, settings: CompanyFacts, book: PolicyBook, calendar: WorkCalendar
    ) -> None:
        self.db, self.actor = db, actor
        self.settings, self.book, self.calendar = settings, book, calendar
        self.holds = ActiveHolds({}, {})
        self.unapplied: Mapping[tuple[str, str], Unapplied] = {}
        self.answers: dict[Any, _Answer] = {}
        self.recorder = Recorder(actor, new_id(), auto_approve=not settings.review_mode)
        self.held: list[HeldItem] = []
        self.any_holds = False

    def decide(self, rows: Any) -> None:
        """Every candidate: what its facts lead to, whether it is held, into which action it goes."""
        tenant_id, today = self.actor.tenant_id, self.actor.today
        self.holds = active_holds(self.db, tenant_id, today)
        self.any_holds = bool(self.holds)
        self.unapplied = {
            key: money
            for key, money in selection.unapplied_by_customer(self.db, tenant_id, today).items()
            if money.covers
        }
        answers, recorder = self.answers, self.recorder
        for row in rows:
            item, customer, currency, open_minor, kind, held_before = row[: selection.FACTS_FROM]
            facts = row[selection.FACTS_FROM :]
            answer = answers.get(facts)
            if answer is None:
                answer = answers[facts] = self._answer(facts)
            if open_minor == 0:
                recorder.change(item, _PARKED, kind)
            elif not answer.steps:
                if kind == selection.DUE:
                    continue  # a day off: the stored state says the same
                recorder.change(item, answer.untouched, kind)
            elif (held := self._reason(item, customer, currency, open_minor, answer)) is not None:
                recorder.hold(item, customer, held, held_before, answer.untouched, kind)
            else:
                recorder.propose(item, customer, currency, open_minor, answer.version_id, answer.steps)
                recorder.change(item, answer.proposed, kind)

    def _answer(self, facts: Any) -> _Answer:
        """Decides once for all items of these facts."""
        customer_code, version_id, due_on, end_on, level, waiting, delivered_on, deadline_on, fired = facts
        if version_id is None:
            version_id = self.book.pick(customer_code, self.settings.policy_code)
        policy = self.book.by_id[version_id]
        now = ItemFacts(
            due_on, end_on, level, waiting, delivered_on, deadline_on, frozenset(filter(None, fired.split(",")))
        )
        steps = ladder.decide(now, policy, self.actor.today, self.calendar)
        then = now._replace(
            waiting=now.waiting or any(step.level for step in steps),
            fired=now.fired | {step.code for step in steps if not step.level},
        )
        return _Answer(
            version_id, policy, steps, self._change(version_id, policy, now), self._change(version_id, policy, then)
        )

    def _change(self, version_id: UUID, policy: Policy, facts: ItemFacts) -> StateChange:
        next_on = ladder.next_on(facts, policy, self.calendar)
        return StateChange(version_id, facts.waiting, ",".join(sorted(facts.fired)), next_on, parked=False)

    def _reason(self, item: str, customer: str, currency: str, open_minor: int, answer: _Answer) -> Reason | None:
        """Returns why a due step is not taken today, and keeps it for the result; None when it is taken."""
        reason = reason_not_to_chase(
            currency=currency,
            open_minor=open_minor,
            hold=self.holds.on(UUID(item), UUID(customer)) if self.any_holds else None,
            policy=answer.policy,
            unapplied=self.unapplied.get((customer, currency)),
        )
        if reason is not None:
            self.held.append(HeldItem(UUID(item), UUID(customer), answer.policy.code, answer.steps[0], *reason))
        return reason

    def record(self, withdrawn: int) -> RunResult:
        """Writes everything and says what there was."""
        held = Counter(item.code for item in self.held)
        counts = {"held": dict(held), "withdrawn": withdrawn, "answers": len(self.answers)}
        self.recorder.write(self.db, counts)
        return RunResult(
            self.recorder.run_id,
            self.actor.today,
            self.recorder.step_count,
            len(self.recorder.groups),
            self.held,
            withdrawn,
        )


#: A cleared item leaves the daily work; it is woken when a payment is taken back.
_PARKED: Final = StateChange(None, None, None, None, parked=True)
