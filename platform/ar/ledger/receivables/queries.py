"""The queries of the ledger's two pages: the list of receivables and one document.

May import the ledger's tables and queries and web.filters. Invariants: two statements for a list and three for a
document, whatever the size; totals are of the whole filtered set, never of the page shown.
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


@dataclass(frozen=True)
class ReceivablesFilters:
    """What the address of the list asks for. `on` None: today; `known`: see `ar.ledger.books.as_of_request`."""

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
class CurrencyTotal:
    """Of the filtered set: how many documents, what they were and what is open, signed minor units."""

    currency: str
    count: int
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class ReceivableRow(OpenItemView):
    """A row of the list: an open item, and as fields of its own whatever else a column of the list shows."""


@dataclass(frozen=True, slots=True)
class ReceivablesPage:
    """One page of documents and the sums of all that match.

    `currencies`: of all that match the other filters, for the choice among them.
    """

    as_of: date
    items: list[ReceivableRow]
    totals: list[CurrencyTotal]
    currencies: list[str]

    @property
    def total(self) -> int:
        """How many documents match."""
        return sum(each.count for each in self.totals)


@dataclass(frozen=True, slots=True)
class AllocationView:
    """An allocation seen from one of its sides: the other document, and whether it was taken back."""

    id: UUID
    other_id: UUID
    other_no: str
    other_kind: str
    amount_minor: int
    effective_on: date
    recorded_at: datetime
    recorded_by: str
    reverses: bool
    taken_back: bool

    @property
    def live(self) -> bool:
        """It counts, and can be taken back."""
        return not self.reverses and not self.taken_back


@dataclass(frozen=True, slots=True)
class Leg:
    """One posting of the document's entry."""

    account_code: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document of the other side that could be allocated to or from this one."""

    id: UUID
    kind: str
    document_no: str
    due_on: date
    open_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One document with everything that hangs on it."""

    item: OpenItemView
    reference: str | None
    entry_id: UUID
    cleared_on: date | None
    reverses_id: UUID | None
    reversed_by: UUID | None
    recorded_at: datetime
    allocations: list[AllocationView]
    legs: list[Leg]
    candidates: list[Candidate]

    @property
    def reversible(self) -> bool:
        """No allocation stands and nothing was taken back yet."""
        untouched = self.reverses_id is None and self.reversed_by is None
        return untouched and self.item.open_minor == self.item.amount_minor and self.item.kind != "bill"


def receivables_page(
    db: Session,
    tenant_id: UUID,
    wanted: ReceivablesFilters,
    asked: PageAsked,
    today: date,
    *,
    known_at: datetime | None = None,
) -> ReceivablesPage:
    """The list as of `wanted.on` or today. The sums read all currencies, so that their choice costs no statement."""
    as_of = wanted.on or today
    later = later_allocations(tenant_id, as_of, known_at)
    minor = open_minor_at(later)
    source = items_with_later_allocations(later).join(Customer, with_customer(tenant_id))
    where = _where(tenant_id, wanted, as_of, minor, known_at)
    item = OpenItem
    sums = db.execute(
        select_view(
            CurrencyTotal,
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
    found = views(CurrencyTotal, sums)
    totals = [each for each in found if not wanted.currency or each.currency == wanted.currency.upper()]
    page = asked.page(sum(each.count for each in totals))
    rows = db.execute(
        sa.select(*item_columns(minor, as_of))
        .select_from(source)
        .where(*where, *([item.currency == wanted.currency.upper()] if wanted.currency else []))
        .order_by(*_order(wanted.sort, minor))
        .offset(page.offset)
        .limit(asked.limit)
    )
    return ReceivablesPage(as_of, views(ReceivableRow, rows), totals, [each.currency for each in found])


def item_page(db: Session, tenant_id: UUID, item_id: UUID, today: date, *, candidates: bool = False) -> ItemPage:
    """One document as of today; `candidates` adds what it could be allocated with. Raises NotFound."""
    i, mirror = OpenItem, aliased(OpenItem)
    later = later_allocations(tenant_id, today)
    row = db.execute(
        sa.select(
            *item_columns(open_minor_at(later), today),
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
    """First and last due date that put an item into `stage` at `as_of`; None is an open end.

    None as a whole: dates alone never lead there (bad debt).
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


def _where(
    tenant_id: UUID, wanted: ReceivablesFilters, as_of: date, minor: sa.ColumnElement[int], known_at: datetime | None
) -> list[sa.ColumnElement[bool]]:
    i, c = OpenItem, Customer
    limits = [*_state(tenant_id, wanted.state, as_of, minor, known_at), Customer.tenant_id == tenant_id]
    if wanted.stage:
        limits += [i.side > 0, minor > 0, *_due_between(stage_due_range(Stage(wanted.stage), as_of))]
    limits += _due_between((wanted.due_from, wanted.due_to))
    if wanted.customer:
        limits.append(c.number == wanted.customer)
    if wanted.q:
        limits.append(
            sa.or_(
                i.document_no.icontains(wanted.q, autoescape=True),
                c.name.icontains(wanted.q, autoescape=True),
                c.number.icontains(wanted.q, autoescape=True),
            )
        )
    return limits


def _state(
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
    i, c = OpenItem, Customer
    column: Any = {
        "due": i.due_on,
        "document": i.document_on,
        "number": i.document_no,
        "customer": c.sort_key,
        "open": i.side * minor,
    }[sort.removeprefix("-")]
    return [column.desc() if sort.startswith("-") else column.asc(), i.document_no.asc(), i.id.asc()]


def _allocations(db: Session, tenant_id: UUID, item: OpenItemView) -> list[AllocationView]:
    allocation, other, back = Allocation, aliased(OpenItem), aliased(Allocation)
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
            taken_back=value(sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == allocation.id)),
        )
        .join(other, sa.and_(other.tenant_id == tenant_id, other.id == theirs))
        .where(allocation.tenant_id == tenant_id, mine == item.id)
        .order_by(allocation.effective_on, allocation.id)
    )
    return views(AllocationView, rows)


def _entry_legs(db: Session, tenant_id: UUID, entry_id: UUID) -> list[Leg]:
    posting = Posting
    rows = db.execute(
        select_view(
            Leg,
            account_code=value(posting.account_code),
            debit_minor=value(posting.debit_minor),
            credit_minor=value(posting.credit_minor),
        )
        .where(posting.tenant_id == tenant_id, posting.entry_id == entry_id)
        .order_by(posting.debit_minor.desc(), posting.id)
    )
    return views(Leg, rows)


def _candidates(db: Session, tenant_id: UUID, item: OpenItemView) -> list[Candidate]:
    """At most fifty, oldest due first: beyond that a person searches the list."""
    i = OpenItem
    rows = db.execute(
        select_view(
            Candidate,
            id=value(i.id),
            kind=value(i.kind),
            document_no=value(i.document_no),
            due_on=value(i.due_on),
            open_minor=value(i.open_minor),
            discount_until_on=value(i.discount_until_on),
        )
        .where(
            i.tenant_id == tenant_id,
            i.customer_id == item.customer_id,
            i.currency == item.currency,
            i.side == -item.side,
            i.open_minor > 0,
        )
        .order_by(i.due_on, i.document_no)
        .limit(50)
    )
    return views(Candidate, rows)
