"""What a document's page shows beside the item: its instalments, tax, note, discount, and what it waits for.

May import the ledger's tables, discounts and approvals. Invariant: a constant number of statements, whatever the size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.discounts import Offer, discount_offer
from ar.ledger.messages import WRITE_OFF_REASONS
from ar.ledger.models import Entry, OpenItem
from ar.ledger.pages import ItemPage
from ar.ledger.recipes import OUTPUT_TAX
from ar.ledger.write_offs import waiting_write_off
from kernel.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Instalment:
    """One of the items that a document consists of."""

    id: UUID
    instalment_no: int
    due_on: date
    amount_minor: int
    open_minor: int
    discount_until_on: date | None


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The rest of the page. `tax_minor`: of the whole document; `waiting`: (id, number) of an open approval."""

    instalment_no: int
    instalments: list[Instalment]
    tax_minor: int
    memo: str
    offer: Offer | None
    waiting: tuple[UUID, str] | None


def document_facts(db: Session, tenant_id: UUID, page: ItemPage) -> DocumentFacts:
    """Of the document on `page`."""
    i, asked, e = OpenItem, aliased(OpenItem), Entry
    rows: Any = db.execute(
        sa.select(
            i.id, i.instalment_no, i.due_on, i.amount_minor, i.open_minor, i.discount_until_on, i.discount_bps, e.memo
        )
        .join(asked, sa.and_(asked.tenant_id == tenant_id, asked.entry_id == i.entry_id))
        .join(e, sa.and_(e.tenant_id == tenant_id, e.id == i.entry_id))
        .where(i.tenant_id == tenant_id, asked.id == page.item.id)
        .order_by(i.instalment_no)
    ).all()
    own = next(row for row in rows if row.id == page.item.id)
    owed = page.item.side > 0 and page.item.open_minor > 0
    return DocumentFacts(
        own.instalment_no,
        [Instalment(*row[:6]) for row in rows] if len(rows) > 1 else [],
        sum(leg.debit_minor + leg.credit_minor for leg in page.legs if leg.account_code == OUTPUT_TAX),
        _note(page.item.kind, own.memo),
        discount_offer(db, tenant_id, page.item.id) if own.discount_bps is not None else None,
        waiting_write_off(db, tenant_id, page.item.id) if owed else None,
    )


def _note(kind: str, memo: str) -> str:
    """The entry's note in words; a write-off's begins with the code of its reason."""
    code, mark, text = memo.partition(": ")
    if kind != "write_off" or code not in WRITE_OFF_REASONS:
        return memo
    return _(WRITE_OFF_REASONS[code]) + mark + text
