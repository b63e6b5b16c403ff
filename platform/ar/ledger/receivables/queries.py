"""Queries of the receivables pages: the list with its totals and one document.

Invariants: two statements for a list and three for a document, whatever the size; totals cover the whole filtered
set, not the page shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.books.as_of import (
    existed_at,
    items_with_later_allocations,
    later_allocations,
    open_minor_at,
    possibly_open_at,
)
from ar.ledger.books.queries import OpenItemView, item_columns, with_customer
from ar.ledger.models import Allocation, OpenItem, Posting
from ar.ledger.receivables.doubtful import is_doubtful
from ar.ledger.rules.stages import PROFESSIONAL_DAYS, ULTIMATUM_DAYS, WARNING_DAYS, Stage, legal_from_on
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views
from web import filters
from web.paging import PageAsked

SORTS: Final = ("due", "document", "number", "customer", "open")
CANDIDATES_MAX: Final = 50


@dataclass(frozen=True)
class ReceivablesFilters:
    """Filters of the list in the URL. `on` None: today; `known`: see `ar.ledger.books.as_of_request`."""

    q: str = filters.text()
    state: str = filters.choice("open", "owed", "overdue", "doubtful", "credits", "cleared", "all")
    stage: str = filters.choice("", *(stage.value for stage in Stage))
    customer: str = filters.text()
    currency: str = filters.text(max_length=3)
    due_from: date | None = filters.day()
    due_to: date | None = filters.day()
    on: date | None = filters.day()
    known: str = filters.text(max_length=40)
    sort: str = filters.choice("due", "-due", *(f"{way}{key}" for key in SORTS[1:] for way in ("", "-")))


@dataclass(frozen=True, slots=True)
class ReceivablesTotal:
    """Number, amount and open amount of the filtered documents of one currency, signed minor units."""

    currency: str
    count: int
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class ReceivableRow(OpenItemView):
    """A row of the list: an open item; further columns of the list are fields of this class."""


@dataclass(frozen=True, slots=True)
class ReceivablesPage:
    """One page of documents and the totals of all matching ones.

    `currencies`: those of all documents that match the other filters, for the currency filter.
    """

    as_of: date
    items: list[ReceivableRow]
    totals: list[ReceivablesTotal]
    currencies: list[str]

    @property
    def total(self) -> int:
        """Returns the number of matching documents."""
        return sum(total.count for total in self.totals)


@dataclass(frozen=True, slots=True)
class AllocationView:
    """An allocation as shown on one of its documents. `reverses`: it reverses another; `reversed`: it was reversed."""

    id: UUID
    other_id: UUID
    other_no: str
    other_kind: str
    amount_minor: int
    effective_on: date
    recorded_at: datetime
    recorded_by: str
    reverses: bool
    reversed: bool


@dataclass(frozen=True, slots=True)
class PostingLeg:
    """A posting of an entry; exactly one of debit and credit is above 0."""

    account_code: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document of the other side that can be allocated with this one."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    open_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One document with its allocations, postings and possible allocations."""

    item: OpenItemView
    reference: str | None
    entry_id: UUID
    cleared_on: date | None
    reverses_id: UUID | None
    reversed_by: UUID | None
    recorded_at: datetime
    allocations: list[AllocationView]
    legs: list[PostingLeg]
    candidates: list[Candidate]

    @property
    def reversible(self) -> bool:
        """Returns True when the document is fully open, is no bill, and neither reverses another nor is reversed."""
        no_reversal = self.reverses_id is None and self.reversed_by is None
        return no_reversal and self.item.open_minor == self.item.amount_minor and self.item.kind != "bill"


