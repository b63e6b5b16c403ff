"""The books by account: the trial balance, the entries of one account, and one entry with all that hangs on it.

May import the tables of customers and ledger, its pure rules and web.filters. Invariants: debits are positive and
credits negative in every signed figure; a page costs the same number of statements whatever its size, and begins at
the last lock that holds; running balances are of the filter shown, counted on from its own opening.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.accounts.views import (
    AccountPage,
    CurrencyTrial,
    EntryItem,
    EntryLeg,
    EntryLine,
    EntryPage,
    Figures,
    TrialBalance,
    TrialRow,
    TrialSum,
)
from ar.ledger.books.period_balances import PeriodBalances, balances_in_force
from ar.ledger.books.posting_rules import ACCOUNTS, RECEIVABLES
from ar.ledger.models import Entry, OpenItem, Posting
from kernel.db import columns
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, views
from web import filters
from web.paging import PageAsked

MEMO: Final = "memo"
_ORDER: Final = {code: (number, kind) for code, kind, number in ACCOUNTS}
_UNKNOWN: Final = ("", "asset")


@dataclass(frozen=True)
class TrialFilters:
    """What the trial balance's address asks for. `as_of` None: today; `known`: see `ar.ledger.books.as_of_request`."""

    as_of: date | None = filters.day()
    known: str = filters.text(max_length=40)


@dataclass(frozen=True)
class EntriesFilters:
    """What the address of an account's entries asks for. `from_on` None: the month's first; `to_on` None: today."""

    account: str = filters.choice(RECEIVABLES, *(code for code, _kind, _number in ACCOUNTS if code != RECEIVABLES))
    from_on: date | None = filters.day()
    to_on: date | None = filters.day()
    customer: str = filters.text()
    currency: str = filters.text(max_length=3)
    kind: str = filters.text(max_length=40)
    known: str = filters.text(max_length=40)


def trial_balance(db: Session, tenant_id: UUID, as_of: date, known_at: datetime | None = None) -> TrialBalance:
    """Per currency and account: opening of the month of `as_of`, its debits and credits until that day, closing."""
    from_on = as_of.replace(day=1)
    kept = _kept_before(db, tenant_id, from_on, known_at)
    p, e = Posting, Entry
    statement = (
        sa.select(p.account_code, p.currency, *_figures(from_on))
        .join(e, _of_entry(tenant_id))
        .where(p.tenant_id == tenant_id, *_by_then(as_of, known_at, kept))
        .group_by(p.account_code, p.currency)
    )
    moved = {(row.account_code, row.currency): view(Figures, row) for row in columns(db, statement)}
    before = {key: debit - credit for key, (debit, credit) in kept.sums.items()} if kept else {}
    rows = []
    for code, currency in {*moved, *before}:
        figures = _with_opening(moved.get((code, currency)), currency, before.get((code, currency), 0))
        rows.append(TrialRow(code, _ORDER.get(code, _UNKNOWN)[0], figures))
    rows.sort(key=lambda row: (row.number, row.code))
    shown = [row for row in rows if row.figures.opening_minor or row.figures.debit_minor or row.figures.credit_minor]
    return TrialBalance(from_on, as_of, tuple(_by_currency(shown)))


def account_entries(
    db: Session,
    tenant_id: UUID,
    wanted: EntriesFilters,
    asked: PageAsked,
    today: date,
    known_at: datetime | None = None,
) -> AccountPage:
    """The entries of one account in a period, oldest first, in the order of the books."""
    to_on = wanted.to_on or today
    from_on = wanted.from_on or to_on.replace(day=1)
    p = Posting
    narrowed = bool(wanted.customer or wanted.kind)
    kept = None if narrowed else _kept_before(db, tenant_id, from_on, known_at)
    limits = [p.tenant_id == tenant_id, *_by_then(to_on, known_at, kept), *_asked_for(tenant_id, wanted)]
    found = _account_sums(db, tenant_id, limits, from_on, kept.of_account(wanted.account) if kept else {})
    currency = wanted.currency.upper()
    chosen = {code: each for code, each in found.items() if currency in ("", code)}
    page = asked.page(sum(count for _figures_of, count in chosen.values()))
    rows = _lines(tenant_id, [*limits, *([p.currency == currency] if currency else [])], from_on)
    lines = tuple(
        view(EntryLine, row, balance_minor=chosen[row.currency][0].opening_minor + row.moved_minor)
        for row in columns(db, rows.offset(page.offset).limit(page.size))
    )
    figures = tuple(each for each, _count in chosen.values())
    number, _kind = _ORDER.get(wanted.account, _UNKNOWN)
    return AccountPage(wanted.account, number, from_on, to_on, figures, tuple(found), page.total, lines)


