"""Decides on letters and tasks: release, skip, complete, resolve a delivery in doubt.

A letter is released by a role, which is no approval of `tenants.approvals`. Invariants: the case lock comes first, so
of two people one decides and the other gets Conflict(`action_decided`); an action that needs a named role waits for it;
a decision stores who and when.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.state import lock_cases, mark_steps, pending_step_ids, record_step_outcome
from ar.cases.ladder.step_texts import state_name
from ar.cases.letters.sending import prepare_letter, return_to_queue
from ar.cases.models import Action
from ar.cases.queue.inputs import CompleteTask, ReleaseAction, ResolveDelivery, SkipAction
from ar.cases.queue.waiting import may_release, roles_array
from ar.cases.runs.recording import PREPARE_LETTERS
from ar.statements.commands import record_delivery_outcome
from kernel import outbox
from kernel.actor import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.journal import record
from tenants.permissions import ROLE_NAMES, Role


@dataclass(frozen=True)
class Release:
    """The state after a release: `approved`, or `suppressed` with the reason when no item was left to chase."""

    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _LockedAction:
    """The columns of an action on which a decision depends; its row is locked until COMMIT."""

    customer_id: UUID
    form: str
    code: str
    state: str
    run_on: date
    release_role: str | None
    decided_by: str | None
    decided_by_id: UUID | None
    deadline_on: date | None
    mail_id: UUID | None


def release_action(db: Session, actor: Actor, action_id: UUID, data: ReleaseAction) -> Release:
    """Releases a letter (numbered, printed, mail queued) or a task that needs a named role.

    Idempotent for the same person. Raises NotFound, Forbidden(`approval_role_needed`), Conflict
    (`action_decided`), RuleBroken(`no_dunning_contact`, `deadline_past`, `not_a_letter`, `action_not_yet_due`).
    """
    actor = lock_cases(db, actor)
    action = _lock_action(db, actor, action_id)
    if action.state == "approved" and _is_same_person(actor, action):
        return Release("approved")
    _require_state(action, "proposed")
    _require_role(actor, action.release_role)
    if action.run_on > actor.today:
        # A run for a coming day (`run-day --date`) may propose ahead; its letters are not released before that day.
        raise RuleBroken("action_not_yet_due", day=action.run_on.isoformat())
    if data.deadline_on is not None and data.deadline_on <= actor.today:
        raise RuleBroken("deadline_past")
    if action.form != "letter" and action.release_role is None:
        raise RuleBroken("not_a_letter")
    _update_action(
        db,
        actor,
        action_id,
        state="approved",
        **_decided_now_by(actor),
        reason=None,
        deadline_on=data.deadline_on,
    )
    record(db, actor, "action_approved", customer_id=action.customer_id, subject_id=action_id, data=_facts(action))
    if action.form != "letter":
        return Release("approved")
    reason = prepare_letter(db, actor, action_id)
    return Release("approved") if reason is None else Release("suppressed", reason)


def count_not_yet_due(db: Session, actor: Actor) -> int:
    """Returns how many letters this person may release on a later day only."""
    a, later = Action, Action.run_on > actor.today
    may = may_release(actor.tenant_id, roles_array(actor))
    return db.execute(sa.select(sa.func.count()).where(a.tenant_id == actor.tenant_id, *may, later)).scalar_one()


def count_releasable(db: Session, actor: Actor) -> int:
    """Returns how many letters this person may release today."""
    a = Action
    return db.execute(
        sa.select(sa.func.count()).where(a.tenant_id == actor.tenant_id, *_releasable_now(actor))
    ).scalar_one()


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
        .values(state="approved", reason=None, **_decided_now_by(actor))
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
    action = _lock_action(db, actor, action_id)
    released_task = ("approved",) if action.form != "letter" else ()
    _require_state(action, "proposed", "failed", *released_task)
    record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action_id), "skipped")
    _decide(db, actor, action_id, action, "skipped", data.reason)


def complete_task(db: Session, actor: Actor, action_id: UUID, data: CompleteTask) -> None:
    """Completes a call or task; its steps count as delivered.

    Raises NotFound, RuleBroken(`not_a_task`), Forbidden(`approval_role_needed`), Conflict(`action_decided`).
    """
    actor = lock_cases(db, actor)
    action = _lock_action(db, actor, action_id)
    if action.form == "letter":
        raise RuleBroken("not_a_task")
    _require_state(action, "proposed", "approved")
    if action.state == "proposed":
        _require_role(actor, action.release_role)
    record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action_id), "done")
    unanswered = action.form == "call" and data.no_answer
    _decide(db, actor, action_id, action, "done", data.note, delivered_at=actor.now, no_answer=unanswered)


def resolve_delivery(db: Session, actor: Actor, action_id: UUID, data: ResolveDelivery) -> None:
    """Records the delivery outcome of a mail in doubt, or returns a letter that came back to the queue.

    Raises NotFound, Conflict(`not_in_doubt`).
    """
    actor = lock_cases(db, actor)
    action = _lock_action(db, actor, action_id)
    if action.state not in ("failed", "unknown") or (data.outcome == "arrived" and action.state != "unknown"):
        raise Conflict("not_in_doubt")
    record_delivery_outcome(db, actor, action.mail_id, "arrived" if data.outcome == "arrived" else "replaced")
    if data.outcome == "arrived":
        steps = pending_step_ids(db, actor.tenant_id, action_id)
        record_step_outcome(db, actor, steps, "delivered", deadline_on=action.deadline_on)
        _decide(db, actor, action_id, action, "delivered", None, delivered_at=actor.now)
        return
    mark_steps(db, actor, action_id, "proposed")
    return_to_queue(db, actor, action_id)
    record(db, actor, "action_reopened", customer_id=action.customer_id, subject_id=action_id, data=_facts(action))


def role_name(role: str | None) -> str:
    """Returns a role's name in the current language; an unknown code as it is."""
    roles = {each.value: each for each in Role}
    return _(ROLE_NAMES[roles[role]]) if role in roles else role or ""


