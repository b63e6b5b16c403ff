"""Limits what a session reads and changes to what its actor may see (ADR 0035).

Invariant: once `limit` was called, every SELECT, UPDATE and DELETE of mapped tables in the session carries the
criteria, in subqueries and aliases too; statements written as text do not, and ask `visible` or are not the actor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql.base import ExecutableOption

from kernel.db import LIMITED, TenantSession

#: Makes the condition that a column of customer ids names a visible customer.
CustomerCondition = Callable[[Any], sa.ColumnElement[bool]]


@dataclass(frozen=True)
class _Limit:
    """The criteria of every mapped table, and the condition for a column of customer ids."""

    criteria: Sequence[ExecutableOption]
    condition: CustomerCondition


_ALL: Final = sa.true()


def limit(db: Session, criteria: Sequence[ExecutableOption], condition: CustomerCondition) -> None:
    """Limits the session from now on; `criteria` are `with_loader_criteria` of each table."""
    db.info[LIMITED] = _Limit(criteria, condition)


def visible(db: Session, customer_id: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that a column of customer ids names a visible one; true in a session without limit."""
    found: _Limit | None = db.info.get(LIMITED)
    return _ALL if found is None else found.condition(customer_id)


def is_limited(db: Session) -> bool:
    """Whether the session is limited."""
    return LIMITED in db.info


@contextmanager
def everything(db: Session) -> Iterator[None]:
    """Lifts the limit inside: for the effect of a decision that the actor was asked for."""
    found = db.info.pop(LIMITED, None)
    try:
        yield
    finally:
        if found is not None:
            db.info[LIMITED] = found


@event.listens_for(TenantSession, "do_orm_execute")
def _add_criteria(state: ORMExecuteState) -> None:
    found: _Limit | None = state.session.info.get(LIMITED)
    if found is not None and (state.is_select or state.is_update or state.is_delete):
        state.statement = state.statement.options(*found.criteria)
