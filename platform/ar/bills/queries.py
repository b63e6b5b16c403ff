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
    b, e, later = Bill, BillEvent, aliased(BillEvent)
    counted = [state.value for state in rules.OUTSTANDING]
    then = (
        sa.select(e.to_state)
        .where(e.tenant_id == tenant_id, e.bill_id == b.id, e.effective_on <= as_of)
        .order_by(e.position.desc())
        .limit(1)
        .lateral("state_then")
    )
    moved = sa.exists().where(later.tenant_id == tenant_id, later.bill_id == b.id, later.effective_on > as_of)
    wanted = (
        sa.select(
            *(b.id, b.number, b.kind, b.customer_id, b.acceptor, b.matures_on, b.currency, b.amount_minor),
            then.c.to_state,
        )
        .join(then, sa.true())
        # Only what is outstanding now, or has moved since, can have been outstanding then.
        .where(b.tenant_id == tenant_id, sa.or_(b.state.in_(counted), moved), then.c.to_state.in_(counted))
        .order_by(b.matures_on, b.number)
    )
    if customer_id is not None:
        wanted = wanted.where(b.customer_id == customer_id)
    rows: Any = db.execute(wanted)
    return [OutstandingBill(*row) for row in rows]


def due_counts(db: Session, tenant_id: UUID, today: date) -> DueCounts:
    """How many bills wait for what, in one statement."""
    b = Bill
    counts = [sa.func.count().filter(due_where(kind, today)) for kind in DUE_KINDS]
    row: Any = db.execute(sa.select(*counts).where(b.tenant_id == tenant_id, not_ended())).one()
    return DueCounts(*row)


def due_select(tenant_id: UUID, kind: str, today: date) -> sa.Select[Any]:
    """Counts what waits for one of DUE_KINDS; for a page that asks several things at once."""
    return sa.select(sa.func.count()).where(Bill.tenant_id == tenant_id, not_ended(), due_where(kind, today))


def open_documents(db: Session, tenant_id: UUID, customer_no: str, today: date) -> list[OpenDocument]:
    """What a customer owes, oldest due first, for ticking; [] for an unknown number."""
    i, c = OpenItem, Customer
    rows: Any = db.execute(
        sa.select(i.id, i.kind, i.document_no, i.due_on, i.open_minor, i.currency)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == i.customer_id))
        .where(
            i.tenant_id == tenant_id,
            c.number == customer_no,
            i.side == 1,
            i.open_minor > 0,
            i.document_on <= today,
        )
        .order_by(i.due_on, i.document_on, i.document_no)
        .limit(DOCUMENTS_MAX)
    )
    return [OpenDocument(*row) for row in rows]


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
