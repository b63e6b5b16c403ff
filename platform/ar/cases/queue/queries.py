"""Queries the review queue, one action, and the queue's counts.

Invariant: a constant number of statements per page, each bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.explain import reason_text
from ar.cases.ladder.policy_versions import policy_book
from ar.cases.ladder.state import PENDING, in_queue
from ar.cases.ladder.step_texts import step_name, task_hint
from ar.cases.letters.drafting import PURPOSE
from ar.cases.letters.lines import Letter, LetterLine, letter_lines
from ar.cases.models import Action, DayRun, StepTaken
from ar.cases.queue.views import QueueAction, QueueGroup, QueueLine, QueueSummary
from ar.cases.queue.waiting import may_release, roles_array, still_claims, waits_for_role
from ar.customers.lookups import reachable
from ar.customers.models import Contact, Customer
from ar.ledger.lookups import instalments_of
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.errors import NotFound
from web.filters import choice

#: The tabs of the queue: which states and forms each shows.
TABS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "letters": (("letter",), ("proposed",)),
    "tasks": (("call", "task"), ("proposed", "approved")),
    "problems": (("letter",), ("failed", "unknown")),
    "outgoing": (("letter",), ("approved", "sending")),
}


_BY_CUSTOMER: Final = (Customer.sort_key, Customer.number, Action.currency, Action.id)


@dataclass(frozen=True)
class QueueFilters:
    """Filters of the queue, from its address."""

    tab: str = choice("letters", "tasks", "problems", "outgoing")


def queue_page(db: Session, actor: Actor, tab: str, *, offset: int = 0, limit: int = 50) -> list[QueueGroup]:
    """Returns one page of the queue, by customer and currency; what a letter claims is asked anew."""
    query = _select_actions(actor.tenant_id).where(*_in_tab(tab)).order_by(*_BY_CUSTOMER)
    actions = _actions(db, actor, db.execute(query.offset(offset).limit(limit)).all())
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


def action_page(db: Session, actor: Actor, action_id: UUID) -> QueueAction:
    """Returns one action with all its items. Raises NotFound(`action_not_found`)."""
    row = db.execute(_select_actions(actor.tenant_id).where(Action.id == action_id)).first()
    if row is None:
        raise NotFound("action_not_found")
    return _actions(db, actor, [row])[0]


def letters_to_approve(db: Session, actor: Actor, action_ids: Collection[UUID] | None, limit: int) -> list[QueueAction]:
    """Returns the letters among `action_ids` (None: all) that the actor may release today and that claim something.

    At most `limit`, by customer; what was paid, released or skipped meanwhile is not among them.
    """
    action = Action
    query = _select_actions(actor.tenant_id).where(
        *may_release(actor.tenant_id, roles_array(actor)), action.run_on <= actor.today
    )
    if action_ids is not None:
        query = query.where(action.id.in_(action_ids))
    rows = db.execute(query.order_by(*_BY_CUSTOMER).limit(limit)).all()
    return [each for each in _actions(db, actor, rows) if each.claims]


def decision_tasks(db: Session, actor: Actor, limit: int) -> list[QueueAction]:
    """Returns the calls and tasks that wait for a role of the actor by name, the oldest first; at most `limit`."""
    roles = roles_array(actor)
    query = _select_actions(actor.tenant_id).where(*waits_for_role(actor.tenant_id, roles))
    return _actions(db, actor, db.execute(query.order_by(Action.run_on, Action.id).limit(limit)).all())


def queue_summary(db: Session, tenant_id: UUID) -> QueueSummary:
    """Returns the counts of the queue and of the run started last, in two statements."""
    action, run = Action, DayRun
    waiting = db.execute(
        sa.select(
            action.form,
            action.state,
            sa.func.count().label("actions"),
        )
        .where(
            action.tenant_id == tenant_id,
            action.state.in_(["proposed", "approved", "sending", "failed", "unknown"]),
            sa.or_(~in_queue(), still_claims()),
        )
        .group_by(action.form, action.state)
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

    return QueueSummary(
        letters=count("letters"),
        calls=count("tasks", "call"),
        tasks=count("tasks", "task"),
        problems=count("problems"),
        outgoing=count("outgoing"),
        held=dict(last.counts.get("held", {})) if last else {},
        last_run_on=last.run_on if last else None,
        last_run_at=last.started_at if last else None,
    )


def _in_tab(tab: str) -> tuple[sa.ColumnElement[bool], ...]:
    forms, states = TABS[tab]
    offered = (still_claims(),) if tab in ("letters", "tasks") else ()
    return (Action.form.in_(forms), Action.state.in_(states), *offered)


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


def _actions(db: Session, actor: Actor, rows: Sequence[Any]) -> list[QueueAction]:
    """Builds the views of actions, with their items as of now."""
    lines = _lines(db, actor, rows)
    return [_action(row, lines.get(row.id, ())) for row in rows]


def _lines(db: Session, actor: Actor, actions: Sequence[Any]) -> dict[UUID, list[QueueLine]]:
    if not actions:
        return {}
    tenant_id, action_ids = actor.tenant_id, [each.id for each in actions]
    letters = [
        Letter(each.id, each.customer_id, each.currency)
        for each in actions
        if each.form == "letter" and each.state in ("proposed", "failed")
    ]
    rechecked = letter_lines(db, actor, letters, policy_book(db, tenant_id)) if letters else {}
    now = {line.step_id: line for each in rechecked.values() for line in each}
    step, item = StepTaken, OpenItem
    rows = db.execute(
        sa.select(
            step.action_id,
            step.id,
            item.document_no,
            item.instalment_no,
            instalments_of(tenant_id).label("instalments"),
            step.item_id,
            item.due_on,
            sa.case((step.state.in_(PENDING), item.open_minor), else_=step.open_minor).label("open_minor"),
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
        lines.setdefault(row.action_id, []).append(_line(row, actor.today, now.get(row.id)))
    return lines


def _line(row: Any, today: date, now: LetterLine | None) -> QueueLine:
    return QueueLine(
        document_no=row.document_no,
        instalment_no=row.instalment_no,
        instalments=row.instalments,
        item_id=row.item_id,
        due_on=row.due_on,
        days_overdue=(today - row.due_on).days,
        open_minor=row.open_minor,
        code=row.code,
        level=row.level,
        nominal_on=row.nominal_on,
        state=row.state,
        why_code=row.why_code,
        why_params=row.why_params,
        reason=reason_text(now.reason if now else None),
        covered_minor=now.covered_minor if now else 0,
    )


def _grouped(actions: Iterable[QueueAction]) -> Iterable[tuple[QueueAction, ...]]:
    """Yields the actions of each customer and currency."""
    for _key, members in groupby(actions, key=lambda action: (action.customer_id, action.currency)):
        yield tuple(members)
