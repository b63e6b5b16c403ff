"""Queries of cases for its own screens: the review queue, one action, summaries, and the steps of a run for scripts.

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

from ar.cases.ladder.explain import reason_text, why_held, why_step
from ar.cases.letters.drafting import PURPOSE
from ar.cases.letters.texts import step_name, task_hint
from ar.cases.models import Action, DayRun, PolicyVersion, Step
from ar.cases.queue.customer_panel import block_views, case_strip
from ar.cases.queue.views import QueueAction, QueueGroup, QueueLine, QueueSummary, StepLine
from ar.cases.runs.commands import RunResult
from ar.cases.runs.simulation import SimulatedStep
from ar.customers.lookups import reachable
from ar.customers.models import Contact, Customer
from ar.ledger.models import OpenItem
from kernel.errors import NotFound
from web.filters import choice

__all__ = [
    "QueueFilters",
    "action_page",
    "block_views",
    "case_strip",
    "queue_page",
    "queue_summary",
    "run_steps",
    "simulated_lines",
]

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
    c = Customer
    query = _actions(tenant_id).where(*_in_tab(tab)).order_by(c.sort_key, c.number, Action.currency, Action.id)
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
    """Returns one action with all its items. Raises NotFound(`action_not_found`)."""
    row = db.execute(_actions(tenant_id).where(Action.id == action_id)).first()
    if row is None:
        raise NotFound("action_not_found")
    return _action(row, _lines(db, tenant_id, today, [row.id]).get(row.id, ()))


def queue_summary(db: Session, tenant_id: UUID) -> QueueSummary:
    """Returns what waits, and the newest run by its start whatever its day, in two statements."""
    a, r = Action, DayRun
    waiting = db.execute(
        sa.select(
            a.form, a.state, a.currency, sa.func.count().label("actions"), sa.func.sum(a.total_minor).label("minor")
        )
        .where(a.tenant_id == tenant_id, a.state.in_(["proposed", "approved", "sending", "failed", "unknown"]))
        .group_by(a.form, a.state, a.currency)
    ).all()
    last = db.execute(
        sa.select(r.run_on, r.started_at, r.counts).where(r.tenant_id == tenant_id).order_by(r.id.desc()).limit(1)
    ).first()

    def count(tab: str, form: str | None = None) -> int:
        forms, states = TABS[tab]
        found = (row for row in waiting if row.form in forms and row.state in states)
        return sum(row.actions for row in found if form in (None, row.form))

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


def run_steps(db: Session, tenant_id: UUID, result: RunResult) -> list[StepLine]:
    """Returns what a run proposed and withheld, by customer and document, in the current language."""
    s, i, c, p, a = Step, OpenItem, Customer, PolicyVersion, Action
    rows = db.execute(
        sa.select(
            c.number.label("customer_no"),
            i.document_no,
            p.code.label("policy"),
            s.code.label("step"),
            s.nominal_on,
            s.runs_on,
            s.open_minor,
            i.currency,
            s.state.label("status"),
            s.why_code,
            s.why_params,
        )
        .join(a, sa.and_(a.tenant_id == s.tenant_id, a.id == s.action_id))
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .join(c, sa.and_(c.tenant_id == s.tenant_id, c.id == s.customer_id))
        .join(p, sa.and_(p.tenant_id == s.tenant_id, p.id == s.policy_version_id))
        .where(s.tenant_id == tenant_id, a.run_id == result.run_id, s.runs_on == result.run_on)
    )
    proposed = [
        StepLine(
            customer_no=row.customer_no,
            document_no=row.document_no,
            policy=row.policy,
            step=row.step,
            nominal_on=row.nominal_on,
            runs_on=row.runs_on,
            open_minor=row.open_minor,
            currency=row.currency,
            status=row.status,
            why=why_step(row.why_code, row.why_params),
        )
        for row in rows
    ]
    return sorted([*proposed, *_held_lines(db, tenant_id, result)], key=_by_document)


def simulated_lines(steps: Iterable[SimulatedStep]) -> list[StepLine]:
    """Returns a simulation in the form in which `run-day` writes its steps."""
    return [
        StepLine(
            customer_no=each.customer_no,
            document_no=each.document_no,
            policy=each.policy,
            step=each.step.code,
            nominal_on=each.step.nominal_on,
            runs_on=each.step.runs_on,
            open_minor=each.open_minor,
            currency=each.currency,
            status="simulated",
            why=why_step(each.step.why.code, each.step.why.params),
        )
        for each in steps
    ]


def _held_lines(db: Session, tenant_id: UUID, result: RunResult) -> list[StepLine]:
    if not result.held:
        return []
    i, c = OpenItem, Customer
    rows = db.execute(
        sa.select(i.id, c.number, i.document_no, i.open_minor, i.currency)
        .join(c, sa.and_(c.tenant_id == i.tenant_id, c.id == i.customer_id))
        .where(
            i.tenant_id == tenant_id,
            c.tenant_id == tenant_id,
            i.id == sa.any_(sa.cast([held.item_id for held in result.held], sa.ARRAY(sa.Uuid))),
        )
    )
    items = {row.id: row for row in rows}
    return [
        StepLine(
            customer_no=items[held.item_id].number,
            document_no=items[held.item_id].document_no,
            policy=held.policy,
            step=held.step.code,
            nominal_on=held.step.nominal_on,
            runs_on=result.run_on,
            open_minor=items[held.item_id].open_minor,
            currency=items[held.item_id].currency,
            status="held",
            why=why_held(held.code, held.params),
        )
        for held in result.held
    ]


def _by_document(line: StepLine) -> tuple[str, str, date, str]:
    return (line.customer_no, line.document_no, line.nominal_on, line.step)


def _in_tab(tab: str) -> tuple[sa.ColumnElement[bool], ...]:
    forms, states = TABS[tab]
    return (Action.form.in_(forms), Action.state.in_(states))


def _actions(tenant_id: UUID) -> sa.Select[Any]:
    a, c, k = Action, Customer, Contact
    contact = (
        sa.select(k.name + " <" + k.email + ">")
        .where(k.tenant_id == tenant_id, k.customer_id == a.customer_id, *reachable())
        .order_by(k.purposes.contains([PURPOSE]).desc(), k.created_at, k.id)
        .limit(1)
        .scalar_subquery()
    )
    columns: tuple[Any, ...] = (
        a.id,
        a.customer_id,
        c.number.label("customer_no"),
        c.name.label("customer_name"),
        a.currency,
        a.form,
        a.code,
        a.level,
        a.release_role,
        a.effects,
        a.state,
        a.items,
        a.total_minor,
        a.number,
        a.deadline_on,
        a.run_on,
        a.reason,
        a.decided_by,
        a.decided_at,
        a.delivered_at,
        a.pdf_sha256.is_not(None).label("has_paper"),
        sa.func.coalesce(contact, "").label("contact"),
    )
    return (
        sa.select(*columns)
        .select_from(a)
        .join(c, sa.and_(c.tenant_id == a.tenant_id, c.id == a.customer_id))
        .where(a.tenant_id == tenant_id, c.tenant_id == tenant_id)
    )


def _action(row: Any, lines: Sequence[QueueLine]) -> QueueAction:
    """Builds the view from the columns of `_actions`, which bear its field names."""
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
    s, i = Step, OpenItem
    rows = db.execute(
        sa.select(
            s.action_id,
            i.document_no,
            s.item_id,
            i.due_on,
            s.open_minor,
            s.code,
            s.level,
            s.nominal_on,
            s.state,
            s.why_code,
            s.why_params,
        )
        .join(i, sa.and_(i.tenant_id == s.tenant_id, i.id == s.item_id))
        .where(
            s.tenant_id == tenant_id,
            i.tenant_id == tenant_id,
            s.action_id == sa.any_(sa.cast(list(action_ids), sa.ARRAY(sa.Uuid))),
        )
        .order_by(i.due_on, i.document_no, s.level)
    )
    found: dict[UUID, list[QueueLine]] = {}
    for row in rows:
        found.setdefault(row.action_id, []).append(_line(row, today))
    return found


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
        why=why_step(row.why_code, row.why_params),
    )


def _grouped(actions: Iterable[QueueAction]) -> Iterable[tuple[QueueAction, ...]]:
    """Yields the actions of each customer and currency."""
    for _key, members in groupby(actions, key=lambda action: (action.customer_id, action.currency)):
        yield tuple(members)
