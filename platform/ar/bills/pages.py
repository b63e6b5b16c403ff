"""The queries of the two pages of bills: the list with its sums and schedule, one bill with its history.

May import this slice's tables, rules and queries, customers' and ledger's tables, web.filters. Invariants: a fixed
number of statements a page; totals are of the whole filtered set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
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
    b, c = Bill, Customer
    where = _where(tenant_id, wanted, today)
    joined_customer = sa.and_(c.tenant_id == tenant_id, c.id == b.customer_id)
    sums: Any = db.execute(
        sa.select(b.state, b.currency, sa.func.count(), sa.cast(sa.func.sum(b.amount_minor), sa.BigInteger))
        .join(c, joined_customer)
        .where(*where)
        .group_by(b.state, b.currency)
    ).all()
    found = sorted((StateTotal(*row) for row in sums), key=lambda t: (t.currency, STATES.index(t.state)))
    totals = [each for each in found if not wanted.currency or each.currency == wanted.currency.upper()]
    page = asked.page(sum(each.count for each in totals))
    rows: Any = db.execute(
        sa.select(*_row_columns())
        .join(c, joined_customer)
        .where(*where, *([b.currency == wanted.currency.upper()] if wanted.currency else []))
        .order_by(b.matures_on, b.number, b.attempt)
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
    row: Any = db.execute(
        sa.select(
            *_row_columns(),
            b.item_id,
            i.open_minor,
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
    limits, steps = _limits(shown, events, today), _steps(shown, row.transferable, events, today)
    return BillPage(*(shown, *row[_ROW_LENGTH:], events, paid, limits, steps))


def _row_columns() -> list[Any]:
    b, c = Bill, Customer
    return [
        *(b.id, b.number, b.kind, b.customer_id, c.number.label("customer_no"), c.name.label("customer_name")),
        *(b.acceptor, b.issued_on, b.matures_on, b.received_on, b.currency, b.amount_minor, b.state),
        *(b.notice_by_on, b.notified_on),
    ]


_ROW_LENGTH: Final = len(_row_columns())


def _row(row: Any, calendar: WorkCalendar, today: date) -> BillRow:
    return BillRow(*(*row[:_ROW_LENGTH], calendar.next_working_day(row.matures_on), _waits_for(row, today)))


def _waits_for(row: Any, today: date) -> str:
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
    b = Bill
    month = sa.func.to_char(b.matures_on, "YYYY-MM")
    rows: Any = db.execute(
        sa.select(month, b.currency, sa.func.count(), sa.cast(sa.func.sum(b.amount_minor), sa.BigInteger))
        .where(b.tenant_id == tenant_id, b.state.in_([state.value for state in rules.IN_NOTES]))
        .group_by(month, b.currency)
        .order_by(month, b.currency)
    )
    return [MonthTotal(*row) for row in rows]


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
    a, i = Allocation, OpenItem
    minor = sa.cast(sa.func.sum(a.amount_minor), sa.BigInteger)
    rows: Any = db.execute(
        sa.select(i.id, i.kind, i.document_no, i.due_on, minor)
        .join(i, sa.and_(i.tenant_id == tenant_id, i.id == a.debit_item_id))
        .where(a.tenant_id == tenant_id, a.credit_item_id == item_id)
        .group_by(i.tenant_id, i.id)
        .having(minor != 0)
        .order_by(i.due_on, i.document_no)
    )
    return [PaidItem(*row) for row in rows]


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
