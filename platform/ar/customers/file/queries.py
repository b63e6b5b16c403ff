"""Reads the customer file: who is on the blacklist.

Invariant: one statement whatever the number of customers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.file.models import BlacklistEntry


def blacklisted_since(db: Session, tenant_id: UUID, customer_ids: Collection[UUID], timezone: str) -> dict[UUID, date]:
    """Returns the customers on the blacklist with the local day of their entry (R079)."""
    entry = BlacklistEntry
    day = sa.cast(sa.func.timezone(timezone, entry.listed_at), sa.Date)
    rows = db.execute(
        sa.select(entry.customer_id, day.label("since")).where(
            entry.tenant_id == tenant_id,
            entry.customer_id == sa.any_(sa.cast(sorted(customer_ids), sa.ARRAY(sa.Uuid))),
            entry.state == "listed",
        )
    )
    return {row.customer_id: row.since for row in rows}
