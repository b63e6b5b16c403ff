"""Counts what needs the reader on Today, in the order in which it should be done.

Invariants: one statement, with the counts of decisions, each as far as the navigation counts; each line says only what
the reader's roles can do about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.lookups import in_tab, open_work
from ar.cases.models import Action
from ar.credit.lookups import guarantees_due, lines_to_explain, signals_late, signals_waiting
from ar.customers.lookups import select_nobodys
from ar.customers.models import Customer
from ar.ledger.lookups import select_owned_sums
from ar.ledger.models import NOBODY, OpenItem
from ar.reports.decisions.queries import DecisionCounts, asked_by, count_of, counts_of, decision_columns
from ar.reports.today.queries import Today
from kernel.actor import Actor
from kernel.binds import TENANT, TODAY
from kernel.db import columns
from kernel.views import value, view_columns, views
from tenants.models import User
from tenants.permissions import Permission, Role, allows
from web.formatters import COUNTED_MAX

#: How far ahead a salesperson is told what falls due.
DUE_SOON_DAYS: Final = 7
#: Roles that see how the team stands.
LEADS_TEAM: Final = frozenset({Role.SALES_MANAGER, Role.FINANCE_DIRECTOR, Role.GENERAL_MANAGER})
TEAM_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One line of what needs the reader; `code` names it, `late` that it is past its day."""

    code: str
    count: int
    late: bool = False


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Numbers that only Today's work list needs."""

    calls: int
    problems: int
    signals: int
    signals_late: int
    to_explain: int
    guarantees: int
    due_soon: int
    unowned: int


@dataclass(frozen=True, slots=True)
class TeamRow:
    """One person's customers: how many, what they owe in one currency and what of it is overdue (minor units)."""

    owner_id: UUID | None
    owner_name: str | None
    customers: int
    currency: str
    owed_minor: int
    overdue_minor: int

    @property
    def overdue_bps(self) -> int:
        """Returns what is overdue as a share of what is owed, in basis points."""
        return self.overdue_minor * 10_000 // self.owed_minor if self.owed_minor else 0


def work_lines(db: Session, actor: Actor, page: Today) -> list[WorkLine]:
    """Returns what needs the actor, the most urgent first; what counts nothing is left out."""
    lines = _lines(actor, page, *_counts(db, actor))
    return [line for line in lines if line.count]


def team_rows(db: Session, actor: Actor) -> list[TeamRow]:
    """Returns how each owner's customers stand, the largest overdue sum first; empty for who leads no team."""
    if not actor.roles & LEADS_TEAM:
        return []
    return views(TeamRow, columns(db, _team(), {"tenant": actor.tenant_id, "today": actor.today}))


@cache
def _team() -> sa.Select[Any]:
    """Selects the TeamRows (binds: tenant, today)."""
    sums = select_owned_sums(TENANT, TODAY).subquery("sums")
    customer = Customer
    owner_id = sa.func.coalesce(customer.owner_id, NOBODY)
    customers = (
        sa.select(owner_id.label("owner_id"), sa.func.count().label("count"))
        .where(customer.tenant_id == TENANT)
        .group_by(owner_id)
        .subquery("customers")
    )
    return (
        sa.select(
            *view_columns(
                TeamRow,
                owner_id=value(sa.func.nullif(sums.c.owner_id, NOBODY, type_=sa.Uuid)),
                owner_name=value(User.name),
                customers=value(sa.func.coalesce(customers.c.count, 0)),
                currency=value(sums.c.currency),
                owed_minor=value(sums.c.owed_minor),
                overdue_minor=value(sums.c.overdue_minor),
            )
        )
        .select_from(sums)
        .outerjoin(customers, customers.c.owner_id == sums.c.owner_id)
        .outerjoin(User, User.id == sums.c.owner_id)
        .order_by(sums.c.overdue_minor.desc(), User.name)
        .limit(TEAM_MAX)
    )


