"""Reading bills: the list, one bill, what is outstanding as of a day, what waits today.

May import the tables of bills, customers and ledger, the rules and the kernel. Invariants: nothing here writes; what
counts as of a day follows from the history alone. The pages' own queries are in `pages`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills import rules
from ar.bills.models import Bill, BillEvent
from ar.bills.rules import State
from ar.bills.views import (
    DueCounts,
    OpenDocument,
    OutstandingBill,
)
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

#: What a bill can wait for: presenting, the notice of its refusal, word of what became of it.
DUE_KINDS: Final = ("present", "notice", "outcome")
DOCUMENTS_MAX: Final = 100
IN_HAND: Final = (State.HELD.value, State.PLEDGED.value)
ANSWERED_FOR: Final = (State.ENDORSED.value, State.DISCOUNTED_RECOURSE.value)
HANDED_ON: Final = (*ANSWERED_FOR, State.DISCOUNTED.value)


def bill_of_item(db: Session, tenant_id: UUID, item_id: UUID) -> UUID:
    """The bill whose credit the item is. Raises NotFound(`bill_not_found`)."""
    b = Bill
    found = db.execute(sa.select(b.id).where(b.tenant_id == tenant_id, b.item_id == item_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("bill_not_found")
    return found


def outstanding(db: Session, tenant_id: UUID, customer_id: UUID | None, as_of: date) -> list[OutstandingBill]:
    """Bills received and not yet paid at the end of `as_of`: they count in what a customer owes in substance.

    Those endorsed or discounted with recourse count until they are paid, those sold without recourse do not. Whether
    a bank's acceptance counts against a limit is the reader's policy, by `kind`.
    """
    bill, event, later = Bill, BillEvent, aliased(BillEvent)
    counted = [state.value for state in rules.OUTSTANDING]
    then = (
        sa.select(event.to_state)
        .where(event.tenant_id == tenant_id, event.bill_id == bill.id, event.effective_on <= as_of)
        .order_by(event.position.desc())
        .limit(1)
        .lateral("state_then")
    )
    moved = sa.exists().where(later.tenant_id == tenant_id, later.bill_id == bill.id, later.effective_on > as_of)
    wanted = (
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
            state=value(then.c.to_state),
        )
        .join(then, sa.true())
        # Only what is outstanding now, or has moved since, can have been outstanding then.
        .where(bill.tenant_id == tenant_id, sa.or_(bill.state.in_(counted), moved), then.c.to_state.in_(counted))
        .order_by(bill.matures_on, bill.number)
    )
    if customer_id is not None:
        wanted = wanted.where(bill.customer_id == customer_id)
    rows = db.execute(wanted)
    return views(OutstandingBill, rows)


def due_counts(db: Session, tenant_id: UUID, today: date) -> DueCounts:
    """How many bills wait for what, in one statement."""
    bill = Bill
    row = db.execute(
        select_view(
            DueCounts,
            present=value(sa.func.count().filter(due_where("present", today))),
            notice=value(sa.func.count().filter(due_where("notice", today))),
            outcome=value(sa.func.count().filter(due_where("outcome", today))),
        ).where(bill.tenant_id == tenant_id, not_ended())
    ).one()
    return view(DueCounts, row)


def due_select(tenant_id: UUID, kind: str, today: date) -> sa.Select[Any]:
    """Counts what waits for one of DUE_KINDS; for a page that asks several things at once."""
    return sa.select(sa.func.count()).where(Bill.tenant_id == tenant_id, not_ended(), due_where(kind, today))


def open_documents(db: Session, tenant_id: UUID, customer_no: str, today: date) -> list[OpenDocument]:
    """What a customer owes, oldest due first, for ticking; [] for an unknown number."""
    item, customer = OpenItem, Customer
    rows = db.execute(
        select_view(
            OpenDocument,
            id=value(item.id),
            kind=value(item.kind),
            document_no=value(item.document_no),
            due_on=value(item.due_on),
            open_minor=value(item.open_minor),
            currency=value(item.currency),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == item.customer_id))
        .where(
            item.tenant_id == tenant_id,
            customer.number == customer_no,
            item.side == 1,
            item.open_minor > 0,
            item.document_on <= today,
        )
        .order_by(item.due_on, item.document_on, item.document_no)
        .limit(DOCUMENTS_MAX)
    )
    return views(OpenDocument, rows)


def not_ended() -> sa.ColumnElement[bool]:
    b = Bill
    told = sa.and_(b.state == State.DISHONOURED, b.notice_by_on.is_not(None), b.notified_on.is_(None))
    return sa.or_(b.state.in_([*IN_HAND, *HANDED_ON]), told)


def due_where(kind: str, today: date) -> sa.ColumnElement[bool]:
    b = Bill
    if kind == "present":
        return sa.and_(b.state.in_(IN_HAND), b.matures_on <= today)
    if kind == "notice":
        return sa.and_(b.state == State.DISHONOURED, b.notice_by_on.is_not(None), b.notified_on.is_(None))
    return sa.and_(b.state.in_(ANSWERED_FOR), b.matures_on < today - timedelta(days=rules.PRESENT_DAYS))
