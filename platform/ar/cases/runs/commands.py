"""Runs the day: proposes the steps that come today, for all of a tenant's items, in a constant number of statements.

Invariants: the tenant's case lock comes first, so two runs make one set of steps; the decision is `ladder.decide` on
facts alone; every step that is proposed or withheld stores why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from ar.cases.holds.commands import active_holds
from ar.cases.ladder import candidates as selection
from ar.cases.ladder.candidates import Candidate, LadderFacts
from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.ladder.state import lock_cases, withdraw_paid
from ar.cases.rules import ladder
from ar.cases.rules.holds import ActiveHolds, Reason, Unapplied, reason_not_to_chase
from ar.cases.rules.ladder import DueStep, ItemFacts
from ar.cases.rules.policy import Policy
from ar.cases.runs.recording import Recorder, StateChange
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tenants.queries import CompanyFacts, company, work_calendar

#: A cleared item leaves the daily work; it is enrolled again when a payment is taken back.
_PARKED: Final = StateChange(None, None, None, None, parked=True)


class WithheldItem(NamedTuple):
    """A step that was due and was not proposed, and why."""

    item_id: UUID
    customer_id: UUID
    policy: str
    step: DueStep
    code: str
    params: dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """Counts of a run; `held` lists every step withheld today, whether or not for the same reason as yesterday."""

    run_id: UUID
    run_on: date
    steps: int
    actions: int
    held: list[WithheldItem] = field(repr=False)
    withdrawn: int = 0


class _Answer(NamedTuple):
    """The steps that facts lead to, and the ladder state with and without them; shared by items of equal facts."""

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
    start = selection.start_of_run(db, actor.tenant_id, actor.today)
    withdrawn, book = 0, None
    if start.paid_in_queue:
        book = policy_book(db, actor.tenant_id)
        withdrawn = withdraw_paid(db, actor, book)
    found = selection.candidates(db, actor.tenant_id, actor.today, start)
    if not found:
        return _record_quiet_day(db, actor, withdrawn)
    settings, calendar = company(db, actor.tenant_id), work_calendar(db, actor.tenant_id)
    run = _Run(db, actor, settings, book or policy_book(db, actor.tenant_id), calendar)
    run.decide(found)
    return run.record(withdrawn)


def refuse_earlier_day(db: Session, actor: Actor) -> None:
    """Refuses a day before that of the newest run, for callers that name the day. Raises RuleBroken(`run_day_passed`).

    The nightly run and the button do not ask: after a run ahead of its day they still take their own day's turn.
    """
    lock_cases(db, actor)
    newest_on = selection.newest_run_on(db, actor.tenant_id)
    if newest_on is not None and actor.today < newest_on:
        raise RuleBroken("run_day_passed", day=actor.today.isoformat(), newest=newest_on.isoformat())


def _record_quiet_day(db: Session, actor: Actor, withdrawn: int) -> RunResult:
    """Records a run that had nothing to look at; it reads no policy and no calendar."""
    recorder = Recorder(actor, new_id(), auto_approve=False)
    recorder.write(db, {"held": {}, "withdrawn": withdrawn, "answers": 0})
    return RunResult(recorder.run_id, actor.today, 0, 0, [], withdrawn)


class _Run:
    """One run while it is being decided: answers by facts, the holds in force, and what is to be written."""

    def __init__(
        self, db: Session, actor: Actor, settings: CompanyFacts, book: PolicyBook, calendar: WorkCalendar
    ) -> None:
        self.db, self.actor = db, actor
        self.settings, self.book, self.calendar = settings, book, calendar
        self.holds = ActiveHolds({}, {})
        self.unapplied: Mapping[tuple[str, str], Unapplied] = {}
        self.answers: dict[LadderFacts, _Answer] = {}
        self.recorder = Recorder(actor, new_id(), auto_approve=not settings.review_mode)
        self.held: list[WithheldItem] = []
        self.any_holds = False

    def decide(self, candidates: Iterable[Candidate]) -> None:
        """Decides about every candidate: parked, left alone, withheld, or proposed as part of an action."""
        tenant_id, today = self.actor.tenant_id, self.actor.today
        self.holds = active_holds(self.db, tenant_id, today)
        self.any_holds = bool(self.holds)
        self.unapplied = {
            key: money
            for key, money in selection.unapplied_by_customer(self.db, tenant_id, today).items()
            if money.covers
        }
        answers, recorder = self.answers, self.recorder
        for item in candidates:
            facts = item.facts
            answer = answers.get(facts)
            if answer is None:
                answer = answers[facts] = self._answer(facts)
            if item.open_minor == 0:
                recorder.change(item, _PARKED)
            elif not answer.steps:
                if item.kind == selection.DUE:
                    continue  # a day off: the stored state says the same
                recorder.change(item, answer.untouched)
            elif (reason := self._reason(item, answer)) is not None:
                recorder.withhold(item, reason, answer.untouched)
            else:
                recorder.propose(item, answer.version_id, answer.steps)
                recorder.change(item, answer.proposed)

    def _answer(self, facts: LadderFacts) -> _Answer:
        """Decides once for all items of these facts."""
        version_id = facts.version_id
        if version_id is None:
            version_id = self.book.pick(facts.customer_policy, self.settings.policy_code)
        policy = self.book.by_id[version_id]
        now = ItemFacts(
            due_on=facts.due_on,
            collection_end_on=facts.collection_end_on,
            level_reached=facts.level_reached,
            waiting=facts.waiting,
            last_delivered_on=facts.last_delivered_on,
            deadline_on=facts.deadline_on,
            fired=frozenset(filter(None, facts.fired.split(","))),
        )
        steps = ladder.decide(now, policy, self.actor.today, self.calendar)
        then = now._replace(
            waiting=now.waiting or any(step.level for step in steps),
            fired=now.fired | {step.code for step in steps if not step.level},
        )
        return _Answer(
            version_id=version_id,
            policy=policy,
            steps=steps,
            untouched=self._change(version_id, policy, now),
            proposed=self._change(version_id, policy, then),
        )

    def _change(self, version_id: UUID, policy: Policy, facts: ItemFacts) -> StateChange:
        next_on = ladder.next_on(facts, policy, self.calendar)
        return StateChange(version_id, facts.waiting, ",".join(sorted(facts.fired)), next_on, parked=False)

    def _reason(self, item: Candidate, answer: _Answer) -> Reason | None:
        """Returns why a due step is not taken today, and keeps it for the result; None when it is taken."""
        hold = self.holds.on(UUID(item.item_id), UUID(item.customer_id)) if self.any_holds else None
        reason = reason_not_to_chase(
            currency=item.currency,
            open_minor=item.open_minor,
            hold=hold,
            policy=answer.policy,
            unapplied=self.unapplied.get((item.customer_id, item.currency)),
        )
        if reason is not None:
            self.held.append(
                WithheldItem(
                    item_id=UUID(item.item_id),
                    customer_id=UUID(item.customer_id),
                    policy=answer.policy.code,
                    step=answer.steps[0],
                    code=reason.code,
                    params=reason.params,
                )
            )
        return reason

    def record(self, withdrawn: int) -> RunResult:
        """Writes what was decided and returns its counts."""
        held = Counter(item.code for item in self.held)
        counts = {"held": dict(held), "withdrawn": withdrawn, "answers": len(self.answers)}
        self.recorder.write(self.db, counts)
        return RunResult(
            run_id=self.recorder.run_id,
            run_on=self.actor.today,
            steps=self.recorder.step_count,
            actions=len(self.recorder.groups),
            held=self.held,
            withdrawn=withdrawn,
        )
