"""The queries of the two pages of bills: the list with its sums and schedule, one bill with its history.

May import this slice's tables, rules and queries, customers' and ledger's tables, web.filters. Invariants: a fixed
number of statements a page; totals are of the whole filtered set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills import rules
from ar.bills.models import KINDS, STATES, Bill, BillEvent
from ar.bills.queries import ANSWERED_FOR, DUE_KINDS, HANDED_ON, IN_HAND, due_counts, due_where
from ar.bills.rules import State, Step
from ar.bills.views import BillList, BillPage, BillRow, EntryLeg, EventView, MonthTotal, PaidItem, StateTotal
from ar.customers.models import Customer
from ar.ledger.models import Allocation, OpenItem, Posting
from kernel.calendars import WorkCalendar
from kernel.errors import NotFound
from kernel.views import LATER, DbRow, select_view, value, view, view_columns, views
from tenants.queries import work_calendar
from web import filters
from web.paging import PageAsked


@dataclass(frozen=True)
class BillFilters:
    """What the address of the list asks for. `state` "": all that are not at their end."""

    q: str = filters.text()
    state: str = filters.choice("", "all", *STATES)
    due: str = filters.choice("", *DUE_KINDS)
    kind: str = filters.choice("", *KINDS)
    customer: str = filters.text(max_length=80)
    currency: str = filters.text(max_length=3)
    matures_from: date | None = filters.day()
    matures_to: date | None = filters.day()


def bill_list(db: Session, tenant_id: UUID, wanted: BillFilters, asked: PageAsked, today: date) -> BillList:
    """The list by maturity, with sums, the schedule of what matures, and what waits."""
    bill, customer = Bill, Customer
    where = _where(tenant_id, wanted, today)
    joined_customer = sa.and_(customer.tenant_id == tenant_id, customer.id == bill.customer_id)
    sums = db.execute(
        select_view(
            StateTotal,
            state=value(bill.state),
            currency=value(bill.currency),
            count=value(sa.func.count()),
            amount_minor=value(sa.cast(sa.func.sum(bill.amount_minor), sa.BigInteger)),
        )
        .join(customer, joined_customer)
        .where(*where)
        .group_by(bill.state, bill.currency)
    ).all()
    found = sorted(views(StateTotal, sums), key=lambda t: (t.currency, STATES.index(t.state)))
    totals = [each for each in found if not wanted.currency or each.currency == wanted.currency.upper()]
    page = asked.page(sum(each.count for each in totals))
    rows = db.execute(
        sa.select(*_row_columns())
        .join(customer, joined_customer)
        .where(*where, *([bill.currency == wanted.currency.upper()] if wanted.currency else []))
        .order_by(bill.matures_on, bill.number, bill.attempt)
        .offset(page.offset)
        .limit(asked.limit)
    ).all()
    calendar = work_calendar(db, tenant_id)
    return BillList(
        [_row(row, calendar, today) for row in rows],
        totals,
        _schedule(db, tenant_id),
        due_counts(db, tenant_id, today),
        sorted({each.currency for each in found}),
    )


def bill_page(db: Session, tenant_id: UUID, bill_id: UUID, today: date) -> BillPage:
    """One bill. Raises NotFound(`bill_not_found`)."""
    b, c, i = Bill, Customer, OpenItem
    row = db.execute(
        sa.select(
            *_row_columns(),
            b.item_id,
            i.open_minor.label("item_open_minor"),
            b.drawer,
            b.payee,
            b.transferable,
            b.note,
            b.recorded_at,
            b.recorded_by,
        )
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == b.customer_id))
        .join(i, sa.and_(i.tenant_id == tenant_id, i.id == b.item_id))
        .where(b.tenant_id == tenant_id, b.id == bill_id)
    ).first()
    if row is None:
        raise NotFound("bill_not_found")
    shown = _row(row, work_calendar(db, tenant_id), today)
    events = _events(db, tenant_id, bill_id, row.item_id)
    paid = _paid(db, tenant_id, row.item_id)
    return view(
        BillPage,
        row,
        row=shown,
        events=events,
        paid=paid,
        limits=_limits(shown, events, today),
        steps=_steps(shown, row.transferable, events, today),
    )


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
        waits_for=LATER,
    )


def _row(row: DbRow, calendar: WorkCalendar, today: date) -> BillRow:
    payment_on = calendar.next_working_day(row.matures_on)
    return view(BillRow, row, payment_on=payment_on, waits_for=_waits_for(row, today))


def _waits_for(row: DbRow, today: date) -> str:
    if row.state in IN_HAND and row.matures_on <= today:
        return "present"
    if row.state == State.DISHONOURED and row.notice_by_on is not None and row.notified_on is None:
        return "notice"
    if row.state in ANSWERED_FOR and rules.present_by(row.matures_on) < today:
        return "outcome"
    return ""


def _where(tenant_id: UUID, wanted: BillFilters, today: date) -> list[sa.ColumnElement[bool]]:
    b, c = Bill, Customer
    limits = [b.tenant_id == tenant_id, c.tenant_id == tenant_id]
    if wanted.due:
        limits.append(due_where(wanted.due, today))
    elif not wanted.state:
        limits.append(b.state.not_in([state.value for state in rules.ENDED]))
    if wanted.state not in ("", "all"):
        limits.append(b.state == wanted.state)
    if wanted.kind:
        limits.append(b.kind == wanted.kind)
    if wanted.customer:
        limits.append(c.number == wanted.customer)
    if wanted.matures_from:
        limits.append(b.matures_on >= wanted.matures_from)
    if wanted.matures_to:
        limits.append(b.matures_on <= wanted.matures_to)
    if wanted.q:
        found = (b.number, b.acceptor, b.drawer, c.name, c.number)
        limits.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in found)))
    return limits


def _schedule(db: Session, tenant_id: UUID) -> list[MonthTotal]:
    """By month of maturity, the bills that stand in our notes."""
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
        .where(bill.tenant_id == tenant_id, bill.state.in_([state.value for state in rules.IN_NOTES]))
        .group_by(month, bill.currency)
        .order_by(month, bill.currency)
    )
    return views(MonthTotal, rows)


def _events(db: Session, tenant_id: UUID, bill_id: UUID, item_id: UUID) -> list[EventView]:
    """The history, the oldest first, each step with the postings it made; the first with the bill's own entry."""
    e, p, i, m = BillEvent, Posting, OpenItem, aliased(OpenItem)
    own = sa.select(i.entry_id).where(i.tenant_id == tenant_id, i.id == item_id).scalar_subquery()
    rows = db.execute(
        sa.select(e, sa.case((e.position == 1, own), else_=e.entry_id).label("booked"), m.entry_id.label("mirrored"))
        .outerjoin(m, sa.and_(m.tenant_id == tenant_id, m.id == e.mirror_id))
        .where(e.tenant_id == tenant_id, e.bill_id == bill_id)
        .order_by(e.position)
    ).all()
    entries = [entry for row in rows for entry in (row.booked, row.mirrored) if entry]
    legs: dict[UUID, list[EntryLeg]] = {}
    for leg in db.execute(
        sa.select(p.entry_id, p.account_code, p.debit_minor, p.credit_minor)
        .where(p.tenant_id == tenant_id, p.entry_id == sa.any_(sa.cast(entries, sa.ARRAY(sa.Uuid))))
        .order_by(p.debit_minor.desc(), p.id)
    ):
        legs.setdefault(leg.entry_id, []).append(EntryLeg(leg.account_code, leg.debit_minor, leg.credit_minor))
    return [_event(row.BillEvent, (*legs.get(row.booked, ()), *legs.get(row.mirrored, ()))) for row in rows]


