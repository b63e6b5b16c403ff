"""Links a journal entry to the interest charge or correction that caused it.

Invariant: two statements.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.models import InterestCharge, InterestCorrection, InterestReinstatement, InterestWaiver
from ar.ledger.models import OpenItem
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the charge that the entry posted, waived or reinstated, or the correction that it is."""
    charge, waiver, reinstatement, item = InterestCharge, InterestWaiver, InterestReinstatement, OpenItem
    items = sa.select(item.id).where(item.tenant_id == tenant_id, item.entry_id == entry_id)
    back = sa.exists().where(
        reinstatement.tenant_id == tenant_id,
        reinstatement.waiver_id == waiver.id,
        reinstatement.reversal_item_id.in_(items),
    )
    waived = sa.exists().where(
        waiver.tenant_id == tenant_id, waiver.charge_id == charge.id, sa.or_(waiver.item_id.in_(items), back)
    )
    rows = db.execute(
        sa.select(charge.id, charge.document_no)
        .where(charge.tenant_id == tenant_id, sa.or_(charge.item_id.in_(items), waived))
        .limit(1)
    )
    sources = [
        EntrySource(_("Late interest"), row.document_no, page_url("interest.charge", charge_id=row.id)) for row in rows
    ]
    correction = InterestCorrection
    corrected = db.execute(
        sa.select(correction.document_no)
        .where(correction.tenant_id == tenant_id, correction.item_id.in_(items))
        .limit(1)
    ).scalars()
    page = page_url("interest.corrections")
    return sources or [EntrySource(_("Correction of late interest"), number, page) for number in corrected]
