"""Queries the review queue, one action, and the queue's counts.

Invariant: a constant number of statements per page, each bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.explain import reason_text
from ar.cases.ladder.policy_versions import policy_book
from ar.cases.ladder.state import PENDING
from ar.cases.ladder.step_texts import step_name, task_hint
from ar.cases.letters.drafting import PURPOSE
from ar.cases.letters.lines import Letter, letter_lines
from ar.cases.models import Action, DayRun, StepTaken
from ar.cases.queue.views import QueueAction, QueueGroup, QueueLine, QueueSummary
from ar.cases.queue.waiting import TABS, in_tab, is_work_of, may_release, roles_array, waits_for_role
from ar.customers.lookups import has_telephone, reachable
from ar.customers.models import Contact, Customer
from ar.ledger.lookups import instalments_of
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.binds import TENANT
from kernel.counts import counted_to
from kernel.db import columns
from kernel.errors import NotFound
from tenants.models import User
from web.filters import choice

#: Where counting stops: whoever has so many to review needs no exact number.
COUNT_TO: Final = 1_000
_BY_CUSTOMER: Final = (Customer.sort_key, Customer.number, Action.currency, Action.id)


@dataclass(frozen=True)
class QueueFilters:
    """Filters of the queue, from its address; `whose` calls and tasks: the reader's today, later, or everybody's."""

    tab: str = choice("letters", "tasks", "problems", "outgoing")
    whose: str = choice("mine", "later", "all")


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many calls and tasks are the reader's today and on a later day, and how many are open in all."""

    mine: int
    later: int
    all: int

    def of(self, whose: str) -> int:
        """Returns one of the counts, by the filter's word."""
        return {"mine": self.mine, "later": self.later}.get(whose, self.all)


def task_counts(db: Session, actor: Actor, count_to: int = COUNT_TO) -> TaskCounts:
    """Returns how many calls and tasks are open, and whose they are, each up to `count_to`. One statement."""
    open_tasks = sa.select(Action.id).where(Action.tenant_id == actor.tenant_id, *in_tab("tasks"))
    of_whose = {whose: open_tasks.where(*_of_whose(actor, whose)) for whose in ("mine", "later", "all")}
    row = db.execute(sa.select(*(_count(each, count_to).label(whose) for whose, each in of_whose.items()))).one()
    return TaskCounts(**{whose: counted_to(count, count_to) for whose, count in row._mapping.items()})


