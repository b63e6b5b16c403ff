"""Decides which steps of the escalation ladder are due for one open item, from facts alone.

Pure: standard library, the policy and date arithmetic; `today` and the calendar are arguments. Invariants:
at most one new level per call; a nominal date is anchor plus offset and never depends on when earlier steps
ran; weekends, holidays, missed days and the minimum gap move only the execution; `next_on` is the first
date on which `decide` answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple, Protocol, TypeAlias

from ar.cases.rules.policy import Anchor, Audience, Channel, Effect, Level, OwnClock, Policy
from ar.ledger.rules.due_dates import add_months

JsonScalar: TypeAlias = str | int | None

# How a step's day came about; the edge puts each into words.
LEVEL_DUE: Final = "level_due"
MOVED: Final = "moved_to_working_day"
GAP: Final = "gap"
CATCH_UP: Final = "catch_up"
LEVEL_OF_THE_DAY: Final = "level_of_the_day"
DEADLINE_LAPSED: Final = "deadline_lapsed"
OWN_CLOCK: Final = "own_clock"
WHY_CODES: Final = (LEVEL_DUE, MOVED, GAP, CATCH_UP, LEVEL_OF_THE_DAY, DEADLINE_LAPSED, OWN_CLOCK)

_ONE_DAY: Final = timedelta(days=1)
_NOTHING: Final[tuple[DueStep, ...]] = ()


class WorkingDays(Protocol):
    """The calendar that execution follows."""

    def is_working_day(self, day: date, /) -> bool:
        """Returns whether steps run on `day`."""

    def next_working_day(self, day: date, /) -> date:
        """Returns `day` if it is a working day, else the next one."""


class ItemFacts(NamedTuple):
    """The facts of an open item that the ladder decides on; equal facts give equal decisions, so callers may memoise.

    `level_reached`: level of the last step done or skipped, 0 for none. `waiting`: a step of it is still
    proposed, approved or unsent, or bounced. `last_delivered_on`: last delivered step of a level.
    `deadline_on`: set when a demand was delivered. `fired`: codes of the own-clock steps already taken, and of steps
    taken of a level that is not whole yet: what is left of it was called off and comes again before the next level.
    """

    # A NamedTuple because a run may build and hash one per open item, and it does both in C.
    due_on: date
    collection_end_on: date
    level_reached: int = 0
    waiting: bool = False
    last_delivered_on: date | None = None
    deadline_on: date | None = None
    fired: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Why:
    """The reason for a step as data: a code of WHY_CODES and JSON-able parameters, dates as ISO text."""

    code: str
    params: dict[str, JsonScalar] = field(hash=False)


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step that is due; `level` is 0 for a rule on its own clock. `runs_on` is the day of the decision."""

    level: int
    code: str
    audience: Audience
    channel: Channel
    approval: str | None
    effects: tuple[Effect, ...]
    nominal_on: date
    runs_on: date
    why: Why


def nominal_on(rule: OwnClock, facts: ItemFacts) -> date | None:
    """Returns anchor + days + calendar months, clipped (A05, A08). None while the anchor, a deadline, is not set."""
    anchor_on = _anchor_on(rule, facts)
    if anchor_on is None:
        return None
    day = anchor_on + timedelta(days=rule.offset_days)
    return add_months(day, rule.offset_months) if rule.offset_months else day


def decide(facts: ItemFacts, policy: Policy, today: date, calendar: WorkingDays) -> tuple[DueStep, ...]:
    """Returns the steps due today: of at most one new level, then own-clock rules (R172-R178, R210-R221).

    Empty on a day off, before a step's day, and for the next level while a step of the item is waiting. A
    missed day is made up on the next working day that runs, at the pace of the minimum gap.
    """
    due = [] if facts.waiting else _level_due(facts, policy, today, calendar)
    for rule in _own_clock_rules_not_fired(facts, policy):
        planned = _planned_rule(rule, facts, today, calendar)
        if planned is not None:
            due.append(planned)
    if not due or not calendar.is_working_day(today):
        return _NOTHING
    return tuple(step for each in due for step in _steps(each, facts, policy, today, calendar))


def next_on(facts: ItemFacts, policy: Policy, calendar: WorkingDays) -> date | None:
    """Returns the first date on which `decide` returns steps while the facts stay as they are; None for never.

    It may lie in the past: then the step was missed and is due on the next working day.
    """
    rules: list[OwnClock] = [*_own_clock_rules_not_fired(facts, policy)]
    if not facts.waiting:
        rules.extend(_candidates(facts, policy))
    planned_rules = (_planned_rule(rule, facts, None, calendar) for rule in rules)
    return min((planned.earliest_on for planned in planned_rules if planned is not None), default=None)


def facts_after_steps(facts: ItemFacts, policy: Policy, steps: Iterable[DueStep]) -> ItemFacts:
    """Returns the facts once `steps` are delivered on the day they ran."""
    for step in steps:
        if not step.level:
            facts = facts._replace(fired=facts.fired | {step.code})
            continue
        whole = facts.fired.difference(each.code for each in policy.levels[step.level - 1].steps)
        facts = facts._replace(level_reached=step.level, waiting=False, last_delivered_on=step.runs_on, fired=whole)
        if Effect.SET_DEADLINE in step.effects:
            facts = facts._replace(deadline_on=step.runs_on + timedelta(days=policy.deadline_days))
    return facts


