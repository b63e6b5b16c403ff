"""Selects what a daily run looks at: items newly overdue, items open again, items whose next step has come.

Invariant: cost follows what is new and what is due, never history; whatever makes an item due is found (a date that
comes, a late document, a payment taken back). Open means open as of the day (`ar.ledger.books.as_of`): money that
counts only from a later date stops nothing yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.state import in_queue
from ar.cases.models import Action, DayRun, LadderState, Step
from ar.cases.rules.holds import Unapplied
from ar.customers.models import Customer
from ar.ledger.lookups import later_allocations_cte, open_amounts_at, open_minor_at
from ar.ledger.models import Allocation, OpenItem
from kernel.db import columns

#: Longer than any transaction: ids are made before their commit, so a run looks this far behind the one before.
LATE_COMMIT: Final = timedelta(hours=6)
_BEGINNING: Final = date(1, 1, 1)

#: Kinds of candidates: never on a ladder before, open again after it was cleared, its next step has come.
NEW, REOPENED, DUE = "new", "reopened", "due"
CandidateKind = Literal["new", "reopened", "due"]

_TENANT: Final[sa.BindParameter[UUID]] = sa.bindparam("tenant", type_=sa.Uuid)
_CUSTOMER: Final[sa.BindParameter[UUID]] = sa.bindparam("customer", type_=sa.Uuid)
_TODAY: Final[sa.BindParameter[date]] = sa.bindparam("today", type_=sa.Date)
_SINCE: Final[sa.BindParameter[date]] = sa.bindparam("since", type_=sa.Date)
_WATERMARK: Final[sa.BindParameter[UUID]] = sa.bindparam("watermark", type_=sa.Uuid)


class RunStart(NamedTuple):
    """How far the runs before have looked, and whether steps of items paid meanwhile wait in the queue."""

    since: date
    watermark: UUID
    paid_in_queue: bool


class LadderFacts(NamedTuple):
    """What decides about an item's steps; equal for many items, so that a run decides once for all of them.

    `customer_policy` and `version_id`: the policy asked for, and the version the item is on (None before its first).
    `fired` is a comma-separated list: an array would be made into a list per item, which is unhashable.
    """

    customer_policy: str | None
    version_id: UUID | None
    due_on: date
    collection_end_on: date
    level_reached: int
    waiting: bool
    last_delivered_on: date | None
    deadline_on: date | None
    fired: str


class Candidate(NamedTuple):
    """An item that a run looks at; the fields of LadderFacts follow its own.

    Ids are texts and go back to the database as one array literal: 100,000 UUID objects each way would cost more than
    all the rest of a run.
    """

    item_id: str
    customer_id: str
    currency: str
    open_minor: int
    kind: CandidateKind
    held_code: str | None
    customer_policy: str | None
    version_id: UUID | None
    due_on: date
    collection_end_on: date
    level_reached: int
    waiting: bool
    last_delivered_on: date | None
    deadline_on: date | None
    fired: str

    @property
    def facts(self) -> LadderFacts:
        """Returns the fields by which a run decides."""
        return LadderFacts._make(_facts_of(self))


_facts_of: Final = attrgetter(*LadderFacts._fields)


def start_of_run(db: Session, tenant_id: UUID, today: date) -> RunStart:
    """Returns where a run of `today` begins, in one statement."""
    row = columns(db, _start_statement(), {"tenant": tenant_id, "today": today}).one()
    if row.last_id is None:
        return RunStart(since=_BEGINNING, watermark=UUID(int=0), paid_in_queue=row.paid_in_queue)
    return RunStart(since=row.last_run_on, watermark=_behind(row.last_id), paid_in_queue=row.paid_in_queue)


def candidates(db: Session, tenant_id: UUID, today: date, start: RunStart) -> Sequence[Candidate]:
    """Returns every item that a run of `today` has to look at, in one statement."""
    values = {"tenant": tenant_id, "today": today, "since": start.since, "watermark": start.watermark}
    return [Candidate._make(row) for row in columns(db, _candidates_statement(), values)]


def newest_run_on(db: Session, tenant_id: UUID) -> date | None:
    """Returns the day for which the newest run (by its start) was made; None before the first."""
    return db.execute(
        sa.select(DayRun.run_on).where(DayRun.tenant_id == tenant_id).order_by(DayRun.id.desc()).limit(1)
    ).scalar_one_or_none()


def unapplied_by_customer(db: Session, tenant_id: UUID, today: date) -> dict[tuple[str, str], Unapplied]:
    """Returns per customer (id as text) and currency with open credit: that credit and the overdue, as of `today`."""
    rows = columns(db, _unapplied_statement(), {"tenant": tenant_id, "today": today})
    return {(row.customer_id, row.currency): _unapplied(row) for row in rows}


def unapplied_of(db: Session, tenant_id: UUID, today: date, customer_id: UUID) -> dict[str, Unapplied]:
    """Returns the same for one customer, by currency."""
    values = {"tenant": tenant_id, "today": today, "customer": customer_id}
    return {row.currency: _unapplied(row) for row in columns(db, _unapplied_statement(of_customer=True), values)}


def _unapplied(row: Any) -> Unapplied:
    return Unapplied(credit_minor=row.credit_minor, overdue_minor=row.overdue_minor)


def _behind(run_id: UUID) -> UUID:
    """Returns the smallest id that could have been made LATE_COMMIT before the run's own."""
    made_ms = run_id.int >> 80
    return UUID(int=max(0, made_ms - int(LATE_COMMIT.total_seconds() * 1000)) << 80)


