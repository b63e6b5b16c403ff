"""Runs the day: proposes the steps due today for all items of a tenant, in a constant number of statements.

Invariants: the tenant's case lock comes first, so two runs make one set of steps; the decision is `ladder.decide` on
facts alone; every step that is proposed or withheld stores its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from ar.cases.holds.queries import active_holds
from ar.cases.ladder import candidates as candidate_queries
from ar.cases.ladder.candidates import Candidate, LadderFacts
from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.ladder.state import lock_cases, withdraw_paid
from ar.cases.rules import ladder
from ar.cases.rules.holds import TOLERANCE, ActiveHolds, Reason, Unapplied, reason_not_to_chase
from ar.cases.rules.ladder import DueStep, ItemFacts
from ar.cases.rules.policy import Policy
from ar.cases.runs.recording import RunRecorder, StateChange
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tenants.queries import CompanyFacts, company, work_calendar

#: A cleared item is looked at no more; it is enrolled again when an allocation is unapplied.
_PARKED: Final = StateChange(None, None, None, None, parked=True)


class WithheldItem(NamedTuple):
    """A due step that a run withheld anew, with the code and parameters of the reason."""

    item_id: UUID
    customer_id: UUID
    policy: str
    step: DueStep
    code: str
    params: dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """What a run did: counts of what it proposed, and the steps that it withheld anew.

    Anew: by the first run of the day, or for another reason than before. What an earlier run of the day had withheld
    for the same reason is none of its deeds.
    """

    run_id: UUID
    run_on: date
    steps: int
    actions: int
    withheld: list[WithheldItem] = field(repr=False)
    withdrawn: int = 0


class _Decision(NamedTuple):
    """The steps due for some facts, and the ladder state with and without them; shared by all items of these."""

    version_id: UUID
    policy: Policy
    steps: tuple[DueStep, ...]
    unchanged: StateChange
    proposed: StateChange


def run_day(db: Session, actor: Actor) -> RunResult:
    """Proposes the steps of `actor.today` (R172-R178, R210-R221); idempotent per day.

    Returns what this run did. Raises RuleBroken(`policy_not_published`).
    """
    actor = lock_cases(db, actor)
    start = candidate_queries.start_of_run(db, actor.tenant_id, actor.today)
    withdrawn, book = 0, None
    if start.paid_in_queue:
        book = policy_book(db, actor.tenant_id)
        withdrawn = withdraw_paid(db, actor, book)
    candidates = candidate_queries.candidates(db, actor.tenant_id, actor.today, start)
    if not candidates:
        return _record_quiet_day(db, actor, withdrawn)
    settings, calendar = company(db, actor.tenant_id), work_calendar(db, actor.tenant_id)
    run = _Run(db, actor, settings, book or policy_book(db, actor.tenant_id), calendar)
    run.is_first_of_day = start.since < actor.today
    run.decide(candidates)
    return run.record(withdrawn)


def require_day_not_passed(db: Session, actor: Actor) -> None:
    """Requires a day not before that of the newest run. Raises RuleBroken(`run_day_passed`).

    For callers that name the day. The nightly run and the button do not call it: after a run made ahead they still run
    their own day.
    """
    actor = lock_cases(db, actor)
    newest_on = candidate_queries.newest_run_on(db, actor.tenant_id)
    if newest_on is not None and actor.today < newest_on:
        raise RuleBroken("run_day_passed", day=actor.today.isoformat(), newest=newest_on.isoformat())


def _record_quiet_day(db: Session, actor: Actor, withdrawn: int) -> RunResult:
    """Records a run without candidates; loads no policy and no calendar."""
    recorder = RunRecorder(actor, new_id(), auto_approve=False)
    recorder.write(db, {"held": {}, "withdrawn": withdrawn, "answers": 0})
    return RunResult(recorder.run_id, actor.today, 0, 0, [], withdrawn)


class _Run:
    """One run while it is being decided: decisions by facts, the holds in force, and the rows to be written."""

    def __init__(
        self, db: Session, actor: Actor, settings: CompanyFacts, book: PolicyBook, calendar: WorkCalendar
    ) -> None:
        self.db, self.actor = db, actor
        self.settings, self.book, self.calendar = settings, book, calendar
        self.holds = ActiveHolds({}, {})
        self.unapplied: Mapping[tuple[str, str], Unapplied] = {}
        self.decisions: dict[LadderFacts, _Decision] = {}
        self.recorder = RunRecorder(actor, new_id(), auto_approve=not settings.review_mode)
        self.withheld: list[WithheldItem] = []
        self.held: Counter[str] = Counter()
        self.has_holds = False
        self.small: dict[tuple[str, str], list[tuple[Candidate, _Decision]]] = {}
        self.is_first_of_day = True

    def decide(self, candidates: Iterable[Candidate]) -> None:
        """Decides on every candidate: parked, left unchanged, withheld, or proposed as part of an action."""
        tenant_id, today = self.actor.tenant_id, self.actor.today
        self.holds = active_holds(self.db, tenant_id, today)
        self.has_holds = bool(self.holds)
        self.unapplied = candidate_queries.unapplied_by_customer(self.db, tenant_id, today)
        decisions, recorder = self.decisions, self.recorder
        for item in candidates:
            facts = item.facts
            decision = decisions.get(facts)
            if decision is None:
                decision = decisions[facts] = self._decide_facts(facts)
            if item.open_minor == 0:
                recorder.set_state(item, _PARKED)
            elif not decision.steps:
                if item.kind == candidate_queries.DUE and decision.unchanged.next_on is not None:
                    continue  # a day off: the stored state says the same
                recorder.set_state(item, decision.unchanged)
            elif (reason := self._reason_to_withhold(item, decision)) is None:
                self._propose(item, decision)
            elif reason.code == TOLERANCE:
                self.small.setdefault((item.customer_id, item.currency), []).append((item, decision))
            else:
                self._withhold(item, reason, decision)
        for small in self.small.values():
            self._decide_small(small)

    def _decide_small(self, small: list[tuple[Candidate, _Decision]]) -> None:
        """Decides on the items of a customer that are too small each: together they may be worth a letter."""
        small_minor = sum(item.open_minor for item, _decision in small)
        for item, decision in small:
            reason = self._reason_to_withhold(item, decision, small_minor)
            if reason is None:
                self._propose(item, decision)
            else:
                self._withhold(item, reason, decision)

    def _propose(self, item: Candidate, decision: _Decision) -> None:
        self.recorder.propose(item, decision.version_id, decision.steps)
        self.recorder.set_state(item, decision.proposed)

    def _decide_facts(self, facts: LadderFacts) -> _Decision:
        """Decides once for all items of these facts."""
        version_id = facts.version_id
        if version_id is None:
            version_id = self.book.pick(facts.customer_policy, self.settings.policy_code)
        policy = self.book.by_id[version_id]
        before = ItemFacts(
            due_on=facts.due_on,
            collection_end_on=facts.collection_end_on,
            level_reached=facts.level_reached,
            waiting=facts.waiting,
            last_delivered_on=facts.last_delivered_on,
            deadline_on=facts.deadline_on,
            fired=frozenset(filter(None, facts.fired.split(","))),
        )
        if facts.is_interest and not policy.chases_interest:
            unasked = StateChange(version_id, before.waiting, facts.fired, None, parked=False)
            return _Decision(version_id=version_id, policy=policy, steps=(), unchanged=unasked, proposed=unasked)
        steps = ladder.decide(before, policy, self.actor.today, self.calendar)
        after = before._replace(
            waiting=before.waiting or any(step.level for step in steps),
            fired=before.fired | {step.code for step in steps if not step.level},
        )
        return _Decision(
            version_id=version_id,
            policy=policy,
            steps=steps,
            unchanged=self._state_change(version_id, policy, before),
            proposed=self._state_change(version_id, policy, after),
        )

    def _state_change(self, version_id: UUID, policy: Policy, facts: ItemFacts) -> StateChange:
        next_on = ladder.next_on(facts, policy, self.calendar)
        return StateChange(version_id, facts.waiting, ",".join(sorted(facts.fired)), next_on, parked=False)

    def _reason_to_withhold(self, item: Candidate, decision: _Decision, small_minor: int = 0) -> Reason | None:
        """Returns why a due step is withheld; None when it is proposed."""
        hold = self.holds.on(UUID(item.item_id), UUID(item.customer_id)) if self.has_holds else None
        return reason_not_to_chase(
            currency=item.currency,
            open_minor=item.open_minor,
            hold=hold,
            policy=decision.policy,
            unapplied=self.unapplied.get((item.customer_id, item.currency)),
            small_minor=small_minor,
        )

    def _withhold(self, item: Candidate, reason: Reason, decision: _Decision) -> None:
        self.held[reason.code] += 1
        if self.recorder.withhold(item, reason, decision.unchanged) or self.is_first_of_day:
            self.withheld.append(
                WithheldItem(
                    item_id=UUID(item.item_id),
                    customer_id=UUID(item.customer_id),
                    policy=decision.policy.code,
                    step=decision.steps[0],
                    code=reason.code,
                    params=reason.params,
                )
            )

    def record(self, withdrawn: int) -> RunResult:
        """Writes the decisions and returns their counts."""
        counts = {"held": dict(self.held), "withdrawn": withdrawn, "answers": len(self.decisions)}
        self.recorder.write(self.db, counts)
        return RunResult(
            run_id=self.recorder.run_id,
            run_on=self.actor.today,
            steps=self.recorder.step_count,
            actions=len(self.recorder.groups),
            withheld=self.withheld,
            withdrawn=withdrawn,
        )
