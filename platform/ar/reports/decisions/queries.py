"""Loads everything that waits for one person's decision as one list (W7).

Invariants: what the counter counts is what the list shows; each kind is bounded, the oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.lookups import QueueAction, decision_tasks, letters_to_approve, letters_to_release, tasks_to_decide
from kernel.actor import Actor
from kernel.counts import counted_to
from kernel.db import columns
from kernel.i18n import gettext as _
from tenants.approvals.kinds import find_kind
from tenants.approvals.queries import InboxRow, inbox, waiting_for_user
from tenants.permissions import Permission, allows

DecisionKind = Literal["approval", "letter", "task"]
Counts = TypeVar("Counts")

#: Where counting stops, and the rows of each kind on one page.
COUNT_MAX: Final = 1000
ROWS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide; `since_on`: requested or proposed on. `contact`: to whom a letter would go.

    `claims`: False for a letter that asks for nothing now, because its documents are held or money in hand covers them.
    """

    kind: DecisionKind
    id: UUID
    name: str
    customer_id: UUID | None
    customer_no: str
    customer_name: str
    amount_minor: int | None
    currency: str | None
    why: str
    asked_by: str
    since_on: date
    waiting_days: int
    contact: str = ""
    claims: bool = True


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """How many of each kind wait for the person."""

    approvals: int
    letters: int
    tasks: int

    @property
    def total(self) -> int:
        """Returns how many things wait in all."""
        return self.approvals + self.letters + self.tasks

    def of(self, kind: str) -> int:
        """Returns how many of one kind wait; of all for any other word."""
        return {"approval": self.approvals, "letter": self.letters, "task": self.tasks}.get(kind, self.total)


def waiting_decisions() -> sa.CompoundSelect[Any]:
    """Selects the ids of all that waits for the user's decision (binds: tenant, person, roles, today)."""
    return sa.union_all(waiting_for_user(), _letters(), tasks_to_decide())


def decision_counts(db: Session, actor: Actor) -> DecisionCounts:
    """Returns how many of each kind wait for the actor. One statement."""
    return counts_of(DecisionCounts, columns(db, _decision_counts(), asked_by(actor)).one())


@cache
def _decision_counts() -> sa.Select[Any]:
    return sa.select(*decision_columns())


def counts_of(view: Callable[..., Counts], row: sa.Row[*tuple[Any, ...]], count_to: int = COUNT_MAX) -> Counts:
    """Makes a view of counts by `count_of`, named as its fields; one that stopped says so wherever it is shown."""
    names = [each.name for each in fields(view)]  # type: ignore[arg-type]
    return view(*(counted_to(row._mapping[name], count_to) for name in names))


def decision_columns(count_to: int = COUNT_MAX) -> list[sa.ColumnElement[Any]]:
    """Returns the columns of DecisionCounts, for a statement that counts more; its binds are `asked_by`."""
    counted = {"approvals": waiting_for_user(), "letters": _letters(), "tasks": tasks_to_decide()}
    return [count_of(each, count_to).label(name) for name, each in counted.items()]


def count_of(rows: sa.Select[Any], count_to: int = COUNT_MAX) -> sa.ScalarSelect[int]:
    """Returns the number of rows that a select finds, at most `count_to`, as the navigation's counters."""
    return sa.select(sa.func.count()).select_from(rows.limit(count_to).subquery()).scalar_subquery()


def asked_by(actor: Actor) -> dict[str, Any]:
    """Returns the binds of the selects of what waits for the actor."""
    return {
        "tenant": actor.tenant_id,
        "person": actor.user_id,
        "roles": sorted(actor.roles),
        "today": actor.today,
        "may_release": _may_release(actor),
    }


def decisions(db: Session, actor: Actor, kind: str = "", limit: int = ROWS_MAX) -> list[Decision]:
    """Returns what waits for the actor, what waits longest first; `kind`: only one of them."""
    found: list[Decision] = []
    if kind in ("", "approval"):
        found += [_approval(row) for row in inbox(db, actor, tab="mine", limit=limit).rows]
    if kind in ("", "letter") and _may_release(actor):
        found += _actions("letter", letters_to_approve(db, actor, None, limit), actor.today)
    if kind in ("", "task"):
        found += _actions("task", decision_tasks(db, actor, limit), actor.today)
    return sorted(found, key=lambda each: (each.since_on, each.kind, each.customer_no, each.id))


def _letters() -> sa.Select[Any]:
    return letters_to_release().where(sa.bindparam("may_release", type_=sa.Boolean))


def _may_release(actor: Actor) -> bool:
    return allows(actor.roles, Permission.REVIEW_ACTIONS)


def _approval(row: InboxRow) -> Decision:
    kind = find_kind(row.kind)
    return Decision(
        kind="approval",
        id=row.id,
        name=_(kind.name) if kind else row.kind,
        customer_id=None,
        customer_no=row.customer.number if row.customer else "",
        customer_name=row.customer.name if row.customer else "",
        amount_minor=row.amount_minor,
        currency=row.currency,
        why=row.reason,
        asked_by=row.requested_by,
        since_on=row.requested_on,
        waiting_days=row.waiting_days,
    )


def _actions(kind: DecisionKind, actions: Iterable[QueueAction], today: date) -> list[Decision]:
    return [
        Decision(
            kind=kind,
            id=each.id,
            name=each.name,
            customer_id=each.customer_id,
            customer_no=each.customer_no,
            customer_name=each.customer_name,
            amount_minor=each.claim_minor,
            currency=each.currency,
            why=_why(each),
            asked_by="",
            since_on=each.run_on,
            waiting_days=max(0, (today - each.run_on).days),
            contact=each.contact if kind == "letter" else "",
            claims=each.claims,
        )
        for each in actions
    ]


def _why(action: QueueAction) -> str:
    """Returns why the step came; of a letter that claims nothing now, why it does not."""
    if not action.lines:
        return action.hint
    reason = next((line.reason for line in action.lines if line.reason), "")
    return _("Not claimed: %(reason)s", reason=reason) if reason and not action.claims else action.lines[0].why