def entry_page(db: Session, tenant_id: UUID, entry_id: UUID) -> EntryPage:
    """One entry: legs, who and when, what it takes back or what took it back, its documents. Raises NotFound."""
    entry, mirror = Entry, aliased(Entry)
    back = sa.select(mirror.id).where(mirror.tenant_id == tenant_id, mirror.reverses_id == entry.id).scalar_subquery()
    facts = columns(
        db,
        select_view(
            EntryPage,
            id=value(entry.id),
            kind=value(entry.kind),
            effective_on=value(entry.effective_on),
            recorded_at=value(entry.recorded_at),
            recorded_by=value(entry.recorded_by),
            memo=value(entry.memo),
            reverses_id=value(entry.reverses_id),
            reversed_by=value(back),
            legs=LATER,
            items=LATER,
        ).where(entry.tenant_id == tenant_id, entry.id == entry_id),
    ).first()
    if facts is None:
        raise NotFound("entry_not_found")
    posting, customer, item = Posting, Customer, OpenItem
    legs = columns(
        db,
        select_view(
            EntryLeg,
            account_code=value(posting.account_code),
            account_no=LATER,
            customer_id=value(posting.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            currency=value(posting.currency),
            debit_minor=value(posting.debit_minor),
            credit_minor=value(posting.credit_minor),
        )
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == posting.customer_id))
        .where(posting.tenant_id == tenant_id, posting.entry_id == entry_id)
        .order_by(posting.currency, posting.debit_minor == 0, posting.id),
    )
    items = columns(
        db,
        select_view(
            EntryItem,
            id=value(item.id),
            kind=value(item.kind),
            document_no=value(item.document_no),
            instalment_no=value(item.instalment_no),
            due_on=value(item.due_on),
            side=value(item.side),
            currency=value(item.currency),
            amount_minor=value(item.amount_minor),
            open_minor=value(item.open_minor),
        )
        .where(item.tenant_id == tenant_id, item.entry_id == entry_id)
        .order_by(item.document_no, item.instalment_no),
    )
    found = tuple(view(EntryLeg, leg, account_no=_ORDER.get(leg.account_code, _UNKNOWN)[0]) for leg in legs)
    return view(EntryPage, facts, legs=found, items=tuple(views(EntryItem, items)))


def _of_entry(tenant_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(Entry.tenant_id == tenant_id, Entry.id == Posting.entry_id)


def _by_then(to_on: date, known_at: datetime | None, kept: PeriodBalances | None) -> list[sa.ColumnElement[bool]]:
    limits = [Entry.effective_on <= to_on]
    if known_at is not None:
        limits.append(Entry.recorded_at <= known_at)
    if kept is not None:
        limits.append(Entry.effective_on > kept.through_on)
    return limits


def _kept_before(db: Session, tenant_id: UUID, from_on: date, known_at: datetime | None) -> PeriodBalances | None:
    """The balances of the last lock before the period, unless a moment is asked for: a lock may have come later."""
    return None if known_at else balances_in_force(db, tenant_id, from_on - timedelta(days=1))


def _account_sums(
    db: Session, tenant_id: UUID, limits: list[sa.ColumnElement[bool]], from_on: date, before: dict[str, int]
) -> dict[str, tuple[Figures, int]]:
    """Per currency the figures and the number of legs in the period; `before` is what was kept with a lock."""
    p, e = Posting, Entry
    rows = columns(
        db,
        sa.select(p.currency, *_figures(from_on), sa.func.count().filter(e.effective_on >= from_on).label("legs"))
        .join(e, _of_entry(tenant_id))
        .where(*limits)
        .group_by(p.currency),
    )
    moved = {row.currency: (view(Figures, row), row.legs) for row in rows}
    found = {}
    for currency in sorted({*moved, *before}):
        figures, legs = moved.get(currency, (None, 0))
        found[currency] = (_with_opening(figures, currency, before.get(currency, 0)), legs)
    return found


def _with_opening(moved: Figures | None, currency: str, before_minor: int) -> Figures:
    """Returns the figures with what was kept before them (signed) added to their opening."""
    figures = moved or Figures(currency, opening_minor=0, debit_minor=0, credit_minor=0)
    return replace(figures, opening_minor=figures.opening_minor + before_minor)


def _figures(from_on: date) -> list[sa.ColumnElement[int]]:
    """Opening, debits and credits of the postings joined to their entries."""
    p, e = Posting, Entry

    def total(minor: Any, when: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(when), 0), sa.BigInteger)

    return [
        total(p.debit_minor - p.credit_minor, e.effective_on < from_on).label("opening_minor"),
        total(p.debit_minor, e.effective_on >= from_on).label("debit_minor"),
        total(p.credit_minor, e.effective_on >= from_on).label("credit_minor"),
    ]


