"""Moves items on their ladder by the outcome of their steps: level reached, deadline, day of the next step.

Invariants: only what was delivered or done moves the level and starts the gap; a level is reached when all its
steps are taken, and a suppressed step may be proposed again; every writer of ladder states first takes the tenant's
case lock, so a run never overwrites the effect of a delivered mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.models import Action, LadderState, StepTaken
from ar.cases.rules import ladder
from ar.cases.rules.ladder import ItemFacts
from ar.cases.rules.policy import Effect
from ar.ledger.lookups import later_allocations, open_minor_at
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.calendars import WorkCalendar
from kernel.counters import lock_counter
from tenants.queries import work_calendar

StepOutcome = Literal["delivered", "done", "skipped", "suppressed"]
#: States of a step whose outcome its item waits for.
PENDING: Final = ("proposed", "failed", "unknown")
_MOVES_LEVEL: Final = ("delivered", "done", "skipped")

_UPDATE_ACTIONS: Final = sa.text("""
    UPDATE action SET
        items = CASE WHEN remaining.items = 0 THEN action.items ELSE remaining.items END,
        total_minor = CASE WHEN remaining.items = 0 THEN action.total_minor ELSE remaining.total_minor END,
        state = CASE WHEN remaining.items = 0 THEN 'suppressed' ELSE action.state END,
        reason = CASE WHEN remaining.items = 0 THEN :reason ELSE action.reason END
    FROM (
        SELECT asked.id, count(s.item_id) AS items, coalesce(sum(s.open_minor), 0) AS total_minor
        FROM unnest(CAST(:ids AS uuid[])) AS asked(id)
        LEFT JOIN (
            SELECT DISTINCT action_id, item_id, open_minor FROM step
            WHERE tenant_id = :tenant AND action_id = ANY(CAST(:ids AS uuid[]))
                AND state = ANY(CAST(:pending AS text[]))
        ) AS s ON s.action_id = asked.id
        GROUP BY asked.id
    ) AS remaining
    WHERE action.tenant_id = :tenant AND action.id = remaining.id
""")
_UPDATE_STATES: Final = sa.text("""
    UPDATE ladder_state SET
        level_reached = n.level_reached, waiting = n.waiting, last_delivered_on = n.last_delivered_on,
        deadline_on = n.deadline_on, fired = string_to_array(n.fired, ','), next_on = n.next_on, held_code = NULL
    FROM unnest(
        CAST(:items AS uuid[]), CAST(:levels AS int[]), CAST(:waiting AS bool[]), CAST(:delivered AS date[]),
        CAST(:deadlines AS date[]), CAST(:fired AS text[]), CAST(:next AS date[])
    ) AS n(item_id, level_reached, waiting, last_delivered_on, deadline_on, fired, next_on)
    WHERE ladder_state.tenant_id = :tenant AND ladder_state.item_id = n.item_id
""")


def lock_cases(db: Session, actor: Actor) -> Actor:
    """Locks the tenant's cases until COMMIT; returns the actor at the moment after.

    First statement of every command that moves a case.
    """
    return lock_counter(db, actor, "day_run")


@dataclass(frozen=True, slots=True)
class _StepWithOutcome:
    """A step whose outcome was recorded."""

    item_id: UUID
    policy_version_id: UUID
    level: int
    code: str


@dataclass(slots=True)
class _ItemState:
    """An item's ladder state while steps are applied to it."""

    item_id: UUID
    policy_version_id: UUID
    facts: ItemFacts


def record_step_outcome(
    db: Session,
    actor: Actor,
    step_ids: Sequence[UUID],
    outcome: StepOutcome,
    *,
    deadline_on: date | None = None,
    book: PolicyBook | None = None,
) -> int:
    """Records the outcome of pending steps and moves their items; returns how many steps were still pending.

    `deadline_on` is what a delivered demand sets; without it the policy's days count from today. `book` holds the
    policies if the caller has loaded them.
    """
    if not step_ids:
        return 0
    s = StepTaken
    rows = db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.id == _any_of(step_ids), s.state.in_(PENDING))
        .values(state=outcome)
        .returning(s.item_id, s.policy_version_id, s.level, s.code)
    ).all()
    taken = [_StepWithOutcome(**row._mapping) for row in rows]
    if taken:
        _move_items(db, actor, taken, outcome, deadline_on, book or policy_book(db, actor.tenant_id))
    return len(taken)


