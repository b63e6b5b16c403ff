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
    """Returns the provision run that posted or reversed the entry, or the bad-debt case that it belongs to."""
    run, reversal, case = ProvisionRun, ProvisionReversal, BadDebtCase
    credit, recovery, item = BadDebtCredit, BadDebtRecovery, OpenItem
    items = sa.select(sa.func.coalesce(item.reverses_id, item.id)).where(
        item.tenant_id == tenant_id, item.entry_id == entry_id
    )
    reversed_here = sa.exists().where(
        reversal.tenant_id == tenant_id, reversal.run_id == run.id, reversal.entry_id == entry_id
    )
    cases = sa.union_all(
        sa.select(credit.case_id).where(credit.tenant_id == tenant_id, credit.item_id.in_(items)),
        sa.select(recovery.case_id).where(recovery.tenant_id == tenant_id, recovery.recovery_item_id.in_(items)),
    )
    rows = db.execute(
        sa.union_all(
            sa.select(sa.literal("run").label("what"), run.id, run.number).where(
                run.tenant_id == tenant_id, sa.or_(run.entry_id == entry_id, reversed_here)
            ),
            sa.select(sa.literal("case"), case.id, case.number).where(case.tenant_id == tenant_id, case.id.in_(cases)),
        ).limit(2)
    )
    return [
        EntrySource(_("Provision run"), row.number, page_url("provisions.show", provision_id=row.id))
        if row.what == "run"
        else EntrySource(_("Bad-debt case"), row.number, page_url("bad_debts.show", bad_debt_id=row.id))
        for row in rows
    ]