def _asked_for(tenant_id: UUID, wanted: EntriesFilters) -> list[sa.ColumnElement[bool]]:
    """The account, kind and customer. A customer's entries are also those legs that name no customer (bank, tax)."""
    p, e, i, c = Posting, Entry, OpenItem, Customer
    limits = [p.account_code == wanted.account]
    if wanted.kind:
        limits.append(e.kind == wanted.kind)
    if wanted.customer:
        number = sa.select(c.id).where(c.tenant_id == tenant_id, c.number == wanted.customer).scalar_subquery()
        documents = sa.exists().where(i.tenant_id == tenant_id, i.entry_id == p.entry_id, i.customer_id == number)
        limits.append(sa.or_(p.customer_id == number, documents))
    return limits


def _lines(tenant_id: UUID, limits: Iterable[sa.ColumnElement[bool]], from_on: date) -> sa.Select[*tuple[Any, ...]]:
    """Selects EntryLine but for its balance; `moved_minor` is the running sum since the opening. To be paged."""
    posting, entry, item, customer = Posting, Entry, OpenItem, Customer
    order: Any = (entry.effective_on, entry.recorded_at, entry.id, posting.id)
    running = sa.func.sum(posting.debit_minor - posting.credit_minor).over(
        partition_by=posting.currency, order_by=order, rows=(None, 0)
    )
    number = (
        sa.select(sa.func.min(item.document_no))
        .where(item.tenant_id == tenant_id, item.entry_id == entry.id)
        .scalar_subquery()
    )
    return (
        select_view(
            EntryLine,
            entry_id=value(entry.id),
            effective_on=value(entry.effective_on),
            kind=value(entry.kind),
            document_no=value(number),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            memo=value(entry.memo),
            reverses=value(entry.reverses_id.is_not(None)),
            currency=value(posting.currency),
            debit_minor=value(posting.debit_minor),
            credit_minor=value(posting.credit_minor),
            balance_minor=LATER,
        )
        .add_columns(sa.cast(running, sa.BigInteger).label("moved_minor"))
        .select_from(posting)
        .join(entry, _of_entry(tenant_id))
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == posting.customer_id))
        .where(*limits, entry.effective_on >= from_on)
        .order_by(*order)
    )


def _by_currency(rows: list[TrialRow]) -> Iterable[CurrencyTrial]:
    for currency in sorted({row.figures.currency for row in rows}):
        mine = [row for row in rows if row.figures.currency == currency]
        plain = tuple(row for row in mine if _ORDER.get(row.code, _UNKNOWN)[1] != MEMO)
        memo = tuple(row for row in mine if _ORDER.get(row.code, _UNKNOWN)[1] == MEMO)
        yield CurrencyTrial(currency, plain, memo, _sum(plain))


def _sum(rows: Iterable[TrialRow]) -> TrialSum:
    figures = [row.figures for row in rows]
    opening = [each.opening_minor for each in figures]
    closing = [each.closing_minor for each in figures]
    return TrialSum(
        sum(minor for minor in opening if minor > 0),
        -sum(minor for minor in opening if minor < 0),
        sum(each.debit_minor for each in figures),
        sum(each.credit_minor for each in figures),
        sum(minor for minor in closing if minor > 0),
        -sum(minor for minor in closing if minor < 0),
    )
