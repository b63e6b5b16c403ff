"""Queries the rest of a document's page: instalments, tax, memo, discount, pending approval.

Invariant: a constant number of statements, whatever the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.books.posting_rules import OUTPUT_TAX
from ar.ledger.messages import WRITE_OFF_REASONS
from ar.ledger.models import Entry, OpenItem
from ar.ledger.receivables.queries import ItemPage
from ar.ledger.receivables.settlement.discounts import DiscountOffer, discount_offer
from ar.ledger.receivables.settlement.write_offs import pending_write_off
from kernel.i18n import gettext as _
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class Instalment:
    """An instalment of a document, with its open amount (minor units)."""

    id: UUID
    instalment_no: int
    due_on: date
    amount_minor: int
    open_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """`tax_minor`: tax of the whole document; `waiting`: (id, number) of a pending write-off approval."""

    instalment_no: int
    instalments: list[Instalment]
    tax_minor: int
    memo: str
    offer: DiscountOffer | None
    waiting: tuple[UUID, str] | None


def document_facts(db: Session, tenant_id: UUID, page: ItemPage) -> DocumentFacts:
    """Returns the further facts of the document on `page`."""
    item, given, entry = OpenItem, aliased(OpenItem), Entry
    rows = db.execute(
        select_view(
            Instalment,
            id=value(item.id),
            instalment_no=value(item.instalment_no),
            due_on=value(item.due_on),
            amount_minor=value(item.amount_minor),
            open_minor=value(item.open_minor),
            discount_until_on=value(item.discount_until_on),
        )
        .add_columns(item.discount_bps, entry.memo)
        .join(given, sa.and_(given.tenant_id == tenant_id, given.entry_id == item.entry_id))
        .join(entry, sa.and_(entry.tenant_id == tenant_id, entry.id == item.entry_id))
        .where(item.tenant_id == tenant_id, given.id == page.item.id)
        .order_by(item.instalment_no)
    ).all()
    own = next(row for row in rows if row.id == page.item.id)
    owed = page.item.side > 0 and page.item.open_minor > 0
    return DocumentFacts(
        own.instalment_no,
        views(Instalment, rows) if len(rows) > 1 else [],
        sum(leg.debit_minor + leg.credit_minor for leg in page.legs if leg.account_code == OUTPUT_TAX),
        _memo(page.item.kind, own.memo),
        discount_offer(db, tenant_id, page.item.id) if own.discount_bps is not None else None,
        pending_write_off(db, tenant_id, page.item.id) if owed else None,
    )


def _memo(kind: str, memo: str) -> str:
    """Returns the entry's memo, with the reason code of a write-off translated."""
    if memo == "import":  # documents imported before their entries named the import itself
        return _("Imported")
    code, colon, text = memo.partition(": ")
    if kind != "write_off" or code not in WRITE_OFF_REASONS:
        return memo
    return _(WRITE_OFF_REASONS[code]) + colon + text
