"""Selects the items that a daily run decides on: newly overdue, open again, or with their next step due.

Invariant: the cost follows what is new and what is due, never history; every cause is found (a date that has come, a
document posted late, an allocation unapplied). Open means open as of the day (`ar.ledger.books.as_of`): an
allocation effective later stops nothing yet.
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
from ar.cases.models import Action, DayRun, LadderState, StepTaken
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
_CUSTOMERS: Final = sa.bindparam("customers", type_=sa.ARRAY(sa.Uuid))
_TODAY: Final[sa.BindParameter[date]] = sa.bindparam("today", type_=sa.Date)
_SINCE: Final[sa.BindParameter[date]] = sa.bindparam("since", type_=sa.Date)
_WATERMARK: Final[sa.BindParameter[UUID]] = sa.bindparam("watermark", type_=sa.Uuid)


class RunStart(NamedTuple):
    """Day and id from which a run looks for new items, and whether steps of items paid meanwhile are in the queue."""

    since: date
    watermark: UUID
    paid_in_queue: bool


class LadderFacts(NamedTuple):
    """The facts that decide on an item's steps; equal for many items, so that a run decides once for all of them.

    `customer_policy`: the customer's own policy, `version_id`: the version that the item is on (None before its first).
    `is_interest`: a document of late interest, which most policies do not chase. `fired` is a comma-separated list: an
    array would be made into a list per item, which is unhashable.
    """

    customer_policy: str | None
    version_id: UUID | None
    is_interest: bool
    due_on: date
    collection_end_on: date
    level_reached: int
    waiting: bool
    last_delivered_on: date | None
    deadline_on: date | None
    fired: str


class Candidate(NamedTuple):
    """An item that a run decides on; the fields of LadderFacts follow its own.

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
    is_interest: bool
    due_on: date
    collection_end_on: date
    level_reached: int
    waiting: bool
    last_delivered_on: date | None
    deadline_on: date | None
    fired: str

    @property
    def facts(self) -> LadderFacts:
        """Returns the fields that decide on the item's steps."""
        return LadderFacts._make(_facts_of(self))


_facts_of: Final = attrgetter(*LadderFacts._fields)


def start_of_run(db: Session, tenant_id: UUID, today: date) -> RunStart:
    """Returns where a run of `today` begins, in one statement."""
    row = columns(db, _start_statement(), {"tenant": tenant_id, "today": today}).one()
    if row.last_id is None:
        return RunStart(since=_BEGINNING, watermark=UUID(int=0), paid_in_queue=row.paid_in_queue)
    return RunStart(since=row.last_run_on, watermark=_watermark_before(row.last_id), paid_in_queue=row.paid_in_queue)


def candidates(db: Session, tenant_id: UUID, today: date, start: RunStart) -> Sequence[Candidate]:
    """Returns every item that a run of `today` decides on, in one statement."""
    values = {"tenant": tenant_id, "today": today, "since": start.since, "watermark": start.watermark}
    return [Candidate._make(row) for row in columns(db, _candidates_statement(), values).all()]


def newest_run_on(db: Session, tenant_id: UUID) -> date | None:
    """Returns the day for which the newest run (by its start) was made; None before the first."""
    return db.execute(
        sa.select(DayRun.run_on).where(DayRun.tenant_id == tenant_id).order_by(DayRun.id.desc()).limit(1)
    ).scalar_one_or_none()


def unapplied_by_customer(db: Session, tenant_id: UUID, today: date) -> dict[tuple[str, str], Unapplied]:
    """Returns open credit and overdue debt as of `today` by (customer id as text, currency), where there are both."""
    rows = columns(db, _unapplied_statement(), {"tenant": tenant_id, "today": today})
    return {(row.customer_id, row.currency): _unapplied(row) for row in rows}


def unapplied_of(
    db: Session, tenant_id: UUID, today: date, customer_ids: Sequence[UUID]
) -> dict[tuple[UUID, str], Unapplied]:
    """Returns open credit and overdue debt of some customers as of `today`, by (customer id, currency)."""
    values = {"tenant": tenant_id, "today": today, "customers": list(customer_ids)}
    rows = columns(db, _unapplied_statement(of_customers=True), values)
    return {(UUID(row.customer_id), row.currency): _unapplied(row) for row in rows}


def _unapplied(row: Any) -> Unapplied:
    return Unapplied(credit_minor=row.credit_minor, overdue_minor=row.overdue_minor)


def _watermark_before(run_id: UUID) -> UUID:
    """Returns the smallest id that can have been made up to LATE_COMMIT before the run's own."""
    made_ms = run_id.int >> 80
    return UUID(int=max(0, made_ms - int(LATE_COMMIT.total_seconds() * 1000)) << 80)


@cache
def _start_statement() -> sa.Select[Any]:
    """Selects the run started last; built once, like every statement here: a quiet day costs milliseconds."""
    return sa.select(
        _of_last_run(DayRun.id).label("last_id"),
        _of_last_run(DayRun.run_on).label("last_run_on"),
        _paid_in_queue().label("paid_in_queue"),
    )


def _of_last_run(column: Any) -> sa.ScalarSelect[Any]:
    return sa.select(column).where(DayRun.tenant_id == _TENANT).order_by(DayRun.id.desc()).limit(1).scalar_subquery()


