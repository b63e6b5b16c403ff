"""Queries of the page of one document: its allocations, postings, and what it can be allocated with.

Invariant: at most four statements, whatever the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.books.as_of import items_with_later_allocations, later_allocations, open_minor_at
from ar.ledger.books.queries import OpenItemView, item_columns, with_customer
from ar.ledger.models import Allocation, OpenItem, Posting
from kernel.errors import NotFound
from kernel.views import select_view, value, view, views

CANDIDATES_MAX: Final = 50


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
