"""Measures the danger signals that collection tells: payments agreed and not made, promises broken, calls unanswered.

Source: R241, R249, R254. Invariants: a promise is kept by the day its money came (ADR 0028), so it is judged as its
page does; one statement a signal; it is read for the company, not for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.models import Action, CollectionHold
from ar.cases.rules.holds import PROMISE_GRACE_DAYS
from ar.credit.rules.signals import SignalCode
from ar.ledger.lookups import last_came_on
from ar.ledger.models import OpenItem
from ar.ledger.rules.due_dates import add_months
from tenants.slice import SignalMeasure, SignalSource

ROWS_AT_ONCE: Final = 1_000
#: A payment agreed and not made is news for so many days, unanswered calls count together in as many.
DAYS: Final = 30
PROMISE_MONTHS: Final = 12


def measure(db: Session, tenant_id: UUID, on: date) -> Iterator[SignalMeasure]:
    """Measures the three signals at the end of a day."""
    since = on - timedelta(days=DAYS)
    for row in db.execute(_missed(tenant_id, since, on), execution_options={"yield_per": ROWS_AT_ONCE}):
        figures = {"promises": row.promises, "instalments": row.instalments, "last_on": row.last_on.isoformat()}
        yield SignalMeasure(
            row.customer_id, SignalCode.AGREED_PAYMENT_MISSED, row.promises + row.instalments, figures
        )
    broken = _broken(tenant_id, add_months(on, -PROMISE_MONTHS), on)
    for row in db.execute(broken, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield SignalMeasure(
            row.customer_id, SignalCode.BROKEN_PROMISES, row.promises, {"last_on": row.last_on.isoformat()}
        )
    for row in db.execute(_unanswered(tenant_id, since, on), execution_options={"yield_per": ROWS_AT_ONCE}):
        yield SignalMeasure(row.customer_id, SignalCode.UNANSWERED_CALLS, row.calls, {"last_on": row.last_on.isoformat()})


def _broken_promises(tenant_id: UUID, since: date, on: date) -> sa.Select[tuple[UUID, date]]:
    """Selects customer and promised day of the promises that broke after `since`, one row a promise.

    One that was lifted before it broke was taken back, not broken. One for all that a customer owes is kept when
    nothing is left that was due by its day.
    """
    hold, item, due = CollectionHold, OpenItem, sa.orm.aliased(OpenItem)
    grace = timedelta(days=PROMISE_GRACE_DAYS)
    last_on = hold.until_on + PROMISE_GRACE_DAYS
    still_owes = sa.exists().where(
        due.tenant_id == tenant_id,
        due.customer_id == hold.customer_id,
        due.side == 1,
        due.open_minor > 0,
        due.due_on <= hold.until_on,
    )
    came_late = sa.or_(item.open_minor > 0, sa.func.coalesce(last_came_on(tenant_id, item) > last_on, sa.false()))
    return (
        sa.select(hold.customer_id, hold.until_on)
        .outerjoin(item, sa.and_(item.tenant_id == tenant_id, item.id == hold.item_id))
        .where(
            hold.tenant_id == tenant_id,
            hold.kind == "promise",
            hold.until_on > since - grace,
            hold.until_on < on - grace,
            sa.or_(hold.lifted_at.is_(None), sa.cast(hold.lifted_at, sa.Date) > last_on),
            sa.case((hold.item_id.is_(None), still_owes), else_=came_late),
        )
    )


def _missed(tenant_id: UUID, since: date, on: date) -> sa.Select[tuple[UUID, int, int, date]]:
    item = OpenItem
    promises = _broken_promises(tenant_id, since, on).add_columns(
        sa.literal(1).label("promise"), sa.literal(0).label("instalment")
    )
    instalments = sa.select(item.customer_id, item.due_on, sa.literal(0), sa.literal(1)).where(
        item.tenant_id == tenant_id,
        item.side == 1,
        item.instalment_no > 0,
        item.open_minor > 0,
        item.due_on > since - timedelta(days=PROMISE_GRACE_DAYS),
        item.due_on < on - timedelta(days=PROMISE_GRACE_DAYS),
    )
    missed = sa.union_all(promises, instalments).subquery("missed")
    return sa.select(
        missed.c.customer_id,
        sa.func.sum(missed.c.promise).label("promises"),
        sa.func.sum(missed.c.instalment).label("instalments"),
        sa.func.max(missed.c.until_on).label("last_on"),
    ).group_by(missed.c.customer_id)


def _broken(tenant_id: UUID, since: date, on: date) -> sa.Select[tuple[UUID, int, date]]:
    broken = _broken_promises(tenant_id, since, on).subquery("broken")
    return sa.select(
        broken.c.customer_id, sa.func.count().label("promises"), sa.func.max(broken.c.until_on).label("last_on")
    ).group_by(broken.c.customer_id)


def _unanswered(tenant_id: UUID, since: date, on: date) -> sa.Select[tuple[UUID, int, date]]:
    """Selects the calls that nobody answered since the customer was last reached."""
    action, reached = Action, sa.orm.aliased(Action)
    answered_since = sa.exists().where(
        reached.tenant_id == tenant_id,
        reached.customer_id == action.customer_id,
        reached.form == "call",
        reached.state == "done",
        ~reached.no_answer,
        reached.decided_at > action.decided_at,
    )
    day = sa.cast(action.decided_at, sa.Date)
    return (
        sa.select(action.customer_id, sa.func.count().label("calls"), sa.func.max(day).label("last_on"))
        .where(
            action.tenant_id == tenant_id,
            action.form == "call",
            action.no_answer,
            action.decided_at >= sa.cast(since, sa.DateTime(timezone=True)),
            day <= on,
            ~answered_since,
        )
        .group_by(action.customer_id)
    )


SOURCE: Final = SignalSource(
    (SignalCode.AGREED_PAYMENT_MISSED, SignalCode.BROKEN_PROMISES, SignalCode.UNANSWERED_CALLS), measure
)
