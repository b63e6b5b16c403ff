"""Ladder and holds of one customer, for its page.

Invariant: reads only, a constant number of statements, each bounded; what is to come is the ladder's own answer, not a
second calculation.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.cases.ladder.explain import reason_text
from ar.cases.letters.texts import step_name
from ar.cases.models import CollectionHold, LadderState, PolicyVersion, Step
from ar.cases.queue.views import BlockView, CaseStrip, StripStep
from ar.cases.rules import ladder
from ar.cases.rules.holds import last_held_day
from ar.cases.rules.ladder import ItemFacts
from ar.cases.rules.policy import Policy
from ar.ledger.models import OpenItem
from kernel.calendars import WorkCalendar
from kernel.db import columns
from kernel.i18n import gettext as _

#: How far ahead the strip looks; the twelfth step comes about eight months after the due date.
_AHEAD: Final = timedelta(days=400)
_TENANT: Final = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final = sa.bindparam("customer", type_=sa.Uuid)


def case_strip(
    db: Session, tenant_id: UUID, customer_id: UUID, today: date, calendar: WorkCalendar
) -> CaseStrip | None:
    """Returns the ladder of the item highest up (then oldest): steps done and to come, in one statement."""
    row: Any = columns(db, _leading_item_statement(), {"tenant": tenant_id, "customer": customer_id}).first()
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
        steps.append(StripStep(step_name(step.code), state, on, "" if on else _("after the step before")))
    held = reason_text(row.held_code)
    return CaseStrip(
        item_id=row.item_id,
        document_no=row.document_no,
        policy_name=_(policy.name),
        level=row.level_reached,
        held=held,
        steps=tuple(steps),
    )


def block_views(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> list[BlockView]:
    """Returns every hold of a customer, active ones first; a promise is kept or broken by what the ledger says."""
    rows = columns(db, _holds_statement(), {"tenant": tenant_id, "customer": customer_id})
    views = [_block_view(row, today) for row in rows]
    return sorted(views, key=lambda view: view.state != "active")


@cache
def _holds_statement() -> Any:
    """Built once, as the other statement is: a page waits for it."""
    b, i = CollectionHold, OpenItem
    told = (b.id, b.kind, i.document_no, b.until_on, b.reason, b.placed_by, b.placed_at, b.lifted_by, b.lifted_at)
    return (
        sa.select(*told, i.cleared_on)
        .outerjoin(i, sa.and_(i.tenant_id == b.tenant_id, i.id == b.item_id))
        .where(b.tenant_id == _TENANT, b.customer_id == _CUSTOMER)
        .order_by(b.id.desc())
        .limit(100)
    )


def _block_view(row: sa.Row[Any], today: date) -> BlockView:
    return BlockView(
        id=row.id,
        kind=row.kind,
        document_no=row.document_no,
        until_on=row.until_on,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
        state=_block_state(row, today),
    )


def _block_state(row: sa.Row[Any], today: date) -> str:
    if row.lifted_at is not None:
        return "lifted"
    last_on = last_held_day(row.kind, row.until_on)
    if row.kind == "promise" and last_on is not None:
        if row.cleared_on is not None:
            return "kept" if row.cleared_on <= last_on else "broken"
        return "active" if today <= last_on else "broken"
    return "active" if last_on is None or today <= last_on else "ended"


@cache
def _leading_item_statement() -> Any:
    s, i, p = LadderState, OpenItem, PolicyVersion
    return (
        sa.select(
            s.item_id,
            i.document_no,
            i.due_on,
            i.collection_end_on,
            s.policy_version_id,
            s.level_reached,
            s.waiting,
            s.last_delivered_on,
            s.deadline_on,
            s.fired,
            s.held_code,
            p.data,
            _steps_taken().label("taken"),
        )
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .join(p, sa.and_(p.tenant_id == s.tenant_id, p.id == s.policy_version_id))
        .where(
            s.tenant_id == _TENANT,
            i.tenant_id == _TENANT,
            p.tenant_id == _TENANT,
            i.customer_id == _CUSTOMER,
            i.open_minor > 0,
        )
        .order_by(s.level_reached.desc(), i.due_on, i.id)
        .limit(1)
    )


_STRIP_STATES: Final = {"delivered": "done", "done": "done", "skipped": "skipped"}


def _steps_taken() -> sa.ScalarSelect[Any]:
    """Selects [[code, state, day], …] of the leading item as JSON; what was suppressed is still to come."""
    s, t = LadderState, aliased(Step)
    return (
        sa.select(sa.func.jsonb_agg(sa.func.jsonb_build_array(t.code, t.state, t.runs_on)))
        .where(
            t.tenant_id == _TENANT,
            t.item_id == s.item_id,
            t.policy_version_id == s.policy_version_id,
            t.state != "suppressed",
        )
        .correlate(s)
        .scalar_subquery()
    )
