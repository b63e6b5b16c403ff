"""Decides on letters and tasks: release, skip, resolve a delivery in doubt.

A letter is released by a role, which is no approval of `tenants.approvals`. Invariants: the case lock comes first, so
of two people one decides and the other gets Conflict(`action_decided`); an action that needs a named role waits for it;
a decision stores who and when.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.locked import (
    LockedAction,
    action_facts,
    decide,
    decided_now_by,
    is_same_person,
    lock_action,
    require_role,
    require_state,
    update_action,
)
from ar.cases.ladder.state import lock_cases, mark_steps, pending_step_ids, record_step_outcome
from ar.cases.letters.drafting import draft_letter
from ar.cases.letters.effects import stop_if_said
from ar.cases.letters.sending import prepare_letter, return_to_queue
from ar.cases.models import Action
from ar.cases.queue.inputs import CloseLetter, ReleaseAction, ResolveDelivery, SkipAction
from ar.cases.queue.waiting import letters_to_release, may_release, roles_array
from ar.cases.runs.recording import PREPARE_LETTERS
from ar.statements.commands import record_delivery_outcome
from kernel import outbox
from kernel.actor import Actor
from kernel.counts import counted_to
from kernel.db import columns
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.journal import record


@dataclass(frozen=True)
class Release:
    """The state after a release: `approved`, or `suppressed` with the reason when no item was left to chase."""

    state: str
    reason: str | None = None


def release_action(db: Session, actor: Actor, action_id: UUID, data: ReleaseAction) -> Release:
    """Releases a letter (numbered, printed, mail queued) or a task that needs a named role.

    Idempotent for the same person. Raises NotFound, Forbidden(`approval_role_needed`), Conflict
    (`action_decided`), RuleBroken(`no_dunning_contact`, `deadline_past`, `not_a_letter`, `action_not_yet_due`).
    """
    actor = lock_cases(db, actor)
    action = lock_action(db, actor, action_id)
    if action.state == "approved" and is_same_person(actor, action):
        return Release("approved")
    require_state(action, "proposed")
    require_role(actor, action.release_role)
    if action.run_on > actor.today:
        # A run for a coming day (`run-day --date`) may propose ahead; its letters are not released before that day.
        raise RuleBroken("action_not_yet_due", day=action.run_on.isoformat())
    if data.deadline_on is not None and data.deadline_on <= actor.today:
        raise RuleBroken("deadline_past")
    if action.form != "letter" and action.release_role is None:
        raise RuleBroken("not_a_letter")
    update_action(
        db,
        actor,
        action_id,
        state="approved",
        **decided_now_by(actor),
        reason=None,
        deadline_on=data.deadline_on,
    )
    record(
        db, actor, "action_approved", customer_id=action.customer_id, subject_id=action_id, data=action_facts(action)
    )
    if action.form != "letter":
        return Release("approved")
    reason = prepare_letter(db, actor, action_id)
    return Release("approved") if reason is None else Release("suppressed", reason)


def count_not_yet_due(db: Session, actor: Actor) -> int:
    """Returns how many letters this person may release on a later day only."""
    a, later = Action, Action.run_on > actor.today
    may = may_release(actor.tenant_id, roles_array(actor))
    return db.execute(sa.select(sa.func.count()).where(a.tenant_id == actor.tenant_id, *may, later)).scalar_one()


def count_releasable(db: Session, actor: Actor, count_to: int | None = None) -> int:
    """Returns how many letters this person may release today, up to `count_to` (None: all)."""
    asked = {"tenant": actor.tenant_id, "roles": sorted(actor.roles), "today": actor.today}
    if count_to is None:
        return int(columns(db, _count_of_releasable(of_all=True), asked).scalar_one())
    found = columns(db, _count_of_releasable(of_all=False), {**asked, "count_to": count_to})
    return counted_to(int(found.scalar_one()), count_to)


@cache
def _count_of_releasable(*, of_all: bool) -> sa.Select[*tuple[Any, ...]]:
    rows = letters_to_release(of_all=of_all)
    found = rows if of_all else rows.limit(sa.bindparam("count_to", type_=sa.Integer))
    return sa.select(sa.func.count()).select_from(found.subquery())


def release_letters(db: Session, actor: Actor, action_ids: Collection[UUID] | None = None) -> int:
    """Releases those of these letters (None: all) that this person may release now; returns how many.

    A job prints and mails them, and asks once more what each still claims. Letters that were paid or decided meanwhile,
    those without a reachable contact and those of other roles are left alone.
    """
    actor = lock_cases(db, actor)
    a = Action
    chosen = () if action_ids is None else (a.id.in_(action_ids),)
    rows = db.execute(
        sa.update(a)
        .where(a.tenant_id == actor.tenant_id, *_releasable_now(actor), *chosen)
        .values(state="approved", reason=None, **decided_now_by(actor))
        .returning(a.id)
    ).all()
    if rows:
        batch = new_id()
        ids = sorted(str(row.id) for row in rows)
        record(db, actor, "actions_approved", subject_id=batch, data={"count": len(ids), "actions": ids})
        outbox.put(db, actor, PREPARE_LETTERS, {}, key=f"{PREPARE_LETTERS}:{batch}")
    return len(rows)


def skip_action(db: Session, actor: Actor, action_id: UUID, data: SkipAction) -> None:
    """Skips a letter or task for good, with a reason; its items advance as if the step had been taken.

    Raises NotFound, Conflict(`action_decided`).
    """
    actor = lock_cases(db, actor)
    action = lock_action(db, actor, action_id)
    released_task = ("approved",) if action.form != "letter" else ()
    require_state(action, "proposed", "failed", *released_task)
    record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action_id), "skipped")
    decide(db, actor, action_id, "skipped", data.reason)
    facts = {**action_facts(action), "reason": data.reason}
    record(db, actor, "action_skipped", customer_id=action.customer_id, subject_id=action_id, data=facts)


def resolve_delivery(db: Session, actor: Actor, action_id: UUID, data: ResolveDelivery) -> None:
    """Records the delivery outcome of a mail in doubt, or returns a letter that came back to the queue.

    Raises NotFound, Conflict(`not_in_doubt`), RuleBroken(`letter_claims_nothing`) where nothing is left to send again.
    """
    actor = lock_cases(db, actor)
    action = _lock_in_doubt(db, actor, action_id)
    if data.outcome == "arrived" and action.state != "unknown":
        raise Conflict("not_in_doubt")
    if data.outcome == "send_again" and not draft_letter(db, actor, action_id).chased:
        raise RuleBroken("letter_claims_nothing")
    facts = action_facts(action)
    record_delivery_outcome(db, actor, action.mail_id, "arrived" if data.outcome == "arrived" else "replaced")
    if data.outcome == "arrived":
        steps = pending_step_ids(db, actor.tenant_id, action_id)
        record_step_outcome(db, actor, steps, "delivered", deadline_on=action.deadline_on)
        decide(db, actor, action_id, "delivered", None, delivered_at=actor.now)
        record(db, actor, "action_delivered", customer_id=action.customer_id, subject_id=action_id, data=facts)
        stop_if_said(db, actor, action_id)
        return
    mark_steps(db, actor, action_id, "proposed")
    return_to_queue(db, actor, action_id)
    record(db, actor, "action_reopened", customer_id=action.customer_id, subject_id=action_id, data=facts)


def close_letter(db: Session, actor: Actor, action_id: UUID, data: CloseLetter) -> None:
    """Closes a letter that bounced or is in doubt, with a reason: it did not arrive and is not sent again.

    Its steps count as not sent: what is open again later is chased again. Raises NotFound, Conflict(`not_in_doubt`).
    """
    actor = lock_cases(db, actor)
    action = _lock_in_doubt(db, actor, action_id)
    record_delivery_outcome(db, actor, action.mail_id, "not_arrived")
    record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action_id), "suppressed")
    decide(db, actor, action_id, "suppressed", data.reason)
    facts = {**action_facts(action), "reason": data.reason}
    record(db, actor, "action_suppressed", customer_id=action.customer_id, subject_id=action_id, data=facts)


def _releasable_now(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions for letters that this person may release today."""
    return (*may_release(actor.tenant_id, roles_array(actor)), Action.run_on <= actor.today)


def _lock_in_doubt(db: Session, actor: Actor, action_id: UUID) -> LockedAction:
    action = lock_action(db, actor, action_id)
    if action.state not in ("failed", "unknown"):
        raise Conflict("not_in_doubt")
    return action
