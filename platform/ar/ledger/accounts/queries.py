"""Queries of the account pages: trial balance, entries of one account, one entry with postings and documents.

Invariants: debits are positive and credits negative in every signed figure; a page costs a constant number of
statements and sums only from the last period lock in force; running balances are of the filtered entries, from their
own opening.
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
    PeriodFigures,
    TrialBalance,
    TrialRow,
    TrialTotals,
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
_CHART: Final = {code: (number, kind) for code, kind, number in ACCOUNTS}
_UNKNOWN_ACCOUNT: Final = ("", "asset")


@dataclass(frozen=True)
class TrialFilters:
    """Filters of the trial balance in the URL. `as_of` None: today; `known`: see `ar.ledger.books.as_of_request`."""

    as_of: date | None = filters.day()
    known: str = filters.text(max_length=40)


@dataclass(frozen=True)
class EntriesFilters:
    """Filters of an account's entries in the URL. `from_on` None: the month's first day; `to_on` None: today."""

    account: str = filters.choice(RECEIVABLES, *(code for code, _kind, _number in ACCOUNTS if code != RECEIVABLES))
    from_on: date | None = filters.day()
    to_on: date | None = filters.day()
    customer: str = filters.text()
    currency: str = filters.text(max_length=3)
    kind: str = filters.text(max_length=40)
    known: str = filters.text(max_length=40)


def trial_balance(db: Session, tenant_id: UUID, as_of: date, known_at: datetime | None = None) -> TrialBalance:
    """Returns per currency and account: opening of the month of `as_of`, debits and credits to that day, closing."""
    from_on = as_of.replace(day=1)
    kept = _balances_before(db, tenant_id, from_on, known_at)
    posting = Posting
    statement = (
        sa.select(posting.account_code, posting.currency, *_period_sums(from_on))
        .join(Entry, _entry_join(tenant_id))
        .where(posting.tenant_id == tenant_id, *_entry_conditions(as_of, known_at, kept))
        .group_by(posting.account_code, posting.currency)
    )
    moved = {(row.account_code, row.currency): view(PeriodFigures, row) for row in columns(db, statement)}
    before = {key: debit - credit for key, (debit, credit) in kept.sums.items()} if kept else {}
    rows = []
    for code, currency in {*moved, *before}:
        figures = _with_opening(moved.get((code, currency)), currency, before.get((code, currency), 0))
        rows.append(TrialRow(code, _CHART.get(code, _UNKNOWN_ACCOUNT)[0], figures))
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
    """Returns the entries of one account in a period, by effective date and recording time."""
    to_on = wanted.to_on or today
    from_on = wanted.from_on or to_on.replace(day=1)
    posting = Posting
    narrowed = bool(wanted.customer or wanted.kind)
    kept = None if narrowed else _balances_before(db, tenant_id, from_on, known_at)
    of_entries = _entry_conditions(to_on, known_at, kept)
    of_legs = [posting.tenant_id == tenant_id, *_filter_conditions(tenant_id, wanted)]
    before = kept.of_account(wanted.account) if kept else {}
    found = _account_sums(db, tenant_id, [*of_entries, *of_legs], from_on, before)
    currency = wanted.currency.upper()
    chosen = {code: sums for code, sums in found.items() if currency in ("", code)}
    page = asked.page(sum(count for _figures, count in chosen.values()))
    of_legs += [posting.currency == currency] if currency else []
    rows = _select_lines(tenant_id, of_entries, of_legs, from_on)
    lines = tuple(
        view(EntryLine, row, balance_minor=chosen[row.currency][0].opening_minor + row.moved_minor)
        for row in columns(db, rows.offset(page.offset).limit(page.size)).all()
    )
    figures = tuple(sums for sums, _count in chosen.values())
    number, _kind = _CHART.get(wanted.account, _UNKNOWN_ACCOUNT)
    return AccountPage(wanted.account, number, from_on, to_on, figures, tuple(found), page.total, lines)


def entry_page(db: Session, tenant_id: UUID, entry_id: UUID) -> EntryPage:
    """Returns one entry with its postings, documents and reversal. Raises NotFound(`entry_not_found`)."""
    entry, reversal = Entry, aliased(Entry)
    reversed_by = (
        sa.select(reversal.id)
        .where(reversal.tenant_id == tenant_id, reversal.reverses_id == entry.id)
        .scalar_subquery()
    )
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
            reversed_by=value(reversed_by),
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
    numbered = tuple(view(EntryLeg, leg, account_no=_CHART.get(leg.account_code, _UNKNOWN_ACCOUNT)[0]) for leg in legs)
    return view(EntryPage, facts, legs=numbered, items=tuple(views(EntryItem, items)))


def _entry_join(tenant_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(Entry.tenant_id == tenant_id, Entry.id == Posting.entry_id)


def _entry_conditions(
    to_on: date, known_at: datetime | None, kept: PeriodBalances | None
) -> list[sa.ColumnElement[bool]]:
    """Returns the conditions on entries effective by `to_on`, recorded by `known_at`, after the kept balances."""
    conditions = [Entry.effective_on <= to_on]
    if known_at is not None:
        conditions.append(Entry.recorded_at <= known_at)
    if kept is not None:
        conditions.append(Entry.effective_on > kept.through_on)
    return conditions


def _balances_before(db: Session, tenant_id: UUID, from_on: date, known_at: datetime | None) -> PeriodBalances | None:
    """Returns the balances kept by the last lock before the period; None with `known_at`: the lock may be later."""
    return None if known_at else balances_in_force(db, tenant_id, from_on - timedelta(days=1))


def _account_sums(
    db: Session, tenant_id: UUID, conditions: list[sa.ColumnElement[bool]], from_on: date, before: dict[str, int]
) -> dict[str, tuple[PeriodFigures, int]]:
    """Returns currency → (figures, number of postings) of the period; `before`: signed balances kept by a lock."""
    legs_in_period = sa.func.count().filter(Entry.effective_on >= from_on).label("legs")
    rows = columns(
        db,
        sa.select(Posting.currency, *_period_sums(from_on), legs_in_period)
        .join(Entry, _entry_join(tenant_id))
        .where(*conditions)
        .group_by(Posting.currency),
    )
    moved = {row.currency: (view(PeriodFigures, row), row.legs) for row in rows}
    found = {}
    for currency in sorted({*moved, *before}):
        figures, legs = moved.get(currency, (None, 0))
        found[currency] = (_with_opening(figures, currency, before.get(currency, 0)), legs)
    return found


def _with_opening(moved: PeriodFigures | None, currency: str, before_minor: int) -> PeriodFigures:
    """Returns the figures with the kept balance (signed) added to their opening."""
    figures = moved or PeriodFigures(currency, opening_minor=0, debit_minor=0, credit_minor=0)
    return replace(figures, opening_minor=figures.opening_minor + before_minor)


def _period_sums(from_on: date) -> list[sa.ColumnElement[int]]:
    """Returns the columns of opening (signed), debits and credits, for postings joined to their entries."""
    posting, effective_on = Posting, Entry.effective_on

    def total(minor: Any, when: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(when), 0), sa.BigInteger)

    return [
        total(posting.debit_minor - posting.credit_minor, effective_on < from_on).label("opening_minor"),
        total(posting.debit_minor, effective_on >= from_on).label("debit_minor"),
        total(posting.credit_minor, effective_on >= from_on).label("credit_minor"),
    ]


def _filter_conditions(tenant_id: UUID, wanted: EntriesFilters) -> list[sa.ColumnElement[bool]]:
    """Returns the conditions on account, kind and customer.

    A customer's postings include those without a customer (bank, tax) in entries of the customer's documents.
    """
    posting, item, customer = Posting, OpenItem, Customer
    conditions = [posting.account_code == wanted.account]
    if wanted.kind:
        conditions.append(Entry.kind == wanted.kind)
    if wanted.customer:
        customer_id = (
            sa.select(customer.id)
            .where(customer.tenant_id == tenant_id, customer.number == wanted.customer)
            .scalar_subquery()
        )
        of_customer = sa.exists().where(
            item.tenant_id == tenant_id, item.entry_id == posting.entry_id, item.customer_id == customer_id
        )
        conditions.append(sa.or_(posting.customer_id == customer_id, of_customer))
    return conditions


def _select_lines(
    tenant_id: UUID,
    of_entries: Iterable[sa.ColumnElement[bool]],
    of_legs: Iterable[sa.ColumnElement[bool]],
    from_on: date,
) -> sa.Select[*tuple[Any, ...]]:
    """Selects EntryLine without its balance; `moved_minor` is the running sum since the opening.

    The legs are looked up entry by entry: of a day's thousands of new entries the planner believes that they are none,
    and would compare each with every leg of the account.
    """
    entry, item, customer = Entry, OpenItem, Customer
    posting = (
        sa.select(Posting.id, Posting.customer_id, Posting.currency, Posting.debit_minor, Posting.credit_minor)
        .where(*of_legs, Posting.entry_id == entry.id)
        .offset(0)
        .lateral("leg")
        .c
    )
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
        .select_from(entry)
        .join(posting.id.table, sa.true())
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == posting.customer_id))
        .where(entry.tenant_id == tenant_id, *of_entries, entry.effective_on >= from_on)
        .order_by(*order)
    )


def _by_currency(rows: list[TrialRow]) -> Iterable[CurrencyTrial]:
    for currency in sorted({row.figures.currency for row in rows}):
        in_currency = [row for row in rows if row.figures.currency == currency]
        balance_sheet = tuple(row for row in in_currency if _CHART.get(row.code, _UNKNOWN_ACCOUNT)[1] != MEMO)
        memo = tuple(row for row in in_currency if _CHART.get(row.code, _UNKNOWN_ACCOUNT)[1] == MEMO)
        yield CurrencyTrial(currency, balance_sheet, memo, _totals(balance_sheet))


def _totals(rows: Iterable[TrialRow]) -> TrialTotals:
    figures = [row.figures for row in rows]
    opening = [period.opening_minor for period in figures]
    closing = [period.closing_minor for period in figures]
    return TrialTotals(
        sum(minor for minor in opening if minor > 0),
        -sum(minor for minor in opening if minor < 0),
        sum(period.debit_minor for period in figures),
        sum(period.credit_minor for period in figures),
        sum(minor for minor in closing if minor > 0),
        -sum(minor for minor in closing if minor < 0),
    )