@cache
def _start_statement() -> sa.Select[Any]:
    """Built once, like every statement here: a quiet day's run costs a few milliseconds."""
    return sa.select(
        _of_last_run(DayRun.id).label("last_id"),
        _of_last_run(DayRun.run_on).label("last_run_on"),
        _paid_in_queue().label("paid_in_queue"),
    )


def _of_last_run(column: Any) -> sa.ScalarSelect[Any]:
    return sa.select(column).where(DayRun.tenant_id == _TENANT).order_by(DayRun.id.desc()).limit(1).scalar_subquery()


def _paid_in_queue() -> sa.Exists:
    """A step waits, its item has nothing open as of the day; `progress.withdraw_paid` takes these steps out."""
    a, s, i = Action, Step, OpenItem
    later = later_allocations_cte(_TENANT, _TODAY)
    return (
        sa.select(sa.literal(1))
        .select_from(a)
        .join(s, sa.and_(s.tenant_id == _TENANT, s.action_id == a.id))
        .join(i, sa.and_(i.tenant_id == _TENANT, i.id == s.item_id))
        .outerjoin(later, later.c.item_id == i.id)
        .where(a.tenant_id == _TENANT, in_queue(), s.state == "proposed", open_minor_at(later) == 0)
        .exists()
    )


@cache
def _candidates_statement() -> sa.CompoundSelect[Any]:
    later = later_allocations_cte(_TENANT, _TODAY)
    return sa.union_all(_enrolling(later), _next_step_come(later))


def _enrolling(later: sa.CTE) -> sa.Select[Any]:
    """Overdue debits that are on no ladder, or whose ladder was parked when they were paid."""
    i, c, s = OpenItem, Customer, LadderState
    looked_at = _looked_at(later)
    return (
        sa.select(
            *_named(
                kind=sa.case((s.item_id.is_(None), NEW), else_=REOPENED),
                open_minor=open_minor_at(later),
                customer_policy=c.policy_code,
            )
        )
        .select_from(looked_at)
        .join(i, sa.and_(i.tenant_id == _TENANT, i.id == looked_at.c.id))
        .join(c, sa.and_(c.tenant_id == _TENANT, c.id == i.customer_id))
        .outerjoin(later, later.c.item_id == i.id)
        .outerjoin(s, sa.and_(s.tenant_id == _TENANT, s.item_id == i.id))
        .where(
            i.side == 1,
            open_minor_at(later) > 0,
            i.due_on <= _TODAY,
            sa.or_(s.item_id.is_(None), s.parked),
        )
    )


