"""Open items, movements and balances as of any date, for the ledger and other slices.

Invariants: nothing here writes; an open amount is positive on either side, a balance is signed (owed to the company +).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.books.as_of import items_with_later_allocations, later_allocations, open_minor_at, possibly_open_at
from ar.ledger.books.instalments import document_label_of
from ar.ledger.books.kept_sums import posted_sums
from ar.ledger.books.posting_rules import RECEIVABLES
from ar.ledger.models import Entry, OpenItem, Posting
from ar.ledger.rules.due_dates import overdue_days
from ar.ledger.rules.stages import TRADE_KINDS, Stage, doubtful_from_on, stage_of
from kernel.views import select_view, value, view_columns, views
from kernel.visibility import is_limited


@dataclass(frozen=True, slots=True)
class OpenItemView:
    """An item with its open amount at `as_of`; `open_minor` is positive, `side` +1 is owed, -1 a credit.

    `label`: the document's number, with the instalment where it is one.
    """

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    kind: str
    side: int
    document_no: str
    label: str
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
        """Stage of R132 at `as_of`; None for a credit and a cleared item."""
        return stage_of(self.due_on, self.as_of) if self.side > 0 and self.open_minor else None

    @property
    def doubtful(self) -> bool:
        """True for a trade receivable still open past the day of R138 at `as_of`; a flag, nothing is posted."""
        if self.kind not in TRADE_KINDS or not self.open_minor:
            return False
        return doubtful_from_on(self.document_on, self.collection_end_on) <= self.as_of

    @property
    def signed_open_minor(self) -> int:
        """Its share of the customer's balance (minor units, signed)."""
        return self.side * self.open_minor


@dataclass(frozen=True, slots=True)
class Movement:
    """A document that changed a customer's balance; `amount_minor` is positive, `side` +1 adds, -1 reduces."""

    item_id: UUID
    customer_id: UUID
    currency: str
    document_on: date
    document_no: str
    label: str
    kind: str
    due_on: date
    side: int
    amount_minor: int
    reference: str | None
    reverses_id: UUID | None


def item_columns(tenant_id: UUID, open_minor: sa.ColumnElement[int], as_of: date) -> list[sa.ColumnElement[Any]]:
    """Returns the columns of OpenItemView with `open_minor` as of a day; the customer must be joined."""
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
        label=value(document_label_of(tenant_id)),
        document_on=value(item.document_on),
        due_on=value(item.due_on),
        collection_end_on=value(item.collection_end_on),
        currency=value(item.currency),
        amount_minor=value(item.amount_minor),
        open_minor=value(open_minor),
        as_of=value(sa.literal(as_of)),
    )


def with_customer(tenant_id: UUID) -> sa.ColumnElement[bool]:
    """Returns the join condition of an item's customer, with the tenant's id bound on both tables."""
    return sa.and_(Customer.tenant_id == tenant_id, Customer.id == OpenItem.customer_id)


def open_items(
    db: Session,
    tenant_id: UUID,
    *,
    as_of: date,
    known_at: datetime | None = None,
    customer_ids: Collection[UUID] | None = None,
    customer_id: UUID | None = None,
    currency: str | None = None,
    item_ids: Collection[UUID] | None = None,
) -> list[OpenItemView]:
    """Returns items open at `as_of`, oldest due first; allocations effective later count as still open.

    `known_at` (aware): as the books stood at that moment, without rows recorded after it. Of customers or items that
    are named, cost follows theirs alone.
    """
    i = OpenItem
    few = not (customer_id is None and customer_ids is None and item_ids is None)
    later = later_allocations(tenant_id, as_of, known_at, by_item=few)
    statement = (
        sa.select(*item_columns(tenant_id, open_minor_at(later), as_of))
        .select_from(items_with_later_allocations(later).join(Customer, with_customer(tenant_id)))
        .where(*possibly_open_at(tenant_id, as_of, known_at, by_item=few))
        .order_by(i.due_on, i.document_no, i.id)
    )
    if customer_ids is not None:
        statement = statement.where(_is_among(i.customer_id, customer_ids))
    if customer_id is not None:
        statement = statement.where(i.customer_id == customer_id)
    if currency is not None:
        statement = statement.where(i.currency == currency)
    if item_ids is not None:
        statement = statement.where(_is_among(i.id, item_ids))
    return [item for item in views(OpenItemView, db.execute(statement)) if item.open_minor]


def cleared_items(db: Session, tenant_id: UUID, item_ids: Collection[UUID], *, as_of: date) -> list[OpenItemView]:
    """Returns items that nothing is open of as of `as_of`, with `open_minor` 0."""
    item, ids = OpenItem, sa.cast(list(item_ids), sa.ARRAY(sa.Uuid))
    nothing = sa.literal(0, sa.BigInteger)
    rows = db.execute(
        sa.select(*item_columns(tenant_id, nothing, as_of))
        .select_from(item)
        .join(Customer, with_customer(tenant_id))
        .where(item.tenant_id == tenant_id, item.id == sa.any_(ids))
    )
    return views(OpenItemView, rows)


