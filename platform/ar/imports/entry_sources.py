"""Links a journal entry to the import that posted it.

Invariant: one statement.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.imports.models import ImportDocument, ImportJob
from ar.ledger.models import OpenItem
from kernel.i18n import gettext as _
from tenants.slice import EntrySource
from web.links import page_url


def entry_sources(db: Session, tenant_id: UUID, entry_id: UUID) -> list[EntrySource]:
    """Returns the import that posted the entry."""
    job, document, item = ImportJob, ImportDocument, OpenItem
    items = sa.select(item.id).where(item.tenant_id == tenant_id, item.entry_id == entry_id)
    rows = db.execute(
        sa.select(job.id, job.file_name)
        .join(document, sa.and_(document.tenant_id == tenant_id, document.job_id == job.id))
        .where(job.tenant_id == tenant_id, document.item_id.in_(items))
        .limit(1)
    )
    return [EntrySource(_("Import"), row.file_name, page_url("imports.show", job_id=row.id)) for row in rows]
