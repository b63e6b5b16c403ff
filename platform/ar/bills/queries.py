"""Queries of the bill pages: the list with totals and schedule, one bill with its history, documents to pay.

Invariants: a constant number of statements per page; totals cover the whole filtered set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills import rules
from ar.bills.due import DUE_KINDS, TRANSFERRED, due_condition, due_counts, due_kind
from ar.bills.models import KINDS, STATES, Bill, BillEvent
from ar.bills.rules import State, StepKind
from ar.bills.views import (
    BillList,
    BillPage,
    BillRow,
    EventView,
    MonthTotal,
    OpenDocument,
    PaidItem,
    StateTotal,
)
from ar.customers.models import Customer
from ar.ledger.lookups import PostingLeg
from ar.ledger.models import Allocation, OpenItem, Posting
from kernel.calendars import WorkCalendar
from kernel.errors import NotFound
from kernel.views import LATER, DbRow, select_view, value, view, view_columns, views
from tenants.queries import work_calendar
from web import filters
from web.paging import PageAsked

DOCUMENTS_MAX: Final = 100


@dataclass(frozen=True)
class BillFilters:
    """Filters of the list in the URL. `state` "": all bills that are not in a final state."""

    q: str = filters.text()
    state: str = filters.choice("", "all", *STATES)
    due: str = filters.choice("", *DUE_KINDS)
    kind: str = filters.choice("", *KINDS)
    customer: str = filters.text(max_length=80)
    currency: str = filters.text(max_length=3)
    matures_from: date | None = filters.day()
    matures_to: date | None = filters.day()


def bill_list(db: Session, tenant_id: UUID, wanted: BillFilters, asked: PageAsked, today: date) -> BillList:
    """Returns the list by maturity, with totals, the schedule of maturities and the bills due."""
    bill, customer = Bill, Customer
    where = _conditions(tenant_id, wanted, today)
    of_customer = sa.and_(customer.tenant_id == tenant_id, customer.id == bill.customer_id)
    sums = db.execute(
        select_view(
            StateTotal,
            state=value(bill.state),
            currency=value(bill.currency),
            count=value(sa.func.count()),
            amount_minor=value(sa.cast(sa.func.sum(bill.amount_minor), sa.BigInteger)),
        )
        .join(customer, of_customer)
        .where(*where)
        .group_by(bill.state, bill.currency)
    ).all()
    all_totals = sorted(views(StateTotal, sums), key=lambda total: (total.currency, STATES.index(total.state)))
    totals = [total for total in all_totals if not wanted.currency or total.currency == wanted.currency.upper()]
    page = asked.page(sum(total.count for total in totals))
    rows = db.execute(
        sa.select(*_row_columns())
        .join(customer, of_customer)
        .where(*where, *([bill.currency == wanted.currency.upper()] if wanted.currency else []))
        .order_by(bill.matures_on, bill.number, bill.attempt)
        .offset(page.offset)
        .limit(asked.limit)
    ).all()
    calendar = work_calendar(db, tenant_id)
    return BillList(
        [_bill_row(row, calendar, today) for row in rows],
        totals,
        _schedule(db, tenant_id),
        due_counts(db, tenant_id, today),
        sorted({total.currency for total in all_totals}),
    )


def bill_page(db: Session, tenant_id: UUID, bill_id: UUID, today: date) -> BillPage:
    """Returns one bill with its history. Raises NotFound(`bill_not_found`)."""
    bill, customer, item = Bill, Customer, OpenItem
    row = db.execute(
        sa.select(
            *_row_columns(),
            bill.item_id,
            item.open_minor.label("item_open_minor"),
            bill.drawer,
            bill.payee,
            bill.transferable,
            bill.note,
            bill.recorded_at,
            bill.recorded_by,
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == bill.customer_id))
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == bill.item_id))
        .where(bill.tenant_id == tenant_id, bill.id == bill_id)
    ).first()
    if row is None:
        raise NotFound("bill_not_found")
    shown = _bill_row(row, work_calendar(db, tenant_id), today)
    events = _events(db, tenant_id, bill_id, row.item_id)
    paid = _paid_items(db, tenant_id, row.item_id)
    return view(
        BillPage,
        row,
        row=shown,
        events=events,
        paid=paid,
        deadlines=_deadlines(shown, events, today),
        steps=_possible_steps(shown, row.transferable, events, today),
    )


def bill_of_item(db: Session, tenant_id: UUID, item_id: UUID) -> UUID:
    """Returns the id of the bill whose credit the item is. Raises NotFound(`bill_not_found`)."""
    bill = Bill
    bill_id = db.execute(
        sa.select(bill.id).where(bill.tenant_id == tenant_id, bill.item_id == item_id)
    ).scalar_one_or_none()
    if bill_id is None:
        raise NotFound("bill_not_found")
    return bill_id


def open_documents(db: Session, tenant_id: UUID, customer_no: str, today: date) -> list[OpenDocument]:
    """Returns a customer's open debit documents, oldest due first; [] for an unknown number."""
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


