"""Queries of the list of receivables: one page of it, and the totals of all that match.

Invariants: totals cover the whole filtered set, not the page shown. Where the kept sums answer (no search, no customer,
no moment of knowledge, no limited session), the totals cost days and not documents; a list by due date or date is read
in the order of an index, open items and those cleared since apart, and only the rows shown are furnished.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.books.as_of import (
    existed_at,
    items_with_later_allocations,
    later_allocations_cte,
    open_minor_at,
    possibly_open_at,
)
from ar.ledger.books.kept_sums import CREDIT, DOUBTFUL, OWED, open_sums_at, sum_where
from ar.ledger.books.queries import OpenItemView, item_columns, with_customer
from ar.ledger.models import OpenItem
from ar.ledger.receivables.doubtful import is_doubtful
from ar.ledger.rules.kpis import receivables_shown
from ar.ledger.rules.stages import PROFESSIONAL_DAYS, ULTIMATUM_DAYS, WARNING_DAYS, Stage, legal_from_on
from kernel.db import columns
from kernel.views import select_view, value, views
from kernel.visibility import is_limited
from web import filters
from web.paging import PageAsked

#: Statements kept of each kind.
KEPT: Final = 64
SORTS: Final = ("due", "document", "number", "customer", "open")


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
    """What is open of the filtered documents of one currency, in minor units: owed, and credits not yet applied."""

    currency: str
    count: int
    owed_minor: int
    credits_minor: int
    netted: bool = True

    @property
    def open_minor(self) -> int:
        """Returns the receivables as the company shows them: after the credits or before them."""
        return receivables_shown(self.owed_minor, self.credits_minor, netted=self.netted)


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


def receivables_page(
    db: Session,
    tenant_id: UUID,
    wanted: ReceivablesFilters,
    asked: PageAsked,
    today: date,
    *,
    known_at: datetime | None = None,
    netted: bool = True,
) -> ReceivablesPage:
    """Returns the list as of `wanted.on` or today; totals of all currencies serve the currency filter as well.

    `netted`: the company shows what is open after unapplied credits.
    """
    as_of = wanted.on or today
    found = _Matching(tenant_id, wanted, as_of, known_at)
    is_kept = found.is_plain and not is_limited(db) and not (wanted.state == "doubtful" and found.by_due)
    all_totals = views(ReceivablesTotal, columns(db, _totals(tenant_id, wanted, as_of, known_at, is_kept, netted)))
    totals = [total for total in all_totals if not wanted.currency or total.currency == wanted.currency.upper()]
    page = asked.page(sum(total.count for total in totals))
    rows = columns(db, _rows(tenant_id, wanted, as_of, known_at, page.offset, asked.limit))
    return ReceivablesPage(as_of, views(ReceivableRow, rows), totals, [total.currency for total in all_totals])


# The same list is asked for again and again, and its statements cost more to build than to run.
@lru_cache(maxsize=KEPT)
def _totals(
    tenant_id: UUID, wanted: ReceivablesFilters, as_of: date, known_at: datetime | None, is_kept: bool, netted: bool
) -> sa.Select[*tuple[Any, ...]]:
    found = _Matching(tenant_id, wanted, as_of, known_at)
    return found.kept_totals(netted) if is_kept else found.added_totals(netted)


@lru_cache(maxsize=KEPT)
def _rows(
    tenant_id: UUID, wanted: ReceivablesFilters, as_of: date, known_at: datetime | None, offset: int, limit: int
) -> sa.Select[Any]:
    return _Matching(tenant_id, wanted, as_of, known_at).rows(offset, limit)


class _Matching:
    """The statements over the items that match the filters, as of a day."""

    def __init__(self, tenant_id: UUID, wanted: ReceivablesFilters, as_of: date, known_at: datetime | None) -> None:
        self.tenant_id, self.wanted, self.as_of, self.known_at = tenant_id, wanted, as_of, known_at
        self._later = later_allocations_cte(tenant_id, as_of, known_at)
        self._minor = open_minor_at(self._later)

    @property
    def is_plain(self) -> bool:
        """Whether what is open now and what was cleared since, by date and side, say all that is asked."""
        wanted = self.wanted
        return not (self.known_at or wanted.q or wanted.customer or wanted.state in ("all", "cleared"))

    @property
    def by_due(self) -> bool:
        """Whether a range of due dates is asked for."""
        return bool(self.wanted.stage or self.wanted.due_from or self.wanted.due_to)

    def kept_totals(self, netted: bool) -> sa.Select[*tuple[Any, ...]]:
        """Selects the ReceivablesTotals from the kept sums."""
        wanted, sums = self.wanted, open_sums_at(self.tenant_id, self.as_of).c
        measures = {"open": (OWED, CREDIT), "credits": (CREDIT,), "doubtful": (DOUBTFUL,)}.get(wanted.state, (OWED,))
        limits: list[sa.ColumnElement[bool]] = [sums.measure.in_(measures)]
        if wanted.stage:
            stage = stage_due_range(Stage(wanted.stage), self.as_of)
            limits += [sums.measure == OWED, *_between(sums.day, stage)]
        if wanted.state in ("overdue", "doubtful"):
            limits.append(sums.day < self.as_of)
        limits += _between(sums.day, (wanted.due_from, wanted.due_to))
        count = sum_where(sums["items"])
        return (
            select_view(
                ReceivablesTotal,
                currency=value(sums.currency),
                count=value(count),
                owed_minor=value(sum_where(sums.minor, sums.measure != CREDIT)),
                credits_minor=value(sum_where(sums.minor, sums.measure == CREDIT)),
                netted=value(sa.literal(netted)),
            )
            .where(*limits)
            .group_by(sums.currency)
            .having(count > 0)
            .order_by(sums.currency)
        )

    def added_totals(self, netted: bool) -> sa.Select[*tuple[Any, ...]]:
        """Selects the ReceivablesTotals by adding up every item that matches."""
        item, minor = OpenItem, self._minor
        return (
            select_view(
                ReceivablesTotal,
                currency=value(item.currency),
                count=value(sa.func.count()),
                owed_minor=value(sum_where(minor, item.side > 0)),
                credits_minor=value(sum_where(minor, item.side < 0)),
                netted=value(sa.literal(netted)),
            )
            .select_from(self._source())
            .where(*self._limits(), *self._as_of())
            .group_by(item.currency)
            .order_by(item.currency)
        )

    def rows(self, offset: int, limit: int) -> sa.Select[Any]:
        """Selects the columns of ReceivableRow of one page."""
        item, minor = OpenItem, self._minor
        matching = sa.select(item.id, minor.label("minor")).select_from(self._source()).where(*self._limits())
        if self.wanted.currency:
            matching = matching.where(item.currency == self.wanted.currency.upper())
        order = _order(self.wanted.sort, minor)
        if self.wanted.state in ("all", "cleared") or self.known_at:
            found = matching.where(*self._as_of()).order_by(*order).limit(offset + limit).subquery("found")
        else:
            was_open = (item.document_on <= self.as_of, minor > 0)
            first = (
                matching.where(of_time, *was_open).order_by(*order).limit(offset + limit).subquery()
                for of_time in (item.open_minor > 0, item.cleared_on > self.as_of)
            )
            found = sa.union_all(*(sa.select(each.c.id, each.c.minor) for each in first)).subquery("found")
        return (
            sa.select(*item_columns(self.tenant_id, found.c.minor, self.as_of))
            .select_from(
                sa.join(found, item, sa.and_(item.tenant_id == self.tenant_id, item.id == found.c.id)).join(
                    Customer, with_customer(self.tenant_id)
                )
            )
            .order_by(*_order(self.wanted.sort, found.c.minor))
            .offset(offset)
            .limit(limit)
        )

    def _source(self) -> Any:
        source = items_with_later_allocations(self._later)
        by_customer = self.wanted.q or self.wanted.customer or self.wanted.sort.endswith("customer")
        return source.join(Customer, with_customer(self.tenant_id)) if by_customer else source

    def _as_of(self) -> list[sa.ColumnElement[bool]]:
        state, minor = self.wanted.state, self._minor
        if state == "all":
            return [*existed_at(self.tenant_id, self.as_of, self.known_at)]
        if state == "cleared":
            return [*existed_at(self.tenant_id, self.as_of, self.known_at), minor == 0]
        return [*possibly_open_at(self.tenant_id, self.as_of, self.known_at), minor > 0]

    def _limits(self) -> list[sa.ColumnElement[bool]]:
        item, customer, wanted, as_of = OpenItem, Customer, self.wanted, self.as_of
        limits: list[sa.ColumnElement[bool]] = [item.tenant_id == self.tenant_id]
        if wanted.state in ("owed", "overdue", "doubtful"):
            limits.append(item.side > 0)
        if wanted.state == "doubtful":
            limits += is_doubtful(as_of)
        if wanted.state == "overdue":
            limits.append(item.due_on < as_of)
        if wanted.state == "credits":
            limits.append(item.side < 0)
        if wanted.stage:
            stage = stage_due_range(Stage(wanted.stage), as_of)
            limits += [item.side > 0, self._minor > 0, *_between(item.due_on, stage)]
        limits += _between(item.due_on, (wanted.due_from, wanted.due_to))
        if wanted.customer:
            limits.append(customer.number == wanted.customer)
        if wanted.q:
            searched = (item.document_no, customer.name, customer.number)
            limits.append(sa.or_(*(column.icontains(wanted.q, autoescape=True) for column in searched)))
        return limits


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


def _between(column: Any, ends: tuple[date | None, date | None] | None) -> list[sa.ColumnElement[bool]]:
    if ends is None:
        return [sa.false()]
    first, last = ends
    limits: list[sa.ColumnElement[bool]] = []
    if first is not None:
        limits.append(column >= first)
    if last is not None:
        limits.append(column <= last)
    return limits


def _order(sort: str, minor: sa.ColumnElement[int]) -> list[sa.ColumnElement[Any]]:
    """Returns the order; of a list by due date or date, the first first, it is that of an index."""
    item = OpenItem
    column: Any = {
        "due": item.due_on,
        "document": item.document_on,
        "number": item.document_no,
        "customer": Customer.sort_key,
        "open": item.side * minor,
    }[sort.removeprefix("-")]
    return [column.desc() if sort.startswith("-") else column.asc(), item.document_no.asc(), item.id.asc()]