def _looked_at(later: sa.CTE) -> sa.Subquery:
    """Ids of items that may have become overdue or open again since the last run."""
    i, a, s = OpenItem, Allocation, LadderState
    on_ladder = sa.exists().where(s.tenant_id == _TENANT, s.item_id == i.id, sa.not_(s.parked))
    newly_due = sa.select(i.id).where(
        i.tenant_id == _TENANT,
        i.open_minor > 0,
        i.due_on <= _TODAY,
        sa.or_(i.due_on > _SINCE, i.id > _WATERMARK),
        ~on_ladder,
    )
    taken_back = sa.select(a.debit_item_id).where(a.tenant_id == _TENANT, a.reverses_id.is_not(None))
    return sa.union(
        newly_due,
        taken_back.where(a.id > _WATERMARK),
        taken_back.where(a.effective_on > _SINCE, a.effective_on <= _TODAY),
        sa.select(later.c.item_id),
    ).subquery("looked_at")


def _next_step_come(later: sa.CTE) -> sa.Select[Any]:
    """Items on a ladder whose next step has come; those paid meanwhile too, so that the run parks them."""
    i, s = OpenItem, LadderState
    return (
        sa.select(
            *_named(
                kind=sa.literal(DUE, sa.Text),
                open_minor=open_minor_at(later),
                customer_policy=sa.cast(sa.null(), sa.Text),
            )
        )
        .select_from(s)
        .join(i, sa.and_(i.tenant_id == _TENANT, i.id == s.item_id))
        .outerjoin(later, later.c.item_id == i.id)
        .where(s.tenant_id == _TENANT, s.next_on <= _TODAY, sa.not_(s.parked))
    )


def _named(**of_branch: sa.SQLColumnExpression[Any]) -> list[sa.Label[Any]]:
    """Returns the columns of a candidate in the order of its fields, each under its name."""
    i, s = OpenItem, LadderState
    found: dict[str, Any] = {
        "item_id": sa.cast(i.id, sa.Text),
        "customer_id": sa.cast(i.customer_id, sa.Text),
        "currency": i.currency,
        "held_code": s.held_code,
        "version_id": s.policy_version_id,
        "due_on": i.due_on,
        "collection_end_on": i.collection_end_on,
        "level_reached": sa.func.coalesce(s.level_reached, 0),
        "waiting": sa.func.coalesce(s.waiting, sa.false()),
        "last_delivered_on": s.last_delivered_on,
        "deadline_on": s.deadline_on,
        "fired": sa.func.coalesce(sa.func.array_to_string(s.fired, ","), ""),
        **of_branch,
    }
    return [sa.label(name, found[name]) for name in Candidate._fields]


@cache
def _unapplied_statement(*, of_customer: bool = False) -> sa.Select[Any]:
    """Open credit and overdue debt as of the day, per customer and currency that have both."""
    i = OpenItem
    later = later_allocations_cte(_TENANT, _TODAY)
    whose = (i.customer_id == _CUSTOMER,) if of_customer else ()
    credits_ = open_amounts_at(_TENANT, _TODAY, later, i.side == -1, i.document_on <= _TODAY, *whose)
    overdue = open_amounts_at(_TENANT, _TODAY, later, i.side == 1, i.due_on < _TODAY, *whose)
    credit_minor = _sum(credits_.c.minor)
    credit = (
        sa.select(credits_.c.customer_id, credits_.c.currency, credit_minor.label("minor"))
        .group_by(credits_.c.customer_id, credits_.c.currency)
        .having(credit_minor > 0)
        .subquery("credit")
    )
    of_credit = (credit.c.customer_id, credit.c.currency, credit.c.minor)
    return (
        sa.select(
            sa.cast(credit.c.customer_id, sa.Text).label("customer_id"),
            credit.c.currency,
            credit.c.minor.label("credit_minor"),
            _sum(overdue.c.minor).label("overdue_minor"),
        )
        .join(
            overdue,
            sa.and_(overdue.c.customer_id == credit.c.customer_id, overdue.c.currency == credit.c.currency),
        )
        .group_by(*of_credit)
    )


def _sum(minor: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(minor), sa.BigInteger)
