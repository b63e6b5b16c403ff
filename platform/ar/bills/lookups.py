"""Lookups of bills for other slices: outstanding bills as of a day, counts due for action.

Invariant: read-only; an as-of figure follows from the history alone.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills import rules
from ar.bills.due import select_due_count
from ar.bills.models import Bill, BillEvent
from ar.bills.views import OutstandingBill
from kernel.views import select_view, value, views

__all__ = [
    "OutstandingBill",
    "outstanding_bills",
    "select_due_count",
]


def outstanding_bills(db: Session, tenant_id: UUID, customer_id: UUID | None, as_of: date) -> list[OutstandingBill]:
    """Returns the bills received and not yet paid at the end of `as_of`, which add to a customer's exposure.

    Bills endorsed or discounted with recourse count until they are paid, those sold without recourse do not. Whether a
    bank acceptance counts against a credit limit is the caller's policy, by `kind`.
    """
    bill, event, later = Bill, BillEvent, aliased(BillEvent)
    counted = [state.value for state in rules.OUTSTANDING]
    last_by_then = (
        sa.select(event.to_state)
        .where(event.tenant_id == tenant_id, event.bill_id == bill.id, event.effective_on <= as_of)
        .order_by(event.position.desc())
        .limit(1)
        .lateral("last_by_then")
    )
    changed_later = sa.exists().where(
        later.tenant_id == tenant_id, later.bill_id == bill.id, later.effective_on > as_of
    )
    statement = (
        select_view(
            OutstandingBill,
            id=value(bill.id),
            number=value(bill.number),
            kind=value(bill.kind),
            customer_id=value(bill.customer_id),
            acceptor=value(bill.acceptor),
            matures_on=value(bill.matures_on),
            currency=value(bill.currency),
            amount_minor=value(bill.amount_minor),
            state=value(last_by_then.c.to_state),
        )
        .join(last_by_then, sa.true())
        .where(
            bill.tenant_id == tenant_id,
            # Narrows by index: a bill outstanding then is so now, or has changed since.
            sa.or_(bill.state.in_(counted), changed_later),
            last_by_then.c.to_state.in_(counted),
        )
        .order_by(bill.matures_on, bill.number)
    )
    if customer_id is not None:
        statement = statement.where(bill.customer_id == customer_id)
    rows = db.execute(statement)
    return views(OutstandingBill, rows)
