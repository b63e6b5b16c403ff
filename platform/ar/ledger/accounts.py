"""The books by account: the trial balance, the entries of one account, and one entry with all that hangs on it.

May import the tables of customers and ledger, its pure rules and web.filters. Invariants: debits are positive and
credits negative in every signed figure; a page costs the same number of statements whatever its size, and begins at
the last lock that holds; running balances are of the filter shown, counted on from its own opening.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.balances import KeptBalances, valid_balances
from ar.ledger.models import Entry, OpenItem, Posting
from ar.ledger.recipes import ACCOUNTS, RECEIVABLES
from kernel.db import columns
from kernel.errors import NotFound
from web import filters
from web.paging import PageAsked

MEMO: Final = "memo"
_ORDER: Final = {code: (number, kind) for code, kind, number in ACCOUNTS}
_UNKNOWN: Final = ("", "asset")


@dataclass(frozen=True)
class TrialFilters:
    """What the trial balance's address asks for. `as_of` None: today; `known`: see `ar.ledger.travel`."""

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


@dataclass(frozen=True, slots=True)
class Figures:
    """Opening (signed, debit +), debits and credits of a period, in minor units of one currency."""

    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        """Signed, debit +."""
        return self.opening_minor + self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account in one currency."""

    code: str
    number: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class TrialSum:
    """Column sums of rows, balances split by side; a trial balance has each pair equal."""

    opening_debit_minor: int
    opening_credit_minor: int
    debit_minor: int
    credit_minor: int
    closing_debit_minor: int
    closing_credit_minor: int

    @property
    def ok(self) -> bool:
        """Whether each pair is equal, to the cent."""
        return (
            self.opening_debit_minor == self.opening_credit_minor
            and self.debit_minor == self.credit_minor
            and self.closing_debit_minor == self.closing_credit_minor
        )


@dataclass(frozen=True, slots=True)
class CurrencyTrial:
    """The accounts of one currency by number; the memorandum accounts stand apart and are in no sum."""

    currency: str
    rows: tuple[TrialRow, ...]
    memo: tuple[TrialRow, ...]
    total: TrialSum


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts at the end of `as_of`; the movements are of `from_on` to `as_of`."""

    from_on: date
    as_of: date
    currencies: tuple[CurrencyTrial, ...]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One leg of an entry on the account; `balance_minor` is signed and counts on from the opening."""

    entry_id: UUID
    effective_on: date
    kind: str
    document_no: str | None
    customer_no: str | None
    customer_name: str | None
    memo: str
    reverses: bool
    currency: str
    debit_minor: int
    credit_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of the entries of an account, with the figures of all that match per currency.

    `currencies`: those of all that match the other filters.
    """

    code: str
    number: str
    from_on: date
    to_on: date
    sums: tuple[Figures, ...]
    currencies: tuple[str, ...]
    total: int
    lines: tuple[EntryLine, ...]


