"""The day money came, beside the day it is posted and applied (ADR 0028).

Invariants: a locked day moves the posting, never the day of coming; of a bill alone the day of coming is recorded after
its posting, by its own steps.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_open
from ar.ledger.models import Allocation, OpenItem
from kernel.actor import Actor


def posting_day(db: Session, actor: Actor, came_on: date) -> date:
    """Returns the day on which money that came on `came_on` is posted: that day, or the first open day after it.

    Raises RuleBroken(`period_locked`) while no day until today is open.
    """
    on = max(came_on, first_open_on(lock_open_period(db, actor.tenant_id)))
    if on > actor.today:
        require_open(db, actor.tenant_id, [came_on])
    return on


def record_coming(db: Session, actor: Actor, item_id: UUID, came_on: date, *, conditional: bool) -> None:
    """Records the day on which a bill became money; `conditional`: it is not paid, and `came_on` when it was taken.

    The caller has locked the customer.
    """
    i = OpenItem
    db.execute(
        sa.update(i)
        .where(i.tenant_id == actor.tenant_id, i.id == item_id)
        .values(came_on=came_on, conditional=conditional)
    )


def counts_from(debit: Any, credit: Any) -> sa.ColumnElement[date]:
    """Returns the day from which a credit reduces what a debit owes; both are `OpenItem` or an alias of it.

    The day of coming; what was priced too high was never owed, so from the debit's own day.
    """
    return sa.case((credit.credit_reason == "price", debit.document_on), else_=credit.came_on)


def last_came_on(tenant: Any, debit: Any) -> sa.ScalarSelect[date | None]:
    """Selects the day on which the last credit that stands applied to a debit came; NULL without any.

    `tenant`: the id, or a bound parameter; `debit`: `OpenItem` or an alias of it.
    """
    a, back, credit = aliased(Allocation), aliased(Allocation), aliased(OpenItem)
    return (
        sa.select(sa.func.max(credit.came_on))
        .select_from(a)
        .join(credit, sa.and_(credit.tenant_id == tenant, credit.id == a.credit_item_id))
        .where(
            a.tenant_id == tenant,
            a.debit_item_id == debit.id,
            a.reverses_id.is_(None),
            ~sa.exists().where(back.tenant_id == tenant, back.reverses_id == a.id),
        )
        .scalar_subquery()
    )