def simulate(facts: ItemFacts, policy: Policy, from_on: date, to_on: date, calendar: WorkingDays) -> list[DueStep]:
    """Returns the steps of `from_on` to `to_on` inclusive, as if runs were daily and each step done on its day.

    A step still waiting counts as not yet taken and comes first.
    """
    facts = facts._replace(waiting=False)
    simulated: list[DueStep] = []
    day = from_on
    # Days before `next_on` have no steps and are skipped.
    while (planned := next_on(facts, policy, calendar)) is not None:
        day = calendar.next_working_day(max(day, planned))
        if day > to_on:
            break
        steps = decide(facts, policy, day, calendar)
        simulated.extend(steps)
        facts = facts_after_steps(facts, policy, steps)
        day += _ONE_DAY
    return simulated


class _PlannedRule(NamedTuple):
    """A rule with its nominal date and the first working day on or after it and the end of the gap."""

    rule: OwnClock
    nominal_on: date
    earliest_on: date


def _anchor_on(rule: OwnClock, facts: ItemFacts) -> date | None:
    if rule.anchor is Anchor.DUE:
        return facts.due_on
    if rule.anchor is Anchor.COLLECTION_END:
        return facts.collection_end_on
    return facts.deadline_on


def _planned_rule(rule: OwnClock, facts: ItemFacts, today: date | None, calendar: WorkingDays) -> _PlannedRule | None:
    """Returns when `rule` is due; with a `today`, None until then. Own-clock rules have no gap."""
    nominal = nominal_on(rule, facts)
    # Most items on most days end here, before the calendar is asked.
    if nominal is None or (today is not None and today < nominal):
        return None
    from_on = nominal
    if facts.last_delivered_on is not None and isinstance(rule, Level):
        from_on = max(nominal, facts.last_delivered_on + timedelta(days=rule.min_gap_days))
    earliest = calendar.next_working_day(from_on)
    if today is not None and today < earliest:
        return None
    return _PlannedRule(rule, nominal, earliest)


def _enrols_at_current_level(facts: ItemFacts, policy: Policy) -> bool:
    return facts.level_reached == 0 and policy.start == "level_of_the_day"


def _candidates(facts: ItemFacts, policy: Policy) -> tuple[Level, ...]:
    """Returns the levels of which one may come next, lowest first; a level partly taken is the only one."""
    partly_taken = _partly_taken(facts, policy) if facts.fired else None
    if partly_taken is not None:
        return (partly_taken,)
    if _enrols_at_current_level(facts, policy):
        return policy.levels
    return policy.levels[facts.level_reached : facts.level_reached + 1]


def _partly_taken(facts: ItemFacts, policy: Policy) -> Level | None:
    """Returns the level above the one reached of which a step was taken and another is left."""
    for level in policy.levels[facts.level_reached :]:
        taken = sum(step.code in facts.fired for step in level.steps)
        if 0 < taken < len(level.steps):
            return level
    return None


def _level_due(facts: ItemFacts, policy: Policy, today: date, calendar: WorkingDays) -> list[_PlannedRule]:
    """Returns the highest level that is due, or an empty list."""
    for level in reversed(_candidates(facts, policy)):
        planned = _planned_rule(level, facts, today, calendar)
        if planned is not None:
            return [planned]
    return []


def _own_clock_rules_not_fired(facts: ItemFacts, policy: Policy) -> Iterable[OwnClock]:
    if not facts.fired:
        return policy.own_clock
    return [rule for rule in policy.own_clock if any(step.code not in facts.fired for step in rule.steps)]


def _steps(
    planned: _PlannedRule, facts: ItemFacts, policy: Policy, today: date, calendar: WorkingDays
) -> Iterator[DueStep]:
    why = _why(planned, facts, policy, today, calendar)
    level = planned.rule.number if isinstance(planned.rule, Level) else 0
    left = [step for step in planned.rule.steps if step.code not in facts.fired]
    for step in left or planned.rule.steps:
        yield DueStep(
            level,
            step.code,
            step.audience,
            step.channel,
            step.approval,
            step.effects,
            planned.nominal_on,
            today,
            why,
        )


def _timing(planned: _PlannedRule, today: date, calendar: WorkingDays) -> str:
    if today == planned.nominal_on:
        return LEVEL_DUE
    if today != planned.earliest_on:
        return CATCH_UP
    return MOVED if today == calendar.next_working_day(planned.nominal_on) else GAP


def _why(planned: _PlannedRule, facts: ItemFacts, policy: Policy, today: date, calendar: WorkingDays) -> Why:
    rule = planned.rule
    timing = _timing(planned, today, calendar)
    anchor_on = _anchor_on(rule, facts)
    params: dict[str, JsonScalar] = {
        "policy": policy.code,
        "policy_version": policy.version,
        "anchor": rule.anchor.value,
        "anchor_on": None if anchor_on is None else anchor_on.isoformat(),
        "offset_days": rule.offset_days,
        "offset_months": rule.offset_months,
        "nominal_on": planned.nominal_on.isoformat(),
        "runs_on": today.isoformat(),
        "timing": timing,
    }
    if not isinstance(rule, Level):
        return Why(OWN_CLOCK, params)
    params["level"] = rule.number
    params["min_gap_days"] = rule.min_gap_days
    last = facts.last_delivered_on
    params["last_delivered_on"] = None if last is None else last.isoformat()
    if rule.anchor is Anchor.DEADLINE:
        return Why(DEADLINE_LAPSED, params)
    if _enrols_at_current_level(facts, policy) and rule.number > 1:
        return Why(LEVEL_OF_THE_DAY, params)
    return Why(timing, params)