@dataclass(frozen=True, slots=True)
class EntryLeg:
    """One posting; exactly one of debit and credit is above 0."""

    account_code: str
    account_no: str
    customer_id: UUID | None
    customer_no: str | None
    customer_name: str | None
    currency: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class EntryItem:
    """A document, or an instalment of one, that the entry opened; `open_minor` is what is open now."""

    id: UUID
    kind: str
    document_no: str
    instalment_no: int
    due_on: date
    side: int
    currency: str
    amount_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One entry with everything that hangs on it."""

    id: UUID
    kind: str
    effective_on: date
    recorded_at: datetime
    recorded_by: str
    memo: str
    reverses_id: UUID | None
    reversed_by: UUID | None
    legs: tuple[EntryLeg, ...]
    items: tuple[EntryItem, ...]

    @property
    def title(self) -> str:
        """The number of its document, or nothing."""
        return self.items[0].document_no if self.items else ""


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
    moved = {(row[0], row[1]): row[2:] for row in columns(db, statement)}
    before = {key: debit - credit for key, (debit, credit) in kept.sums.items()} if kept else {}
    rows = []
    for code, currency in {*moved, *before}:
        opening, debit, credit = moved.get((code, currency), (0, 0, 0))
        figures = Figures(currency, opening + before.get((code, currency), 0), debit, credit)
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
        EntryLine(*(*row[:11], chosen[row[8]][0].opening_minor + row[11]))
        for row in columns(db, rows.offset(page.offset).limit(page.size))
    )
    figures = tuple(each for each, _count in chosen.values())
    number, _kind = _ORDER.get(wanted.account, _UNKNOWN)
    return AccountPage(wanted.account, number, from_on, to_on, figures, tuple(found), page.total, lines)


def entry_page(db: Session, tenant_id: UUID, entry_id: UUID) -> EntryPage:
    """One entry: legs, who and when, what it takes back or what took it back, its documents. Raises NotFound."""
    e, mirror = Entry, aliased(Entry)
    back = sa.select(mirror.id).where(mirror.tenant_id == tenant_id, mirror.reverses_id == e.id).scalar_subquery()
    facts = columns(
        db,
        sa.select(e.id, e.kind, e.effective_on, e.recorded_at, e.recorded_by, e.memo, e.reverses_id, back).where(
            e.tenant_id == tenant_id, e.id == entry_id
        ),
    ).first()
    if facts is None:
        raise NotFound("entry_not_found")
    p, c, i = Posting, Customer, OpenItem
    legs = columns(
        db,
        sa.select(p.account_code, p.customer_id, c.number, c.name, p.currency, p.debit_minor, p.credit_minor)
        .outerjoin(c, sa.and_(c.tenant_id == tenant_id, c.id == p.customer_id))
        .where(p.tenant_id == tenant_id, p.entry_id == entry_id)
        .order_by(p.currency, p.debit_minor == 0, p.id),
    )
    items = columns(
        db,
        sa.select(
            *(i.id, i.kind, i.document_no, i.instalment_no, i.due_on, i.side, i.currency, i.amount_minor, i.open_minor)
        )
        .where(i.tenant_id == tenant_id, i.entry_id == entry_id)
        .order_by(i.document_no, i.instalment_no),
    )
    found = tuple(EntryLeg(code, _ORDER.get(code, _UNKNOWN)[0], *rest) for code, *rest in legs)
    return EntryPage(*(*facts, found, tuple(EntryItem(*row) for row in items)))


def _of_entry(tenant_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(Entry.tenant_id == tenant_id, Entry.id == Posting.entry_id)


def _by_then(to_on: date, known_at: datetime | None, kept: KeptBalances | None) -> list[sa.ColumnElement[bool]]:
    limits = [Entry.effective_on <= to_on]
    if known_at is not None:
        limits.append(Entry.recorded_at <= known_at)
    if kept is not None:
        limits.append(Entry.effective_on > kept.through_on)
    return limits


def _kept_before(db: Session, tenant_id: UUID, from_on: date, known_at: datetime | None) -> KeptBalances | None:
    """The balances of the last lock before the period, unless a moment is asked for: a lock may have come later."""
    return None if known_at else valid_balances(db, tenant_id, from_on - timedelta(days=1))


def _account_sums(
    db: Session, tenant_id: UUID, limits: list[sa.ColumnElement[bool]], from_on: date, before: dict[str, int]
) -> dict[str, tuple[Figures, int]]:
    """Per currency the figures and the number of legs in the period; `before` is what was kept with a lock."""
    p, e = Posting, Entry
    rows = columns(
        db,
        sa.select(p.currency, *_figures(from_on), sa.func.count().filter(e.effective_on >= from_on))
        .join(e, _of_entry(tenant_id))
        .where(*limits)
        .group_by(p.currency),
    )
    moved = {row[0]: row[1:] for row in rows}
    found = {}
    for currency in sorted({*moved, *before}):
        opening, debit, credit, count = moved.get(currency, (0, 0, 0, 0))
        found[currency] = (Figures(currency, opening + before.get(currency, 0), debit, credit), count)
    return found


def _figures(from_on: date) -> list[sa.ColumnElement[int]]:
    """Opening, debits and credits of the postings joined to their entries."""
    p, e = Posting, Entry

    def total(minor: Any, when: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.cast(sa.func.coalesce(sa.func.sum(minor).filter(when), 0), sa.BigInteger)

    return [
        total(p.debit_minor - p.credit_minor, e.effective_on < from_on),
        total(p.debit_minor, e.effective_on >= from_on),
        total(p.credit_minor, e.effective_on >= from_on),
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


def _lines(tenant_id: UUID, limits: Iterable[sa.ColumnElement[bool]], from_on: date) -> Any:
    """The columns of EntryLine in order; the last is the running sum since the opening. To be paged."""
    p, e, i, c = Posting, Entry, OpenItem, Customer
    order: Any = (e.effective_on, e.recorded_at, e.id, p.id)
    running = sa.func.sum(p.debit_minor - p.credit_minor).over(partition_by=p.currency, order_by=order, rows=(None, 0))
    number = sa.select(sa.func.min(i.document_no)).where(i.tenant_id == tenant_id, i.entry_id == e.id).scalar_subquery()
    return (
        sa.select(
            *(e.id, e.effective_on, e.kind, number, c.number, c.name, e.memo, e.reverses_id.is_not(None)),
            *(p.currency, p.debit_minor, p.credit_minor, sa.cast(running, sa.BigInteger)),
        )
        .select_from(p)
        .join(e, _of_entry(tenant_id))
        .outerjoin(c, sa.and_(c.tenant_id == tenant_id, c.id == p.customer_id))
        .where(*limits, e.effective_on >= from_on)
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