def _count(rows: sa.Select[Any], count_to: int | sa.BindParameter[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(rows.limit(count_to).subquery()).scalar_subquery()


def _of_whose(actor: Actor, whose: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions of the reader's calls and tasks of today or of a later day; none for everybody's."""
    if whose == "all":
        return ()
    later = Action.again_on > actor.today
    on = later if whose == "later" else sa.or_(Action.again_on.is_(None), ~later)
    return (*is_work_of(actor.tenant_id, sa.bindparam(None, actor.user_id, type_=sa.Uuid), roles_array(actor)), on)


def queue_page(
    db: Session, actor: Actor, tab: str, *, whose: str = "all", offset: int = 0, limit: int = 50
) -> list[QueueGroup]:
    """Returns one page of the queue, by customer and currency; what a letter claims is asked anew.

    `whose`: calls and tasks of the reader today (`mine`) or on a later day (`later`), or of everybody.
    """
    wanted = in_tab(tab) + (_of_whose(actor, whose) if tab == "tasks" else ())
    query = _select_actions(actor.tenant_id).where(*wanted).order_by(*_BY_CUSTOMER)
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
    """Returns the letters among `action_ids` (None: all) that the actor may release today, as `letters_to_release`.

    At most `limit`, by customer; what was paid, released or skipped meanwhile is not among them. One whose documents
    are held, or covered by money in hand, says so and claims nothing.
    """
    action = Action
    query = _select_actions(actor.tenant_id).where(
        *may_release(actor.tenant_id, roles_array(actor)), action.run_on <= actor.today
    )
    if action_ids is not None:
        query = query.where(action.id.in_(action_ids))
    return _actions(db, actor, db.execute(query.order_by(*_BY_CUSTOMER).limit(limit)).all())


def decision_tasks(db: Session, actor: Actor, limit: int) -> list[QueueAction]:
    """Returns the calls and tasks that wait for a role of the actor by name, the oldest first; at most `limit`."""
    roles = roles_array(actor)
    query = _select_actions(actor.tenant_id).where(*waits_for_role(actor.tenant_id, roles))
    return _actions(db, actor, db.execute(query.order_by(Action.run_on, Action.id).limit(limit)).all())


def queue_summary(db: Session, tenant_id: UUID, count_to: int = COUNT_TO) -> QueueSummary:
    """Returns the counts of the queue, each up to `count_to`, and of the run started last, in two statements.

    What a tab shows is what it counts.
    """
    counts = columns(db, _tab_counts(), {"tenant": tenant_id, "count_to": count_to}).one()._mapping
    last = columns(db, _last_run(), {"tenant": tenant_id}).first()
    return QueueSummary(
        **{name: counted_to(count, count_to) for name, count in counts.items()},
        held=dict(last.counts.get("held", {})) if last else {},
        last_run_on=last.run_on if last else None,
        last_run_at=last.started_at if last else None,
    )


@cache
def _tab_counts() -> sa.Select[*tuple[Any, ...]]:
    """Selects the counts of QueueSummary (binds: tenant, count_to)."""
    action, count_to = Action, sa.bindparam("count_to", type_=sa.Integer)
    of_tab = {tab: sa.select(action.id).where(action.tenant_id == TENANT, *in_tab(tab)) for tab in TABS}
    wanted = {
        "letters": of_tab["letters"],
        "calls": of_tab["tasks"].where(action.form == "call"),
        "tasks": of_tab["tasks"].where(action.form == "task"),
        "problems": of_tab["problems"],
        "outgoing": of_tab["outgoing"],
    }
    return sa.select(*(_count(rows, count_to).label(name) for name, rows in wanted.items()))


@cache
def _last_run() -> sa.Select[*tuple[Any, ...]]:
    run = DayRun
    return (
        sa.select(run.run_on, run.started_at, run.counts)
        .where(run.tenant_id == TENANT)
        .order_by(run.id.desc())
        .limit(1)
    )


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
        sa.func.coalesce(_first_to_call(tenant_id, contact.name), "").label("to_call"),
        sa.func.coalesce(_first_to_call(tenant_id, contact.phone), "").label("phone"),
        User.name.label("owner_name"),
        action.outcome,
        action.again_on,
    )
    return (
        sa.select(*columns)
        .select_from(action)
        .join(customer, sa.and_(customer.tenant_id == action.tenant_id, customer.id == action.customer_id))
        .outerjoin(User, User.id == customer.owner_id)
        .where(action.tenant_id == tenant_id, customer.tenant_id == tenant_id)
    )


def _first_to_call(tenant_id: UUID, column: Any) -> sa.ScalarSelect[str]:
    """Selects one column of the contact whom one calls about an action."""
    contact = Contact
    return (
        sa.select(column)
        .where(contact.tenant_id == tenant_id, contact.customer_id == Action.customer_id, *has_telephone())
        .order_by(contact.purposes.contains([PURPOSE]).desc(), contact.created_at, contact.id)
        .limit(1)
        .scalar_subquery()
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
        if each.form == "letter" and each.state in ("proposed", "failed", "unknown")
    ]
    rechecked = letter_lines(db, tenant_id, actor.today, letters, policy_book(db, tenant_id)) if letters else {}
    now = {line.step_id: line for each in rechecked.values() for line in each}
    lines: dict[UUID, list[QueueLine]] = {}
    for row in columns(db, _items_of_actions(), {"tenant": tenant_id, "actions": action_ids}).all():
        lines.setdefault(row.action_id, []).append(QueueLine(row, actor.today, now.get(row.id)))
    return lines


@cache
def _items_of_actions() -> sa.Select[*tuple[Any, ...]]:
    """Selects the items of actions by due date; built once, since a page waits for it."""
    step, item = StepTaken, OpenItem
    return (
        sa.select(
            step.action_id,
            step.id,
            item.document_no,
            item.instalment_no,
            instalments_of(TENANT).label("instalments"),
            step.item_id,
            item.due_on,
            sa.case((step.state.in_(PENDING), item.open_minor), else_=step.open_minor).label("open_minor"),
            step.code,
            step.level,
            step.nominal_on,
            step.state,
            step.why_code,
            sa.cast(step.why_params, sa.Text).label("why_params"),
        )
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .where(
            step.tenant_id == TENANT,
            item.tenant_id == TENANT,
            step.action_id == sa.any_(sa.bindparam("actions", type_=sa.ARRAY(sa.Uuid))),
        )
        .order_by(item.due_on, item.document_no, step.level)
    )


def _grouped(actions: Iterable[QueueAction]) -> Iterable[tuple[QueueAction, ...]]:
    """Yields the actions of each customer and currency."""
    for _key, members in groupby(actions, key=lambda action: (action.customer_id, action.currency)):
        yield tuple(members)
