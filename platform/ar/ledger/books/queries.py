"""What the ledger knows, shaped for other slices: open items, movements, balances, all as of any date.

May import the tables of customers and ledger and the pure rules. Invariants: nothing here writes; an amount open
is positive whatever its side, a balance is signed (owed to us +). The pages' own queries are in `pages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.books.as_of import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.books.period_balances import valid_balances
from ar.ledger.books.posting_rules import RECEIVABLES
from ar.ledger.models import Entry, OpenItem, Posting
from ar.ledger.rules.due_dates import overdue_days
from ar.ledger.rules.stages import TRADE_KINDS, Stage, doubtful_from_on, stage_of
from kernel.views import select_view, value, view_columns, views


@dataclass(frozen=True, slots=True)
class OpenItemView:
    """An item with what of it was open at `as_of`; `open_minor` is positive, `side` says who owes."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    kind: str
    side: int
    document_no: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int
    open_minor: int
    as_of: date

    @property
    def days_overdue(self) -> int:
        """Days past due at `as_of`; 0 on the due date, negative before it, 0 for a credit."""
        return overdue_days(self.due_on, self.as_of) if self.side > 0 else 0

    @property
    def stage(self) -> Stage | None:
        """The stage of R132 at `as_of`; a credit and a cleared item have none."""
        return stage_of(self.due_on, self.as_of) if self.side > 0 and self.open_minor else None

    @property
    def doubtful(self) -> bool:
        """Still open past the day of R138 at `as_of`; a flag, no write-off."""
        if self.kind not in TRADE_KINDS or not self.open_minor:
            return False
        return doubtful_from_on(self.document_on, self.collection_end_on) <= self.as_of

    @property
    def signed_open_minor(self) -> int:
        """What it adds to the balance."""
        return self.side * self.open_minor


@dataclass(frozen=True, slots=True)
class Movement:
    """A document that changed a customer's balance; `amount_minor` is positive, `side` says which way."""

    item_id: UUID
    document_on: date
    document_no: str
    kind: str
    due_on: date
    side: int
    amount_minor: int
    reference: str | None
    reverses_id: UUID | None


def item_columns(open_minor: sa.ColumnElement[int], as_of: date) -> list[sa.ColumnElement[Any]]:
    """Returns the columns of OpenItemView with what was open as of a day; the customer must be joined."""
    item, customer = OpenItem, Customer
    return view_columns(
        OpenItemView,
        id=value(item.id),
        customer_id=value(item.customer_id),
        customer_no=value(customer.number),
        customer_name=value(customer.name),
        kind=value(item.kind),
        side=value(item.side),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        due_on=value(item.due_on),
        collection_end_on=value(item.collection_end_on),
        currency=value(item.currency),
        amount_minor=value(item.amount_minor),
        open_minor=value(open_minor),
        as_of=value(sa.literal(as_of)),
    )


def with_customer(tenant_id: UUID) -> sa.ColumnElement[bool]:
    """The customer of the item, by the tenant's bound id on both."""
    return sa.and_(Customer.tenant_id == tenant_id, Customer.id == OpenItem.customer_id)


def open_items(
    db: Session,
    tenant_id: UUID,
    *,
    as_of: date,
    known_at: datetime | None = None,
    customer_id: UUID | None = None,
    currency: str | None = None,
    item_ids: Sequence[UUID] | None = None,
) -> list[OpenItemView]:
    """Items open at `as_of`, oldest due first: items dated later are out, later allocations count as open.

    `known_at` (aware): as the books stood at that moment, without what was recorded after it.
    """
    i = OpenItem
    later = later_allocations(tenant_id, as_of, known_at)
    statement = (
        sa.select(*item_columns(open_minor_at(later), as_of))
        .select_from(items_with_later_allocations(later).join(Customer, with_customer(tenant_id)))
        .where(*possibly_open_at(tenant_id, as_of, known_at))
        .order_by(i.due_on, i.document_no, i.id)
    )
    if customer_id is not None:
        statement = statement.where(i.customer_id == customer_id)
    if currency is not None:
        statement = statement.where(i.currency == currency)
    if item_ids is not None:
        statement = statement.where(i.id == sa.any_(sa.cast(list(item_ids), sa.ARRAY(sa.Uuid))))
    return [item for item in views(OpenItemView, db.execute(statement)) if item.open_minor]