def mark_steps(db: Session, actor: Actor, action_id: UUID, state: Literal["failed", "unknown", "proposed"]) -> None:
    """Marks the pending steps of a letter as bounced, in doubt or proposed again; the level stays."""
    s = StepTaken
    db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.action_id == action_id, s.state.in_(PENDING))
        .values(state=state)
    )


def pending_step_ids(db: Session, tenant_id: UUID, action_id: UUID) -> list[UUID]:
    """Returns the steps of an action that have no outcome yet."""
    s = StepTaken
    return list(
        db.execute(
            sa.select(s.id).where(s.tenant_id == tenant_id, s.action_id == action_id, s.state.in_(PENDING))
        ).scalars()
    )


def withdraw_items(db: Session, actor: Actor, customer_id: UUID, item_id: UUID | None, reason: str) -> None:
    """Withdraws the pending steps of a customer (or one item) from the queue, for the reason of code `reason`."""
    step, action = StepTaken, Action
    actor = lock_cases(db, actor)
    query = (
        sa.select(step.id, step.action_id)
        .join(action, sa.and_(action.tenant_id == step.tenant_id, action.id == step.action_id))
        .where(
            step.tenant_id == actor.tenant_id,
            action.tenant_id == actor.tenant_id,
            action.customer_id == customer_id,
            in_queue(),
            step.state == "proposed",
        )
    )
    if item_id is not None:
        query = query.where(step.item_id == item_id)
    _withdraw(db, actor, db.execute(query).all(), reason)


def withdraw_paid(db: Session, actor: Actor, book: PolicyBook) -> int:
    """Withdraws the steps of items paid or credited as of today from the queue; returns how many."""
    step, action, item = StepTaken, Action, OpenItem
    later = later_allocations(actor.tenant_id, actor.today)
    rows = db.execute(
        sa.select(step.id, step.action_id)
        .join(action, sa.and_(action.tenant_id == step.tenant_id, action.id == step.action_id))
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .outerjoin(later, later.c.item_id == item.id)
        .where(
            step.tenant_id == actor.tenant_id,
            action.tenant_id == actor.tenant_id,
            item.tenant_id == actor.tenant_id,
            in_queue(),
            step.state == "proposed",
            open_minor_at(later) == 0,
        )
    ).all()
    _withdraw(db, actor, rows, "paid", book)
    return len(rows)


def refresh_actions(db: Session, actor: Actor, action_ids: Sequence[UUID], reason: str) -> None:
    """Recounts items and sums of actions; an action without items left is suppressed for `reason`."""
    if not action_ids:
        return
    db.execute(
        _UPDATE_ACTIONS,
        {"tenant": actor.tenant_id, "ids": list(action_ids), "reason": reason, "pending": list(PENDING)},
    )


def in_queue() -> sa.ColumnElement[bool]:
    """Returns the condition for a letter not yet released, or a call or task not yet done."""
    a = Action
    return sa.or_(a.state == "proposed", sa.and_(a.state == "approved", a.form != "letter"))


def _withdraw(db: Session, actor: Actor, rows: Sequence[Any], reason: str, book: PolicyBook | None = None) -> None:
    if rows:
        record_step_outcome(db, actor, [row.id for row in rows], "suppressed", book=book)
        refresh_actions(db, actor, sorted({row.action_id for row in rows}), reason)


def _move_items(
    db: Session,
    actor: Actor,
    taken: Sequence[_StepWithOutcome],
    outcome: StepOutcome,
    deadline_on: date | None,
    book: PolicyBook,
) -> None:
    calendar = work_calendar(db, actor.tenant_id)
    item_ids = sorted({step.item_id for step in taken})
    states = {state.item_id: state for state in _states(db, actor.tenant_id, item_ids)}
    open_steps = _open_steps(db, actor.tenant_id, item_ids)
    waiting = {row.item_id for row in open_steps if row.state in PENDING}
    partial = {(row.item_id, row.policy_version_id, row.level) for row in open_steps}
    for step in taken:
        state = states.get(step.item_id)
        # A step of an older version does not move an item that was enrolled again under another one.
        if state is not None and state.policy_version_id == step.policy_version_id:
            whole = (step.item_id, step.policy_version_id, step.level) not in partial
            state.facts = _after_step(state.facts, step, book, actor.today, outcome, deadline_on, whole=whole)
    for item_id, state in states.items():
        state.facts = state.facts._replace(waiting=item_id in waiting)
    _write_states(db, actor, list(states.values()), book, calendar)


