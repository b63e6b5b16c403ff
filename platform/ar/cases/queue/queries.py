"""Queries the review queue, one action, and the queue's counts.

Invariant: a constant number of statements per page, each bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.explain import explain_step, reason_text
from ar.cases.ladder.step_texts import step_name, task_hint
from ar.cases.letters.drafting import PURPOSE
from ar.cases.models import Action, DayRun, StepTaken
from ar.cases.queue.views import QueueAction, QueueGroup, QueueLine, QueueSummary
from ar.customers.lookups import reachable
from ar.customers.models import Contact, Customer
from ar.ledger.models import OpenItem
from kernel.errors import NotFound
from web.filters import choice

#: The tabs of the queue: which states and forms each shows.
TABS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "letters": (("letter",), ("proposed",)),
    "tasks": (("call", "task"), ("proposed", "approved")),
    "problems": (("letter",), ("failed", "unknown")),
    "outgoing": (("letter",), ("approved", "sending")),
}


@dataclass(frozen=True)
class QueueFilters:
    """Filters of the queue, from its address."""

    tab: str = choice("letters", "tasks", "problems", "outgoing")


def queue_page(
    db: Session, tenant_id: UUID, today: date, tab: str, *, offset: int = 0, limit: int = 50
) -> list[QueueGroup]:
    """Returns one page of the queue, grouped by customer and currency, in two statements."""
    query = (
        _select_actions(tenant_id)
        .where(*_in_tab(tab))
        .order_by(Customer.sort_key, Customer.number, Action.currency, Action.id)
    )
    rows = db.execute(query.offset(offset).limit(limit)).all()
    lines = _lines(db, tenant_id, today, [row.id for row in rows])
    actions = [_action(row, lines.get(row.id, ())) for row in rows]
    return [
        QueueGroup(
            customer_id=members[0].customer_id,
            customer_no=members[0].customer_no,
            customer_name=members[0].customer_name,
            currency=members[0].currency,
            actions=members,
        )
        for members in _grouped(actions)
    ]


def action_page(db: Session, tenant_id: UUID, today: date, action_id: UUID) -> QueueAction:
    """Returns one action with all its items, in two statements. Raises NotFound(`action_not_found`)."""
    row = db.execute(_select_actions(tenant_id).where(Action.id == action_id)).first()
    if row is None:
        raise NotFound("action_not_found")
    return _action(row, _lines(db, tenant_id, today, [row.id]).get(row.id, ()))


def queue_summary(db: Session, tenant_id: UUID) -> QueueSummary:
    """Returns the counts of the queue and of the run started last, in two statements."""
    action, run = Action, DayRun
    waiting = db.execute(
        sa.select(
            action.form,
            action.state,
            action.currency,
            sa.func.count().label("actions"),
            sa.func.sum(action.total_minor).label("minor"),
        )
        .where(
            action.tenant_id == tenant_id, action.state.in_(["proposed", "approved", "sending", "failed", "unknown"])
        )
        .group_by(action.form, action.state, action.currency)
    ).all()
    last = db.execute(
        sa.select(run.run_on, run.started_at, run.counts)
        .where(run.tenant_id == tenant_id)
        .order_by(run.id.desc())
        .limit(1)
    ).first()

    def count(tab: str, form: str | None = None) -> int:
        forms, states = TABS[tab]
        in_tab = (row for row in waiting if row.form in forms and row.state in states)
        return sum(row.actions for row in in_tab if form in (None, row.form))

    totals: dict[str, int] = {}
    for row in waiting:
        if row.form == "letter" and row.state == "proposed":
            totals[row.currency] = totals.get(row.currency, 0) + int(row.minor)
    return QueueSummary(
        letters=count("letters"),
        calls=count("tasks", "call"),
        tasks=count("tasks", "task"),
        problems=count("problems"),
        outgoing=count("outgoing"),
        held=dict(last.counts.get("held", {})) if last else {},
        last_run_on=last.run_on if last else None,
        last_run_at=last.started_at if last else None,
        totals_minor=totals,
    )


def _in_tab(tab: str) -> tuple[sa.ColumnElement[bool], ...]:
    forms, states = TABS[tab]
    return (Action.form.in_(forms), Action.state.in_(states))


def _select_actions(tenant_id: UUID) -> sa.Select[Any]:
    action, customer, contact = Action, Customer, Contact
    address = (
        sa.select(contact.name + " <" + contact.email + ">")
        .where(contact.tenant_id == tenant_id, contact.customer_id == action.customer_id, *reachable())
        .order_by(contact.purposes.contains([PURPOSE]).desc(), contact.created_at, contact.id)
        .limit(1)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        action.id,
        action.customer_id,
        customer.number.label("customer_no"),
        customer.name.label("customer_name"),
        action.currency,
        action.form,
        action.code,
        action.level,
        action.release_role,
        action.effects,
        action.state,
        action.items,
        action.total_minor,
        action.number,
        action.deadline_on,
        action.run_on,
        action.reason,
        action.decided_by,
        action.decided_at,
        action.delivered_at,
        action.pdf_sha256.is_not(None).label("has_paper"),
        sa.func.coalesce(address, "").label("contact"),
    )
    return (
        sa.select(*columns)
        .select_from(action)
        .join(customer, sa.and_(customer.tenant_id == action.tenant_id, customer.id == action.customer_id))
        .where(action.tenant_id == tenant_id, customer.tenant_id == tenant_id)
    )


def _action(row: Any, lines: Sequence[QueueLine]) -> QueueAction:
    """Builds the view from the columns of `_select_actions`, which have its field names."""
    values = dict(row._mapping)
    return QueueAction(
        **values | {"effects": tuple(row.effects), "reason": reason_text(row.reason)},
        name=step_name(row.code),
        hint=task_hint(row.code),
        lines=tuple(lines),
    )


def _lines(db: Session, tenant_id: UUID, today: date, action_ids: Sequence[UUID]) -> dict[UUID, list[QueueLine]]:
    if not action_ids:
        return {}
    step, item = StepTaken, OpenItem
    rows = db.execute(
        sa.select(
            step.action_id,
            item.document_no,
            step.item_id,
            item.due_on,
            step.open_minor,
            step.code,
            step.level,
            step.nominal_on,
            step.state,
            step.why_code,
            step.why_params,
        )
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .where(
            step.tenant_id == tenant_id,
            item.tenant_id == tenant_id,
            step.action_id == sa.any_(sa.cast(list(action_ids), sa.ARRAY(sa.Uuid))),
        )
        .order_by(item.due_on, item.document_no, step.level)
    )
    lines: dict[UUID, list[QueueLine]] = {}
    for row in rows:
        lines.setdefault(row.action_id, []).append(_line(row, today))
    return lines


def _line(row: Any, today: date) -> QueueLine:
    return QueueLine(
        document_no=row.document_no,
        item_id=row.item_id,
        due_on=row.due_on,
        days_overdue=(today - row.due_on).days,
        open_minor=row.open_minor,
        step_name=step_name(row.code),
        level=row.level,
        nominal_on=row.nominal_on,
        state=row.state,
        why=explain_step(row.why_code, row.why_params),
    )


def _grouped(actions: Iterable[QueueAction]) -> Iterable[tuple[QueueAction, ...]]:
    """Yields the actions of each customer and currency."""
    for _key, members in groupby(actions, key=lambda action: (action.customer_id, action.currency)):
        yield tuple(members)
