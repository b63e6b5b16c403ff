"""Records what came of a call or task, and calls that the ladder did not ask for.

Invariants: the case lock comes first; a task that is tried again stays where it is on its ladder; a promise holds what
it was given for until its day, and a dispute does where its reporter may place a hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.commands import place_hold
from ar.cases.holds.inputs import PlaceHold
from ar.cases.holds.outcome_inputs import CompleteTask, LogCall
from ar.cases.ladder.locked import (
    LockedAction,
    action_facts,
    decide,
    lock_action,
    require_role,
    require_state,
    role_name,
    update_action,
)
from ar.cases.ladder.state import PENDING, lock_cases, pending_step_ids, record_step_outcome
from ar.cases.models import Action, StepTaken
from ar.cases.rules.outcomes import fault_of, last_promise_on
from ar.cases.rules.policy import DONE_BY
from ar.customers.lookups import has_reachable_contact
from ar.customers.models import Customer
from kernel.actor import Actor
from kernel.errors import Forbidden, NotFound, RuleBroken
from kernel.journal import record
from tenants.permissions import Permission, allows


def complete_task(db: Session, actor: Actor, action_id: UUID, data: CompleteTask) -> None:
    """Records what came of a call or task: its steps count as delivered, or it is tried again on `data.again_on`.

    A dispute is placed as a hold on each document, a promise about several on the customer. Raises
    NotFound, Forbidden(`approval_role_needed`, `done_by_role`), Conflict(`action_decided`), RuleBroken(`not_a_task`,
    `no_address_yet`, `promise_too_far`, those of `rules.outcomes.fault_of` and of a hold).
    """
    actor = lock_cases(db, actor)
    action = lock_action(db, actor, action_id)
    if action.form == "letter":
        raise RuleBroken("not_a_task")
    require_state(action, "proposed", "approved")
    if action.state == "proposed":
        require_role(actor, action.release_role)
    _require_doer(actor, action)
    _require_together(actor, data, data.again_on)
    is_mended = data.again_on is None and action.code == "mend_contact"
    if is_mended and not has_reachable_contact(db, actor.tenant_id, action.customer_id):
        raise RuleBroken("no_address_yet")
    if data.again_on is not None:
        update_action(db, actor, action_id, outcome=data.outcome, again_on=data.again_on, reason=data.note)
        facts = {**_facts(data), **action_facts(action), "again_on": data.again_on.isoformat()}
        record(db, actor, "task_tried", customer_id=action.customer_id, subject_id=action_id, data=facts)
        return
    items = _pending_items(db, actor, action_id)
    record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action_id), "done")
    decide(db, actor, action_id, "done", data.note, delivered_at=actor.now, outcome=data.outcome, again_on=None)
    facts = {**_facts(data), **action_facts(action)}
    record(db, actor, "action_done", customer_id=action.customer_id, subject_id=action_id, data=facts)
    currency = db.execute(
        sa.select(Action.currency).where(Action.tenant_id == actor.tenant_id, Action.id == action_id)
    ).scalar_one()
    by_document = len(items) == 1 or data.outcome == "disputed"
    for item_id in items if by_document else (None,):
        _place_hold(db, actor, data, action.customer_id, item_id, str(currency))


def log_call(db: Session, actor: Actor, data: LogCall) -> None:
    """Records a call with a customer that the ladder did not ask for; a promise or dispute is placed as a hold.

    Raises NotFound(`customer_not_found`), RuleBroken as `complete_task`.
    """
    actor = lock_cases(db, actor)
    customer = db.execute(
        sa.select(Customer.id).where(
            Customer.tenant_id == actor.tenant_id, Customer.id == data.customer_id, Customer.retired_at.is_(None)
        )
    ).first()
    if customer is None:
        raise NotFound("customer_not_found")
    _require_together(actor, data, None)
    record(db, actor, "call_logged", customer_id=data.customer_id, subject_id=data.customer_id, data=_facts(data))
    _place_hold(db, actor, data, data.customer_id, None, data.currency)


def _require_doer(actor: Actor, action: LockedAction) -> None:
    """Refuses a task that a role does to others, but for those who might skip it as well."""
    role = DONE_BY.get(action.code)
    if role is not None and role not in actor.roles and not allows(actor.roles, Permission.REVIEW_ACTIONS):
        raise Forbidden("done_by_role", role=role_name(role))


def _require_together(actor: Actor, data: CompleteTask | LogCall, again_on: Any) -> None:
    fault = fault_of(
        data.outcome,
        promised_on=data.promised_on,
        amount=data.amount,
        again_on=again_on,
        today=actor.today,
        tried_again=isinstance(data, CompleteTask),
    )
    if fault:
        raise RuleBroken(fault)
    last_on = last_promise_on(actor.today)
    if data.promised_on is not None and data.promised_on > last_on and not _may_hold(actor):
        raise RuleBroken("promise_too_far", last_on=last_on.isoformat())


def _place_hold(
    db: Session,
    actor: Actor,
    data: CompleteTask | LogCall,
    customer_id: UUID,
    item_id: UUID | None,
    currency: str | None,
) -> None:
    kind = {"promised": "promise", "disputed": "dispute"}.get(data.outcome)
    if kind is None or (kind == "dispute" and not _may_hold(actor)):
        return
    hold = {
        "customer_id": customer_id,
        "item_id": item_id,
        "kind": kind,
        "until_on": data.promised_on,
        "amount": data.amount,
        "currency": currency,
        "reason": data.note,
    }
    place_hold(db, actor, PlaceHold.model_validate(hold))


def _pending_items(db: Session, actor: Actor, action_id: UUID) -> Sequence[UUID]:
    step = StepTaken
    return (
        db.execute(
            sa.select(step.item_id)
            .where(step.tenant_id == actor.tenant_id, step.action_id == action_id, step.state.in_(PENDING))
            .distinct()
        )
        .scalars()
        .all()
    )


def _may_hold(actor: Actor) -> bool:
    return allows(actor.roles, Permission.PLACE_BLOCK)


def _facts(data: CompleteTask | LogCall) -> dict[str, Any]:
    return {"outcome": data.outcome, "reason": data.note}