def _event(event: BillEvent, legs: tuple[EntryLeg, ...]) -> EventView:
    return EventView(
        event.kind,
        event.from_state,
        event.to_state,
        event.happened_on,
        event.effective_on,
        event.counterparty,
        event.rate_ppm,
        event.days,
        event.interest_minor,
        event.note,
        event.recorded_at,
        event.recorded_by,
        event.mirror_id,
        legs,
    )


def _paid(db: Session, tenant_id: UUID, item_id: UUID) -> list[PaidItem]:
    """What the credit stands against now, sums of what was allocated less what was taken back."""
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


def _limits(row: BillRow, events: list[EventView], today: date) -> rules.Limits:
    """The deadlines that follow from the history."""
    refused = next((e for e in reversed(events) if e.kind == Step.DISHONOUR), None)
    shown = next((e for e in reversed(events) if e.kind == Step.PRESENT), None)
    # Refused is the last word a bill can get; everything else may have been undone.
    stood = refused.from_state if refused else row.state
    counts = refused is not None or row.state in (State.PRESENTED, State.HONOURED)
    return rules.limits_of(
        row.matures_on,
        today,
        presented_on=shown.happened_on if shown and counts else None,
        dishonoured_on=refused.happened_on if refused else None,
        had_passed_on=stood in HANDED_ON,
        with_recourse=stood != State.DISCOUNTED,
    )


def _steps(row: BillRow, transferable: bool, events: list[EventView], today: date) -> list[Step]:
    """What can be done now, in the order in which it is usually done."""
    state = State(row.state)
    possible = []
    for step in rules.steps_from(state):
        if step in rules.TRANSFERS and (not transferable or today > rules.present_by(row.matures_on)):
            continue
        if step in (Step.DISCOUNT, Step.DISCOUNT_RECOURSE) and row.received_on >= row.matures_on:
            continue
        if step in (Step.PRESENT, Step.HONOUR) and today < row.matures_on:
            continue
        if step is Step.NOTIFY and (row.notice_by_on is None or row.notified_on is not None):
            continue
        possible.append(step)
    if events[-1].kind in rules.UNDOABLE:
        possible.append(Step.UNDO)
    return possible