def receivables_page(
    db: Session,
    tenant_id: UUID,
    wanted: ReceivablesFilters,
    asked: PageAsked,
    today: date,
    *,
    known_at: datetime | None = None,
) -> ReceivablesPage:
    """Returns the list as of `wanted.on` or today; totals of all currencies serve the currency filter as well."""
    as_of = wanted.on or today
    later = later_allocations(tenant_id, as_of, known_at)
    minor = open_minor_at(later)
    source = items_with_later_allocations(later).join(Customer, with_customer(tenant_id))
    where = _conditions(tenant_id, wanted, as_of, minor, known_at)
    item = OpenItem
    sums = db.execute(
        select_view(
            ReceivablesTotal,
            currency=value(item.currency),
            count=value(sa.func.count()),
            amount_minor=value(sa.cast(sa.func.sum(item.side * item.amount_minor), sa.BigInteger)),
            open_minor=value(sa.cast(sa.func.sum(item.side * minor), sa.BigInteger)),
        )
        .select_from(source)
        .where(*where)
        .group_by(item.currency)
        .order_by(item.currency)
    )
    all_totals = views(ReceivablesTotal, sums)
    totals = [total for total in all_totals if not wanted.currency or total.currency == wanted.currency.upper()]
    page = asked.page(sum(total.count for total in totals))
    rows = db.execute(
        sa.select(*item_columns(tenant_id, minor, as_of))
        .select_from(source)
        .where(*where, *([item.currency == wanted.currency.upper()] if wanted.currency else []))
        .order_by(*_order(wanted.sort, minor))
        .offset(page.offset)
        .limit(asked.limit)
    )
    return ReceivablesPage(as_of, views(ReceivableRow, rows), totals, [total.currency for total in all_totals])


def item_page(db: Session, tenant_id: UUID, item_id: UUID, today: date, *, candidates: bool = False) -> ItemPage:
    """Returns one document as of today; `candidates` adds the documents it can be allocated with.

    Raises NotFound(`item_not_found`).
    """
    i, mirror = OpenItem, aliased(OpenItem)
    later = later_allocations(tenant_id, today)
    row = db.execute(
        sa.select(
            *item_columns(tenant_id, open_minor_at(later), today),
            i.reference,
            i.cleared_on,
            i.reverses_id,
            sa.select(mirror.id)
            .where(mirror.tenant_id == tenant_id, mirror.reverses_id == i.id)
            .scalar_subquery()
            .label("reversed_by"),
            i.recorded_at,
            i.entry_id,
        )
        .select_from(items_with_later_allocations(later).join(Customer, with_customer(tenant_id)))
        .where(i.tenant_id == tenant_id, i.id == item_id)
    ).first()
    if row is None:
        raise NotFound("item_not_found")
    item = view(OpenItemView, row)
    return view(
        ItemPage,
        row,
        item=item,
        allocations=_allocations(db, tenant_id, item),
        legs=_entry_legs(db, tenant_id, row.entry_id),
        candidates=_candidates(db, tenant_id, item) if candidates and item.open_minor else [],
    )


def stage_due_range(stage: Stage, as_of: date) -> tuple[date | None, date | None] | None:
    """Returns the first and last due date of items in `stage` at `as_of`; an end that is None is open.

    Returns None for bad debt, which no due date alone leads to.
    """

    def ago(days: int) -> date:
        return as_of - timedelta(days=days)

    if stage is Stage.BAD_DEBT:
        return None
    legal_last = ago(PROFESSIONAL_DAYS + 186)
    while legal_from_on(legal_last + timedelta(days=1)) <= as_of:
        legal_last += timedelta(days=1)
    return {
        Stage.CONTRACT: (ago(-WARNING_DAYS - 1), None),
        Stage.WARNING: (ago(-1), ago(-WARNING_DAYS)),
        Stage.DUE: (as_of, as_of),
        Stage.OVERDUE: (ago(ULTIMATUM_DAYS - 1), ago(1)),
        Stage.ULTIMATUM: (ago(PROFESSIONAL_DAYS - 1), ago(ULTIMATUM_DAYS)),
        Stage.PROFESSIONAL: (legal_last + timedelta(days=1), ago(PROFESSIONAL_DAYS)),
        Stage.LEGAL: (None, legal_last),
    }[stage]


def _conditions(
    tenant_id: UUID, wanted: ReceivablesFilters, as_of: date, minor: sa.ColumnElement[int], known_at: datetime | None
) -> list[sa.ColumnElement[bool]]:
    item, customer = OpenItem, Customer
    conditions = [*_state_conditions(tenant_id, wanted.state, as_of, minor, known_at), customer.tenant_id == tenant_id]
    if wanted.stage:
        conditions += [item.side > 0, minor > 0, *_due_between(stage_due_range(Stage(wanted.stage), as_of))]
    conditions += _due_between((wanted.due_from, wanted.due_to))
    if wanted.customer:
        conditions.append(customer.number == wanted.customer)
    if wanted.q:
        searched = (item.document_no, customer.name, customer.number)
        conditions.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in searched)))
    return conditions