def _releasable_now(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions for letters that this person may release today."""
    return (*may_release(actor.tenant_id, roles_array(actor)), Action.run_on <= actor.today)


def _lock_action(db: Session, actor: Actor, action_id: UUID) -> _LockedAction:
    a = Action
    row = db.execute(
        sa.select(
            a.customer_id,
            a.form,
            a.code,
            a.state,
            a.run_on,
            a.release_role,
            a.decided_by,
            a.decided_by_id,
            a.deadline_on,
            a.mail_id,
        )
        .where(a.tenant_id == actor.tenant_id, a.id == action_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("action_not_found")
    return _LockedAction(**row._mapping)


def _require_state(action: _LockedAction, *states: str) -> None:
    if action.state not in states:
        raise Conflict("action_decided", name=action.decided_by or "Huikuan", state=state_name(action.state))


def _require_role(actor: Actor, role: str | None) -> None:
    if role is not None and role not in actor.roles:
        raise Forbidden("approval_role_needed", role=role_name(role))


def _decide(
    db: Session, actor: Actor, action_id: UUID, action: _LockedAction, state: str, reason: str | None, **more: Any
) -> None:
    _update_action(db, actor, action_id, state=state, reason=reason, **_decided_now_by(actor), **more)
    facts = {**_facts(action), **({"reason": reason} if reason else {})}
    record(db, actor, f"action_{state}", customer_id=action.customer_id, subject_id=action_id, data=facts)


def _decided_now_by(actor: Actor) -> dict[str, Any]:
    return {"decided_by": actor.name, "decided_by_id": actor.user_id, "decided_at": actor.now}


def _is_same_person(actor: Actor, action: _LockedAction) -> bool:
    """Compares accounts, since two people may share a name; an actor without account (command line) by name."""
    if actor.user_id is None:
        return action.decided_by_id is None and action.decided_by == actor.name
    return action.decided_by_id == actor.user_id


def _facts(action: _LockedAction) -> dict[str, Any]:
    return {"form": action.form, "code": action.code}


def _update_action(db: Session, actor: Actor, action_id: UUID, **values: Any) -> None:
    db.execute(sa.update(Action).where(Action.tenant_id == actor.tenant_id, Action.id == action_id).values(**values))
