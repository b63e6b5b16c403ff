"""Selects bills that need action: presentment, notice of dishonour, recording of the outcome.

Invariant: `due_condition` (SQL) and `due_kind` (Python) agree; read-only.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.models import Bill
from ar.bills.rules import State
from ar.bills.views import DueCounts
from kernel.views import DbRow, select_view, value, view

#: What a bill can be due for: presentment, the notice of its dishonour, recording the outcome.
DUE_KINDS: Final = ("present", "notice", "outcome")
IN_HAND: Final = (State.HELD.value, State.PLEDGED.value)
WITH_RECOURSE: Final = (State.ENDORSED.value, State.DISCOUNTED_RECOURSE.value)
TRANSFERRED: Final = (*WITH_RECOURSE, State.DISCOUNTED.value)


def due_counts(db: Session, tenant_id: UUID, today: date) -> DueCounts:
    """Returns the number of bills due for each of DUE_KINDS. One statement."""
    row = db.execute(
        select_view(
            DueCounts,
            present=value(sa.func.count().filter(due_condition("present", today))),
            notice=value(sa.func.count().filter(due_condition("notice", today))),
            outcome=value(sa.func.count().filter(due_condition("outcome", today))),
        ).where(Bill.tenant_id == tenant_id, unfinished_condition())
    ).one()
    return view(DueCounts, row)


def select_due_count(tenant_id: Any, kind: str, today: Any) -> sa.Select[Any]:
    """Returns a statement that counts the bills due for one of DUE_KINDS, for use as a subquery."""
    return sa.select(sa.func.count()).where(
        Bill.tenant_id == tenant_id, unfinished_condition(), due_condition(kind, today)
    )


def unfinished_condition() -> sa.ColumnElement[bool]:
    """Selects the bills that can still become due, a superset of every `due_condition` that uses the state's index."""
    return sa.or_(Bill.state.in_([*IN_HAND, *TRANSFERRED]), _notice_due())


def due_condition(kind: str, today: Any) -> sa.ColumnElement[bool]:
    """Selects the bills due for one of DUE_KINDS."""
    if kind == "present":
        return sa.and_(Bill.state.in_(IN_HAND), Bill.matures_on <= today)
    if kind == "notice":
        return _notice_due()
    return sa.and_(Bill.state.in_(WITH_RECOURSE), Bill.matures_on < today - timedelta(days=rules.PRESENT_DAYS))


def _notice_due() -> sa.ColumnElement[bool]:
    return sa.and_(Bill.state == State.DISHONOURED, Bill.notice_by_on.is_not(None), Bill.notified_on.is_(None))


def due_kind(row: DbRow, today: date) -> str:
    """Returns which of DUE_KINDS a bill is due for today, "" for none; as `due_condition` selects them."""
    if row.state in IN_HAND and row.matures_on <= today:
        return "present"
    if row.state == State.DISHONOURED and row.notice_by_on is not None and row.notified_on is None:
        return "notice"
    if row.state in WITH_RECOURSE and rules.present_by(row.matures_on) < today:
        return "outcome"
    return ""
