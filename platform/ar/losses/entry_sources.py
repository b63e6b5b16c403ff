"""Links a journal entry to the provision run or bad-debt case that caused it.

Invariant: one statement.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.models import OpenItem
from ar.losses.models import BadDebtCase, BadDebtCredit, BadDebtRecovery, ProvisionReversal, ProvisionRun
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the provision run that booked or reversed the entry, or the bad-debt case that it belongs to."""
    r, v, k, b, y, i = ProvisionRun, ProvisionReversal, BadDebtCase, BadDebtCredit, BadDebtRecovery, OpenItem
    items = sa.select(sa.func.coalesce(i.reverses_id, i.id)).where(i.tenant_id == tenant_id, i.entry_id == entry_id)
    reversed_here = sa.exists().where(v.tenant_id == tenant_id, v.run_id == r.id, v.entry_id == entry_id)
    cases = sa.union_all(
        sa.select(b.case_id).where(b.tenant_id == tenant_id, b.item_id.in_(items)),
        sa.select(y.case_id).where(y.tenant_id == tenant_id, y.recovery_item_id.in_(items)),
    )
    rows = db.execute(
        sa.union_all(
            sa.select(sa.literal("run").label("what"), r.id, r.number).where(
                r.tenant_id == tenant_id, sa.or_(r.entry_id == entry_id, reversed_here)
            ),
            sa.select(sa.literal("case"), k.id, k.number).where(k.tenant_id == tenant_id, k.id.in_(cases)),
        ).limit(2)
    )
    return [
        EntrySource(_("Provision run"), row.number, page_url("provisions.show", provision_id=row.id))
        if row.what == "run"
        else EntrySource(_("Bad-debt case"), row.number, page_url("bad_debts.show", bad_debt_id=row.id))
        for row in rows
    ]
