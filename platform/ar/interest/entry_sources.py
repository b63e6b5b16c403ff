"""Links a journal entry to the interest charge that caused it.

Invariant: one statement.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.models import InterestCharge, InterestReinstatement, InterestWaiver
from ar.ledger.models import OpenItem
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the charge that the entry booked, waived or reinstated."""
    c, w, r, i = InterestCharge, InterestWaiver, InterestReinstatement, OpenItem
    items = sa.select(i.id).where(i.tenant_id == tenant_id, i.entry_id == entry_id)
    back = sa.exists().where(r.tenant_id == tenant_id, r.waiver_id == w.id, r.reversal_item_id.in_(items))
    waived = sa.exists().where(w.tenant_id == tenant_id, w.charge_id == c.id, sa.or_(w.item_id.in_(items), back))
    rows = db.execute(
        sa.select(c.id, c.document_no).where(c.tenant_id == tenant_id, sa.or_(c.item_id.in_(items), waived)).limit(1)
    )
    return [
        EntrySource(_("Late interest"), row.document_no, page_url("interest.charge", charge_id=row.id)) for row in rows
    ]