def _paid_in_queue() -> sa.ColumnElement[bool]:
    """Selects whether a pending step's item has nothing open as of the day; `state.withdraw_paid` withdraws these.

    Whether anything waits at all is asked first: on a quiet day that is one look at an index, and no item is read.
    """
    action, step, item = Action, StepTaken, OpenItem
    later = later_allocations_cte(_TENANT, _TODAY)
    waits = sa.select(sa.literal(1)).where(action.tenant_id == _TENANT, in_queue()).exists()
    paid = (
        sa.select(sa.literal(1))
        .select_from(action)
        .join(step, sa.and_(step.tenant_id == _TENANT, step.action_id == action.id))
        .join(item, sa.and_(item.tenant_id == _TENANT, item.id == step.item_id))
        .outerjoin(later, later.c.item_id == item.id)
        .where(action.tenant_id == _TENANT, in_queue(), step.state == "proposed", open_minor_at(later) == 0)
        .exists()
    )
    return sa.and_(waits, paid)


@cache
def _candidates_statement() -> sa.CompoundSelect[Any]:
    later = later_allocations_cte(_TENANT, _TODAY)
    return sa.union_all(_to_enrol(later), _next_step_due(later))


def _to_enrol(later: sa.CTE) -> sa.Select[Any]:
    """Selects overdue debits that are on no ladder, or whose ladder was parked when they were paid."""
    item, customer, state = OpenItem, Customer, LadderState
    changed = _changed_items(later)
    return (
        sa.select(
            *_candidate_columns(
                kind=sa.case((state.item_id.is_(None), NEW), else_=REOPENED),
                open_minor=open_minor_at(later),
                customer_policy=customer.policy_code,
            )
        )
        .select_from(changed)
        .join(item, sa.and_(item.tenant_id == _TENANT, item.id == changed.c.id))
        .join(customer, sa.and_(customer.tenant_id == _TENANT, customer.id == item.customer_id))
        .outerjoin(later, later.c.item_id == item.id)
        .outerjoin(state, sa.and_(state.tenant_id == _TENANT, state.item_id == item.id))
        .where(
            item.side == 1,
            open_minor_at(later) > 0,
            item.due_on <= _TODAY,
            sa.or_(state.item_id.is_(None), state.parked),
        )
    )


def _changed_items(later: sa.CTE) -> sa.Subquery:
    """Selects ids of items that may have become overdue or open again since the last run."""
    item, allocation, state = OpenItem, Allocation, LadderState
    on_ladder = sa.exists().where(state.tenant_id == _TENANT, state.item_id == item.id, sa.not_(state.parked))
    newly_due = sa.select(item.id).where(
        item.tenant_id == _TENANT,
        item.open_minor > 0,
        item.due_on <= _TODAY,
        sa.or_(item.due_on > _SINCE, item.id > _WATERMARK),
        ~on_ladder,
    )
    unapplied = sa.select(allocation.debit_item_id).where(
        allocation.tenant_id == _TENANT, allocation.reverses_id.is_not(None)
    )
    return sa.union(
        newly_due,
        unapplied.where(allocation.id > _WATERMARK),
        unapplied.where(allocation.effective_on > _SINCE, allocation.effective_on <= _TODAY),
        sa.select(later.c.item_id),
    ).subquery("changed_items")


def _next_step_due(later: sa.CTE) -> sa.Select[Any]:
    """Selects items on a ladder whose next step is due; those paid meanwhile too, so that the run parks them."""
    item, state = OpenItem, LadderState
    return (
        sa.select(
            *_candidate_columns(
                kind=sa.literal(DUE, sa.Text),
                open_minor=open_minor_at(later),
                customer_policy=sa.cast(sa.null(), sa.Text),
            )
        )
        .select_from(state)
        .join(item, sa.and_(item.tenant_id == _TENANT, item.id == state.item_id))
        .outerjoin(later, later.c.item_id == item.id)
        .where(state.tenant_id == _TENANT, state.next_on <= _TODAY, sa.not_(state.parked))
    )


def _candidate_columns(**of_branch: sa.SQLColumnExpression[Any]) -> list[sa.Label[Any]]:
    """Returns the columns of a candidate in the order of its fields, each under its name."""
    item, state = OpenItem, LadderState
    by_name: dict[str, Any] = {
        "item_id": sa.cast(item.id, sa.Text),
        "customer_id": sa.cast(item.customer_id, sa.Text),
        "currency": item.currency,
        "held_code": state.held_code,
        "version_id": state.policy_version_id,
        "is_interest": item.kind == "interest",
        "due_on": item.due_on,
        "collection_end_on": item.collection_end_on,
        "level_reached": sa.func.coalesce(state.level_reached, 0),
        "waiting": sa.func.coalesce(state.waiting, sa.false()),
        "last_delivered_on": state.last_delivered_on,
        "deadline_on": state.deadline_on,
        "fired": sa.func.coalesce(sa.func.array_to_string(state.fired, ","), ""),
        **of_branch,
    }
    return [sa.label(name, by_name[name]) for name in Candidate._fields]


@cache
def _unapplied_statement(*, of_customers: bool = False) -> sa.Select[Any]:
    """Selects open credit and overdue debt as of the day, per customer and currency that have both."""
    i = OpenItem
    later = later_allocations_cte(_TENANT, _TODAY)
    of_some = (i.customer_id == sa.any_(_CUSTOMERS),) if of_customers else ()
    open_credits = open_amounts_at(_TENANT, _TODAY, later, i.side == -1, i.document_on <= _TODAY, *of_some)
    overdue = open_amounts_at(_TENANT, _TODAY, later, i.side == 1, i.due_on < _TODAY, *of_some)
    credit_minor = _sum(open_credits.c.minor)
    credit = (
        sa.select(open_credits.c.customer_id, open_credits.c.currency, credit_minor.label("minor"))
        .group_by(open_credits.c.customer_id, open_credits.c.currency)
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
