"""Queries the ladder of one customer's leading item, for the customer's page, and the proposals to stop shipments.

Invariant: one statement each; steps to come are simulated by `ar.cases.rules.ladder`, never calculated a second way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from ar.cases.ladder.explain import reason_text
from ar.cases.ladder.step_texts import step_name
from ar.cases.models import Action, LadderState, PolicyVersion, StepTaken
from ar.cases.rules import ladder
from ar.cases.rules.ladder import ItemFacts
from ar.cases.rules.policy import Effect, Policy
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.calendars import WorkCalendar
from kernel.db import columns
from kernel.i18n import gettext as _
from kernel.views import select_view, value, views

#: How far ahead steps are simulated; the twelfth step comes about eight months after the due date.
_AHEAD: Final = timedelta(days=400)
#: The strip's state by the stored state of a step; all others stand at "now".
_STRIP_STATES: Final = {"delivered": "done", "done": "done", "skipped": "skipped"}
#: Customers named at once.
STOPS_MAX: Final = 200
_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)


@dataclass(frozen=True, slots=True)
class LadderStripStep:
    """One step of the strip; `state` is done, now, coming or skipped."""

    label: str
    state: str
    on: date | None
    text: str


@dataclass(frozen=True)
class LadderStrip:
    """The ladder of a customer's leading item: the one at the highest level, then the oldest."""

    item_id: UUID
    document_no: str
    policy_name: str
    level: int
    held: str
    steps: tuple[LadderStripStep, ...]


@dataclass(frozen=True, slots=True)
class StopProposal:
    """A customer to whom a letter went that proposed to stop shipments, and has not paid all that it claimed."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    code: str
    since_on: date

    @property
    def name(self) -> str:
        """Returns the letter in words."""
        return step_name(self.code)


def stop_proposals(db: Session, tenant_id: UUID, customer_id: UUID | None = None) -> list[StopProposal]:
    """Returns the proposals that stand, by customer (of one, where named), each with its first; at most STOPS_MAX."""
    action, step, item, customer = Action, StepTaken, OpenItem, Customer
    still_open = (
        sa.select(step.id)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == step.item_id))
        .where(step.tenant_id == tenant_id, step.action_id == action.id, item.open_minor > 0)
        .exists()
    )
    query = (
        select_view(
            StopProposal,
            customer_id=value(action.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            code=value(action.code),
            since_on=value(action.run_on),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == action.customer_id))
        .where(
            action.tenant_id == tenant_id,
            customer.tenant_id == tenant_id,
            action.state == "delivered",
            action.effects.contains([Effect.PROPOSE_STOP_SHIPMENT.value]),
            still_open,
        )
        .ext(distinct_on(customer.sort_key, customer.number))
        .order_by(customer.sort_key, customer.number, action.run_on)
        .limit(STOPS_MAX)
    )
    if customer_id is not None:
        query = query.where(action.customer_id == customer_id)
    return views(StopProposal, db.execute(query))


def ladder_strip(
    db: Session, tenant_id: UUID, customer_id: UUID, today: date, calendar: WorkCalendar
) -> LadderStrip | None:
    """Returns the steps taken and to come of the item at the highest level, then the oldest; None without one."""
    row = columns(db, _leading_item_statement(), {"tenant": tenant_id, "customer": customer_id}).first()
    if row is None:
        return None
    policy = Policy.model_validate(row.data)
    facts = ItemFacts(
        due_on=row.due_on,
        collection_end_on=row.collection_end_on,
        level_reached=row.level_reached,
        waiting=row.waiting,
        last_delivered_on=row.last_delivered_on,
        deadline_on=row.deadline_on,
        fired=frozenset(row.fired),
    )
    taken = {code: (_STRIP_STATES.get(state, "now"), date.fromisoformat(on)) for code, state, on in row.taken or ()}
    coming = {step.code: step.runs_on for step in ladder.simulate(facts, policy, today, today + _AHEAD, calendar)}
    steps = []
    now_shown = any(state == "now" for state, _on in taken.values())
    for step in policy.steps():
        state, on = taken.get(step.code, ("coming", coming.get(step.code)))
        if state == "coming" and not now_shown and on is not None:
            state, now_shown = "now", True
        steps.append(LadderStripStep(step_name(step.code), state, on, "" if on else _("after the step before")))
    held = reason_text(row.held_code)
    return LadderStrip(
        item_id=row.item_id,
        document_no=row.document_no,
        policy_name=_(policy.name),
        level=row.level_reached,
        held=held,
        steps=tuple(steps),
    )


@cache
def _leading_item_statement() -> Any:
    """Selects the leading item with its ladder and policy; built once, since a page waits for it."""
    ladder_state, item, version = LadderState, OpenItem, PolicyVersion
    return (
        sa.select(
            ladder_state.item_id,
            item.document_no,
            item.due_on,
            item.collection_end_on,
            ladder_state.policy_version_id,
            ladder_state.level_reached,
            ladder_state.waiting,
            ladder_state.last_delivered_on,
            ladder_state.deadline_on,
            ladder_state.fired,
            ladder_state.held_code,
            version.data,
            _steps_taken().label("taken"),
        )
        .join(item, sa.and_(item.tenant_id == ladder_state.tenant_id, item.id == ladder_state.item_id))
        .join(
            version, sa.and_(version.tenant_id == ladder_state.tenant_id, version.id == ladder_state.policy_version_id)
        )
        .where(
            ladder_state.tenant_id == _TENANT,
            item.tenant_id == _TENANT,
            version.tenant_id == _TENANT,
            item.customer_id == _CUSTOMER,
            item.open_minor > 0,
        )
        .order_by(ladder_state.level_reached.desc(), item.due_on, item.id)
        .limit(1)
    )


def _steps_taken() -> sa.ScalarSelect[Any]:
    """Selects [[code, state, day], …] of the leading item as JSON; a suppressed step is still to come."""
    ladder_state, step = LadderState, aliased(StepTaken)
    return (
        sa.select(sa.func.jsonb_agg(sa.func.jsonb_build_array(step.code, step.state, step.runs_on)))
        .where(
            step.tenant_id == _TENANT,
            step.item_id == ladder_state.item_id,
            step.policy_version_id == ladder_state.policy_version_id,
            step.state != "suppressed",
        )
        .correlate(ladder_state)
        .scalar_subquery()
    )