def _state_conditions(
    tenant_id: UUID, state: str, as_of: date, minor: sa.ColumnElement[int], known_at: datetime | None
) -> list[sa.ColumnElement[bool]]:
    i = OpenItem
    if state == "all":
        return [*existed_at(tenant_id, as_of, known_at)]
    if state == "cleared":
        return [*existed_at(tenant_id, as_of, known_at), minor == 0]
    limits = [*possibly_open_at(tenant_id, as_of, known_at), minor > 0]
    if state in ("owed", "overdue", "doubtful"):
        limits.append(i.side > 0)
    if state == "doubtful":
        limits += is_doubtful(as_of)
    if state == "overdue":
        limits.append(i.due_on < as_of)
    if state == "credits":
        limits.append(i.side < 0)
    return limits


def _due_between(ends: tuple[date | None, date | None] | None) -> list[sa.ColumnElement[bool]]:
    if ends is None:
        return [sa.false()]
    first, last = ends
    limits: list[sa.ColumnElement[bool]] = []
    if first is not None:
        limits.append(OpenItem.due_on >= first)
    if last is not None:
        limits.append(OpenItem.due_on <= last)
    return limits


def _order(sort: str, minor: sa.ColumnElement[int]) -> list[sa.ColumnElement[Any]]:
    item = OpenItem
    column: Any = {
        "due": item.due_on,
        "document": item.document_on,
        "number": item.document_no,
        "customer": Customer.sort_key,
        "open": item.side * minor,
    }[sort.removeprefix("-")]
    return [column.desc() if sort.startswith("-") else column.asc(), item.document_no.asc(), item.id.asc()]


def _allocations(db: Session, tenant_id: UUID, item: OpenItemView) -> list[AllocationView]:
    allocation, other, reversal = Allocation, aliased(OpenItem), aliased(Allocation)
    mine, theirs = (
        (allocation.debit_item_id, allocation.credit_item_id)
        if item.side > 0
        else (allocation.credit_item_id, allocation.debit_item_id)
    )
    rows = db.execute(
        select_view(
            AllocationView,
            id=value(allocation.id),
            other_id=value(other.id),
            other_no=value(other.document_no),
            other_kind=value(other.kind),
            amount_minor=value(allocation.amount_minor),
            effective_on=value(allocation.effective_on),
            recorded_at=value(allocation.recorded_at),
            recorded_by=value(allocation.recorded_by),
            reverses=value(allocation.reverses_id.is_not(None)),
            reversed=value(sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == allocation.id)),
        )
        .join(other, sa.and_(other.tenant_id == tenant_id, other.id == theirs))
        .where(allocation.tenant_id == tenant_id, mine == item.id)
        .order_by(allocation.effective_on, allocation.id)
    )
    return views(AllocationView, rows)


def _entry_legs(db: Session, tenant_id: UUID, entry_id: UUID) -> list[PostingLeg]:
    posting = Posting
    rows = db.execute(
        select_view(
            PostingLeg,
            account_code=value(posting.account_code),
            debit_minor=value(posting.debit_minor),
            credit_minor=value(posting.credit_minor),
        )
        .where(posting.tenant_id == tenant_id, posting.entry_id == entry_id)
        .order_by(posting.debit_minor.desc(), posting.id)
    )
    return views(PostingLeg, rows)


def _candidates(db: Session, tenant_id: UUID, item: OpenItemView) -> list[Candidate]:
    """Returns the first CANDIDATES_MAX documents the item can be allocated with, oldest due first."""
    other = OpenItem
    rows = db.execute(
        select_view(
            Candidate,
            id=value(other.id),
            kind=value(other.kind),
            document_no=value(other.document_no),
            due_on=value(other.due_on),
            open_minor=value(other.open_minor),
            discount_until_on=value(other.discount_until_on),
        )
        .where(
            other.tenant_id == tenant_id,
            other.customer_id == item.customer_id,
            other.currency == item.currency,
            other.side == -item.side,
            other.open_minor > 0,
        )
        .order_by(other.due_on, other.document_no)
        .limit(CANDIDATES_MAX)
    )
    return views(Candidate, rows)