def _lines(actor: Actor, page: Today, counted: WorkCounts, decisions: DecisionCounts) -> Iterator[WorkLine]:
    def may(permission: Permission) -> bool:
        return allows(actor.roles, permission)

    counts = page.counts
    yield WorkLine("approvals", decisions.approvals)
    yield WorkLine("letters", decisions.letters)
    yield WorkLine("role_tasks", decisions.tasks)
    if may(Permission.DECIDE_SIGNAL):
        yield WorkLine("signals", counted.signals, late=counted.signals_late > 0)
    if may(Permission.ASSESS):
        yield WorkLine("to_explain", counted.to_explain)
    if may(Permission.MANAGE_CREDIT):
        yield WorkLine("guarantees", counted.guarantees, late=True)
    if may(Permission.REVIEW_ACTIONS):
        yield WorkLine("problems", counted.problems, late=True)
    if may(Permission.ASSIGN_OWNER):
        yield WorkLine("unowned", counted.unowned)
    if may(Permission.WORK_TASKS):
        yield WorkLine("calls", counted.calls)
    if may(Permission.POST_LEDGER):
        yield WorkLine("payments_returned", page.cash.returns, late=True)
        yield WorkLine("maybe_the_same", page.cash.questions)
        yield WorkLine("balance_breaks", page.cash.breaks)
        yield WorkLine("bank_lines", page.cash.lines_waiting)
        yield WorkLine("credits", page.unapplied)
        yield WorkLine("bills_to_present", counts.bills_to_present)
        yield WorkLine("bills_to_notify", counts.bills_to_notify, late=True)
    if may(Permission.ISSUE_STATEMENT) or Role.SALESPERSON in actor.roles:
        yield WorkLine("answers_late", counts.answers_late, late=True)
    if Role.SALESPERSON in actor.roles:
        yield WorkLine("due_soon", counted.due_soon)


def _counts(db: Session, actor: Actor) -> tuple[WorkCounts, DecisionCounts]:
    # Of the whole company nobody is told what falls due: a salesperson is, of the customers that they see.
    due_soon_to = actor.today + timedelta(days=DUE_SOON_DAYS)
    owners_told = allows(actor.roles, Permission.ASSIGN_OWNER)
    statement = _counted(Role.SALESPERSON in actor.roles, owners_told)
    row = columns(db, statement, {**asked_by(actor), "due_soon_to": due_soon_to}).one()
    return counts_of(WorkCounts, row, COUNTED_MAX), counts_of(DecisionCounts, row, COUNTED_MAX)


@cache
def _counted(due_soon_told: bool, owners_told: bool) -> sa.Select[Any]:
    """Selects WorkCounts and DecisionCounts (binds: `asked_by`, due_soon_to)."""
    action, item = Action, OpenItem
    problems = sa.select(action.id).where(action.tenant_id == TENANT, *in_tab("problems"))
    due_soon = sa.select(item.id).where(
        item.tenant_id == TENANT,
        item.open_minor > 0,
        item.side > 0,
        item.due_on >= TODAY,
        item.due_on <= sa.bindparam("due_soon_to", type_=sa.Date),
    )
    counted = view_columns(
        WorkCounts,
        calls=value(count_of(open_work(), COUNTED_MAX)),
        problems=value(count_of(problems, COUNTED_MAX)),
        unowned=value(count_of(select_nobodys(), COUNTED_MAX) if owners_told else sa.literal(0)),
        signals=value(count_of(signals_waiting(), COUNTED_MAX)),
        signals_late=value(count_of(signals_late(), COUNTED_MAX)),
        to_explain=value(count_of(lines_to_explain(), COUNTED_MAX)),
        guarantees=value(count_of(guarantees_due(), COUNTED_MAX)),
        due_soon=value(count_of(due_soon, COUNTED_MAX) if due_soon_told else sa.literal(0)),
    )
    return sa.select(*counted, *decision_columns(COUNTED_MAX))
