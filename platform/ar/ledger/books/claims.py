"""Queries what of the books a debtor is not shown, because the claim stands although we wrote it off (R234).

A write-off takes a debt off the balance sheet and leaves the claim; a recovery puts a part back for money that came.
Invariant: hiding both, with their reversals, leaves what the debtor owes: documents less payments.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.models import Allocation, OpenItem
from kernel.views import select_view, value, views

#: Kinds of documents that are of our books alone.
BOOKS_ONLY: Final = ("bad_debt", "recovery")


@dataclass(frozen=True, slots=True)
class BooksOnlyItem:
    """A write-off, a recovery or the reversal of one. `side` is +1 or −1, `amount_minor` positive."""

    id: UUID
    customer_id: UUID
    currency: str
    document_on: date
    side: int
    amount_minor: int


def books_only_items(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], to_on: date
) -> dict[UUID, BooksOnlyItem]:
    """Returns the customers' documents through `to_on` that are of our books alone, by id."""
    item, original = OpenItem, aliased(OpenItem)
    reverses_one = sa.exists().where(
        original.tenant_id == tenant_id, original.id == item.reverses_id, original.kind.in_(BOOKS_ONLY)
    )
    rows = db.execute(
        select_view(
            BooksOnlyItem,
            id=value(item.id),
            customer_id=value(item.customer_id),
            currency=value(item.currency),
            document_on=value(item.document_on),
            side=value(item.side),
            amount_minor=value(item.amount_minor),
        ).where(
            item.tenant_id == tenant_id,
            item.customer_id == sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid))),
            item.document_on <= to_on,
            sa.or_(item.kind.in_(BOOKS_ONLY), reverses_one),
        )
    )
    return {row.id: row for row in views(BooksOnlyItem, rows)}


def cleared_in_books_only(db: Session, tenant_id: UUID, hidden: Collection[UUID], to_on: date) -> dict[UUID, int]:
    """Returns item id → what of it (minor units) nothing but the documents `hidden` clears, as of `to_on`."""
    a = Allocation
    ids = sa.cast(list(hidden), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(a.debit_item_id, a.credit_item_id, a.amount_minor).where(
            a.tenant_id == tenant_id,
            a.effective_on <= to_on,
            sa.or_(a.debit_item_id == sa.any_(ids), a.credit_item_id == sa.any_(ids)),
        )
    )
    cleared: dict[UUID, int] = {}
    for debit_id, credit_id, minor in rows:
        others = [each for each in (debit_id, credit_id) if each not in hidden]
        if len(others) == 1:  # between two of them, a write-off and its reversal, no claim is concerned
            cleared[others[0]] = cleared.get(others[0], 0) + minor
    return {item_id: minor for item_id, minor in cleared.items() if minor}
