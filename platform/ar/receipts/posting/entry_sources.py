"""Links a journal entry to the receipt or refund that caused it.

Invariant: one statement.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import OpenItem
from ar.receipts.models import Refund
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the receipt that the entry posted, or the refund that it paid."""
    i, r = OpenItem, Refund
    rows = db.execute(
        sa.select(i.id, i.kind, i.document_no, r.id.label("refund_id"))
        .outerjoin(r, sa.and_(r.tenant_id == tenant_id, r.refund_item_id == i.id))
        .where(i.tenant_id == tenant_id, i.entry_id == entry_id, i.kind.in_(("receipt", "refund")))
        .limit(1)
    )
    found = []
    for row in rows:
        if row.refund_id is not None:
            found.append(EntrySource(_("Refund"), row.document_no, page_url("refunds.show", refund_id=row.refund_id)))
        elif row.kind == "receipt":
            found.append(EntrySource(_("Receipt"), row.document_no, page_url("receipts.show", credit_id=row.id)))
    return found