def _row_columns() -> list[sa.ColumnElement[Any]]:
    bill, customer = Bill, Customer
    return view_columns(
        BillRow,
        id=value(bill.id),
        number=value(bill.number),
        kind=value(bill.kind),
        customer_id=value(bill.customer_id),
        customer_no=value(customer.number),
        customer_name=value(customer.name),
        acceptor=value(bill.acceptor),
        issued_on=value(bill.issued_on),
        matures_on=value(bill.matures_on),
        received_on=value(bill.received_on),
        currency=value(bill.currency),
        amount_minor=value(bill.amount_minor),
        state=value(bill.state),
        notice_by_on=value(bill.notice_by_on),
        notified_on=value(bill.notified_on),
        payment_on=LATER,
        due_kind=LATER,
    )


def _bill_row(row: DbRow, calendar: WorkCalendar, today: date) -> BillRow:
    payment_on = calendar.next_working_day(row.matures_on)
    return view(BillRow, row, payment_on=payment_on, due_kind=due_kind(row, today))


def _conditions(tenant_id: UUID, wanted: BillFilters, today: date) -> list[sa.ColumnElement[bool]]:
    bill, customer = Bill, Customer
    conditions = [bill.tenant_id == tenant_id, customer.tenant_id == tenant_id]
    if wanted.due:
        conditions.append(due_condition(wanted.due, today))
    elif not wanted.state:
        conditions.append(bill.state.not_in([state.value for state in rules.ENDED]))
    if wanted.state not in ("", "all"):
        conditions.append(bill.state == wanted.state)
    if wanted.kind:
        conditions.append(bill.kind == wanted.kind)
    if wanted.customer:
        conditions.append(customer.number == wanted.customer)
    if wanted.matures_from:
        conditions.append(bill.matures_on >= wanted.matures_from)
    if wanted.matures_to:
        conditions.append(bill.matures_on <= wanted.matures_to)
    if wanted.q:
        searched = (bill.number, bill.acceptor, bill.drawer, customer.name, customer.number)
        conditions.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in searched)))
    return conditions


def _schedule(db: Session, tenant_id: UUID) -> list[MonthTotal]:
    """Returns the notes receivable by month of maturity and currency."""
    bill = Bill
    month = sa.func.to_char(bill.matures_on, "YYYY-MM")
    rows = db.execute(
        select_view(
            MonthTotal,
            month=value(month),
            currency=value(bill.currency),
            count=value(sa.func.count()),
            amount_minor=value(sa.cast(sa.func.sum(bill.amount_minor), sa.BigInteger)),
        )
        .where(bill.tenant_id == tenant_id, bill.state.in_([state.value for state in rules.IN_NOTES_RECEIVABLE]))
        .group_by(month, bill.currency)
        .order_by(month, bill.currency)
    )
    return views(MonthTotal, rows)


def _events(db: Session, tenant_id: UUID, bill_id: UUID, item_id: UUID) -> list[EventView]:
    """Returns the steps, oldest first, each with its postings; the first with those of the bill's own entry."""
    event, item, reversal = BillEvent, OpenItem, aliased(OpenItem)
    own_entry_id = sa.select(item.entry_id).where(item.tenant_id == tenant_id, item.id == item_id).scalar_subquery()
    rows = db.execute(
        sa.select(
            event,
            sa.case((event.position == 1, own_entry_id), else_=event.entry_id).label("step_entry_id"),
            reversal.entry_id.label("reversal_entry_id"),
        )
        .outerjoin(reversal, sa.and_(reversal.tenant_id == tenant_id, reversal.id == event.mirror_id))
        .where(event.tenant_id == tenant_id, event.bill_id == bill_id)
        .order_by(event.position)
    ).all()
    entry_ids = [entry_id for row in rows for entry_id in (row.step_entry_id, row.reversal_entry_id) if entry_id]
    legs = _entry_legs(db, tenant_id, entry_ids)
    return [
        _event_view(row.BillEvent, (*legs.get(row.step_entry_id, ()), *legs.get(row.reversal_entry_id, ())))
        for row in rows
    ]