def movements(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, from_on: date, to_on: date
) -> list[Movement]:
    """Returns one customer's documents of a period in one currency, as `movements_of` does."""
    found = movements_of(db, tenant_id, [customer_id], from_on, to_on)
    return [movement for movement in found if movement.currency == currency]


def movements_of(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], from_on: date, to_on: date
) -> list[Movement]:
    """Returns the customers' documents of a period, both days included, in the order of the books.

    A document reversed within the period is left out together with its reversal, which changes no sum.
    """
    item, original, mirror = OpenItem, aliased(OpenItem), aliased(OpenItem)
    reversed_within = sa.exists().where(
        mirror.tenant_id == tenant_id, mirror.reverses_id == item.id, mirror.document_on <= to_on
    )
    reverses_within = sa.exists().where(
        original.tenant_id == tenant_id, original.id == item.reverses_id, original.document_on >= from_on
    )
    rows = db.execute(
        select_view(
            Movement,
            item_id=value(item.id),
            customer_id=value(item.customer_id),
            currency=value(item.currency),
            document_on=value(item.document_on),
            document_no=value(item.document_no),
            label=value(document_label_of(tenant_id)),
            kind=value(item.kind),
            due_on=value(item.due_on),
            side=value(item.side),
            amount_minor=value(item.amount_minor),
            reference=value(item.reference),
            reverses_id=value(item.reverses_id),
        )
        .where(
            item.tenant_id == tenant_id,
            _is_among(item.customer_id, customer_ids),
            item.document_on.between(from_on, to_on),
            ~reversed_within,
            ~reverses_within,
        )
        .order_by(item.document_on, item.recorded_at, item.document_no)
    )
    return views(Movement, rows)


def balance_at(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, on: date, *, known_at: datetime | None = None
) -> int:
    """Returns the signed balance (minor units) at the end of `on`, from open items, as known at `known_at`."""
    return balances_of(db, tenant_id, [customer_id], on, known_at=known_at).get((customer_id, currency), 0)


def balances_of(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], on: date, *, known_at: datetime | None = None
) -> dict[tuple[UUID, str], int]:
    """Returns the signed balances (minor units) by customer and currency at the end of `on`, from open items.

    Cost follows these customers' items and not the company's. A customer without items has no balance.
    """
    i = OpenItem
    later = later_allocations(tenant_id, on, known_at, by_item=True)
    rows = db.execute(
        sa.select(i.customer_id, i.currency, sa.cast(sa.func.sum(i.side * open_minor_at(later)), sa.BigInteger))
        .select_from(items_with_later_allocations(later))
        .where(*possibly_open_at(tenant_id, on, known_at, by_item=True), _is_among(i.customer_id, customer_ids))
        .group_by(i.customer_id, i.currency)
    )
    return {(customer_id, currency): minor for customer_id, currency, minor in rows}


def posted_balances(
    db: Session, tenant_id: UUID, on: date, *, customer_id: UUID | None = None, known_at: datetime | None = None
) -> dict[str, int]:
    """Returns the signed balance (minor units) of the receivables account per currency at the end of `on`.

    Of the postings alone: of the whole company from the sums kept of them; of one customer, as known at a moment or in
    a limited session by adding them up.
    """
    if customer_id is None and known_at is None and not is_limited(db):
        return posted_sums(db, tenant_id, on)
    posting, entry = Posting, Entry
    statement = (
        sa.select(
            posting.currency,
            sa.cast(sa.func.sum(posting.debit_minor - posting.credit_minor), sa.BigInteger).label("minor"),
        )
        .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == posting.entry_id))
        .where(posting.tenant_id == tenant_id, posting.account_code == RECEIVABLES, entry.effective_on <= on)
        .group_by(posting.currency)
    )
    if customer_id is not None:
        statement = statement.where(posting.customer_id == customer_id)
    if known_at is not None:
        statement = statement.where(entry.recorded_at <= known_at)
    return {row.currency: row.minor for row in db.execute(statement)}


def item_ids(db: Session, tenant_id: UUID, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """Returns item ids by (kind, document number), without unknown ones.

    Of a document paid by instalments: the first one with an open amount, else the first.
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
    requested, found = set(keys), dict[tuple[str, str], UUID]()
    for row in rows:
        if (row.kind, row.document_no) in requested:
            found.setdefault((row.kind, row.document_no), row.id)
    return found


def _is_among(column: sa.ColumnElement[UUID] | Any, ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.cast(list(ids), sa.ARRAY(sa.Uuid)))
