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
    """Returns the bill whose receipt, step or reversal the entry posts."""
    bill, event, item = Bill, BillEvent, OpenItem
    items = sa.select(item.id).where(item.tenant_id == tenant_id, item.entry_id == entry_id)
    of_a_step = sa.exists().where(
        event.tenant_id == tenant_id,
        event.bill_id == bill.id,
        sa.or_(event.entry_id == entry_id, event.mirror_id.in_(items)),
    )
    rows = db.execute(
        sa.select(bill.id, bill.number)
        .where(bill.tenant_id == tenant_id, sa.or_(bill.item_id.in_(items), of_a_step))
        .limit(1)
    )
    return [EntrySource(_("Bill"), row.number, page_url("bills.show", bill_id=row.id)) for row in rows]