def _entry_legs(db: Session, tenant_id: UUID, entry_ids: list[UUID]) -> dict[UUID, list[PostingLeg]]:
    """Returns entry id → its postings, debits first."""
    posting = Posting
    rows = db.execute(
        sa.select(posting.entry_id, posting.account_code, posting.debit_minor, posting.credit_minor)
        .where(posting.tenant_id == tenant_id, posting.entry_id == sa.any_(sa.cast(entry_ids, sa.ARRAY(sa.Uuid))))
        .order_by(posting.debit_minor.desc(), posting.id)
    )
    legs: dict[UUID, list[PostingLeg]] = {}
    for row in rows:
        legs.setdefault(row.entry_id, []).append(view(PostingLeg, row))
    return legs


def _event_view(event: BillEvent, legs: tuple[PostingLeg, ...]) -> EventView:
    return EventView(
        kind=event.kind,
        from_state=event.from_state,
        to_state=event.to_state,
        happened_on=event.happened_on,
        effective_on=event.effective_on,
        counterparty=event.counterparty,
        rate_ppm=event.rate_ppm,
        days=event.days,
        interest_minor=event.interest_minor,
        note=event.note,
        recorded_at=event.recorded_at,
        recorded_by=event.recorded_by,
        mirror_id=event.mirror_id,
        legs=legs,
    )


def _paid_items(db: Session, tenant_id: UUID, item_id: UUID) -> list[PaidItem]:
    """Returns the documents that the bill's credit is allocated to now, net of unapplied allocations."""
    allocation, item = Allocation, OpenItem
    minor = sa.cast(sa.func.sum(allocation.amount_minor), sa.BigInteger)
    rows = db.execute(
        select_view(
            PaidItem,
            id=value(item.id),
            kind=value(item.kind),
            document_no=value(item.document_no),
            due_on=value(item.due_on),
            amount_minor=value(minor),
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == allocation.debit_item_id))
        .where(allocation.tenant_id == tenant_id, allocation.credit_item_id == item_id)
        .group_by(item.tenant_id, item.id)
        .having(minor != 0)
        .order_by(item.due_on, item.document_no)
    )
    return views(PaidItem, rows)


def _deadlines(row: BillRow, events: list[EventView], today: date) -> rules.Deadlines:
    """Returns the deadlines that follow from the history."""
    dishonour = next((event for event in reversed(events) if event.kind == StepKind.DISHONOUR), None)
    presentment = next((event for event in reversed(events) if event.kind == StepKind.PRESENT), None)
    # A dishonour is final; a presentment may have been reversed.
    state_before = dishonour.from_state if dishonour else row.state
    presented = dishonour is not None or row.state in (State.PRESENTED, State.HONOURED)
    return rules.deadlines_of(
        row.matures_on,
        today,
        presented_on=presentment.happened_on if presentment and presented else None,
        dishonoured_on=dishonour.happened_on if dishonour else None,
        was_transferred=state_before in TRANSFERRED,
        with_recourse=state_before != State.DISCOUNTED,
    )


def _possible_steps(row: BillRow, transferable: bool, events: list[EventView], today: date) -> list[StepKind]:
    """Returns the steps possible today, in their usual order."""
    state = State(row.state)
    possible = []
    for step in rules.steps_from(state):
        if step in rules.TRANSFERS and (not transferable or today > rules.present_by(row.matures_on)):
            continue
        if step in (StepKind.DISCOUNT, StepKind.DISCOUNT_RECOURSE) and row.received_on >= row.matures_on:
            continue
        if step in (StepKind.PRESENT, StepKind.HONOUR) and today < row.matures_on:
            continue
        if step is StepKind.NOTIFY and (row.notice_by_on is None or row.notified_on is not None):
            continue
        possible.append(step)
    if events[-1].kind in rules.REVERSIBLE:
        possible.append(StepKind.REVERSE)
    return possible