def movements(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, from_on: date, to_on: date
) -> list[Movement]:
    """Documents of a period, both days included, in the order of the books.

    A document taken back within the period is left out together with its reversal, which changes no sum.
    """
    item, original, mirror = OpenItem, aliased(OpenItem), aliased(OpenItem)
    taken_back = sa.exists().where(
        mirror.tenant_id == tenant_id, mirror.reverses_id == item.id, mirror.document_on <= to_on
    )
    takes_back_here = sa.exists().where(
        original.tenant_id == tenant_id, original.id == item.reverses_id, original.document_on >= from_on
    )
    rows = db.execute(
        select_view(
            Movement,
            item_id=value(item.id),
            document_on=value(item.document_on),
            document_no=value(item.document_no),
            kind=value(item.kind),
            due_on=value(item.due_on),
            side=value(item.side),
            amount_minor=value(item.amount_minor),
            reference=value(item.reference),
            reverses_id=value(item.reverses_id),
        )
        .where(
            item.tenant_id == tenant_id,
            item.customer_id == customer_id,
            item.currency == currency,
            item.document_on.between(from_on, to_on),
            ~taken_back,
            ~takes_back_here,
        )
        .order_by(item.document_on, item.recorded_at, item.document_no)
    )
    return views(Movement, rows)


def balance_at(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, on: date, *, known_at: datetime | None = None
) -> int:
    """The signed balance (minor units) at the end of `on`, from what was open then, as known at `known_at`."""
    i = OpenItem
    later = later_allocations(tenant_id, on, known_at)
    return int(
        db.execute(
            sa.select(sa.func.coalesce(sa.func.sum(i.side * open_minor_at(later)), 0))
            .select_from(items_with_later_allocations(later))
            .where(*possibly_open_at(tenant_id, on, known_at), i.customer_id == customer_id, i.currency == currency)
        ).scalar_one()
    )


def posted_balances(
    db: Session, tenant_id: UUID, on: date, *, customer_id: UUID | None = None, known_at: datetime | None = None
) -> dict[str, int]:
    """Signed balance of the receivables account per currency at the end of `on`, from the postings alone.

    For the whole company it starts from the balances kept with the last lock that holds by then, so that it costs
    what came after. As known at a moment of the past it adds up from the start: a lock may have come later.
    """
    kept = valid_balances(db, tenant_id, on) if customer_id is None and known_at is None else None
    p, e = Posting, Entry
    statement = (
        sa.select(p.currency, sa.cast(sa.func.sum(p.debit_minor - p.credit_minor), sa.BigInteger))
        .join(e, sa.and_(e.tenant_id == tenant_id, e.id == p.entry_id))
        .where(p.tenant_id == tenant_id, p.account_code == RECEIVABLES, e.effective_on <= on)
        .group_by(p.currency)
    )
    if customer_id is not None:
        statement = statement.where(p.customer_id == customer_id)
    if known_at is not None:
        statement = statement.where(e.recorded_at <= known_at)
    if kept is not None:
        statement = statement.where(e.effective_on > kept.through_on)
    sums = kept.of_account(RECEIVABLES) if kept else {}
    for currency, minor in db.execute(statement):
        sums[currency] = sums.get(currency, 0) + minor
    return sums


def item_ids(db: Session, tenant_id: UUID, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Ids by (kind, document number); unknown ones are left out.

    Of a document paid by instalments: the first with something open, else the first.
    """
    i = OpenItem
    numbers = sa.cast([number for _kind, number in keys], sa.ARRAY(sa.Text))
    rows = db.execute(
        sa.select(i.kind, i.document_no, i.id)
        .where(
            i.tenant_id == tenant_id,
            i.kind.in_(sorted({kind for kind, _number in keys})),
            i.document_no == sa.any_(numbers),
        )
        .order_by(i.open_minor == 0, i.instalment_no)
    )
    wanted, found = set(keys), dict[tuple[str, str], UUID]()
    for row in rows:
        if (row.kind, row.document_no) in wanted:
            found.setdefault((row.kind, row.document_no), row.id)
    return found
