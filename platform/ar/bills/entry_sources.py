"""Links a journal entry to the bill that caused it.

Invariant: one statement.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills.models import Bill, BillEvent
from ar.ledger.models import OpenItem
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the bill that the entry received, moved or took back."""
    b, e, i = Bill, BillEvent, OpenItem
    items = sa.select(i.id).where(i.tenant_id == tenant_id, i.entry_id == entry_id)
    moved = sa.exists().where(
        e.tenant_id == tenant_id, e.bill_id == b.id, sa.or_(e.entry_id == entry_id, e.mirror_id.in_(items))
    )
    rows = db.execute(
        sa.select(b.id, b.number).where(b.tenant_id == tenant_id, sa.or_(b.item_id.in_(items), moved)).limit(1)
    )
    return [EntrySource(_("Bill"), row.number, page_url("bills.show", bill_id=row.id)) for row in rows]