def _after_step(
    facts: ItemFacts,
    step: _StepWithOutcome,
    book: PolicyBook,
    today: date,
    outcome: StepOutcome,
    deadline_on: date | None,
    *,
    whole: bool,
) -> ItemFacts:
    if step.level == 0:
        return facts._replace(fired=facts.fired - {step.code}) if outcome == "suppressed" else facts
    if outcome not in _MOVES_LEVEL:
        return facts
    facts = _with_level_reached(facts, step, book) if whole else facts._replace(fired=facts.fired | {step.code})
    if outcome == "skipped":
        return facts
    facts = facts._replace(last_delivered_on=today)
    policy_step = book.steps.get((step.policy_version_id, step.code))
    if policy_step is not None and Effect.SET_DEADLINE in policy_step.effects:
        days = book.by_id[step.policy_version_id].deadline_days
        facts = facts._replace(deadline_on=deadline_on or today + timedelta(days=days))
    return facts


def _with_level_reached(facts: ItemFacts, step: _StepWithOutcome, book: PolicyBook) -> ItemFacts:
    """Marks the level reached and clears its step codes from `fired`."""
    level = book.by_id[step.policy_version_id].levels[step.level - 1]
    step_codes = {policy_step.code for policy_step in level.steps}
    return facts._replace(level_reached=max(facts.level_reached, step.level), fired=facts.fired - step_codes)


def _states(db: Session, tenant_id: UUID, item_ids: Sequence[UUID]) -> list[_ItemState]:
    state, item = LadderState, OpenItem
    rows = db.execute(
        sa.select(
            state.item_id,
            state.policy_version_id,
            item.due_on,
            item.collection_end_on,
            state.level_reached,
            state.waiting,
            state.last_delivered_on,
            state.deadline_on,
            state.fired,
        )
        .join(item, sa.and_(item.tenant_id == state.tenant_id, item.id == state.item_id))
        .where(state.tenant_id == tenant_id, item.tenant_id == tenant_id, state.item_id == _any_of(item_ids))
        .order_by(state.item_id)
        .with_for_update(of=state)
    )
    return [
        _ItemState(
            item_id=row.item_id,
            policy_version_id=row.policy_version_id,
            facts=ItemFacts(
                due_on=row.due_on,
                collection_end_on=row.collection_end_on,
                level_reached=row.level_reached,
                waiting=row.waiting,
                last_delivered_on=row.last_delivered_on,
                deadline_on=row.deadline_on,
                fired=frozenset(row.fired),
            ),
        )
        for row in rows
    ]


def _open_steps(db: Session, tenant_id: UUID, item_ids: Sequence[UUID]) -> Sequence[Any]:
    """Returns the steps of levels without a final outcome: pending, or suppressed and to be proposed again."""
    s = StepTaken
    return db.execute(
        sa.select(s.item_id, s.policy_version_id, s.level, s.state).where(
            s.tenant_id == tenant_id, s.item_id == _any_of(item_ids), s.level > 0, s.state.in_((*PENDING, "suppressed"))
        )
    ).all()


def _write_states(
    db: Session, actor: Actor, states: Sequence[_ItemState], book: PolicyBook, calendar: WorkCalendar
) -> None:
    if not states:
        return
    facts = [state.facts for state in states]
    db.execute(
        _UPDATE_STATES,
        {
            "tenant": actor.tenant_id,
            "items": [state.item_id for state in states],
            "levels": [each.level_reached for each in facts],
            "waiting": [each.waiting for each in facts],
            "delivered": [each.last_delivered_on for each in facts],
            "deadlines": [each.deadline_on for each in facts],
            "fired": [",".join(sorted(each.fired)) for each in facts],
            "next": [ladder.next_on(s.facts, book.by_id[s.policy_version_id], calendar) for s in states],
        },
    )


def _any_of(ids: Sequence[UUID]) -> Any:
    return sa.any_(sa.cast(list(ids), sa.ARRAY(sa.Uuid)))
