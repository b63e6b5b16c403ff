"""What of a case was written off and what came back, per currency. May import the ledger's and this slice's tables.

Invariant: a document that was reversed counts no more, whoever reversed it, so the sums are those of the books.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.models import OpenItem
from ar.losses.models import BadDebtCredit, BadDebtRecovery


def stands(tenant_id: UUID, item_id: Any) -> sa.ColumnElement[bool]:
    """Whether the document of that item is not reversed."""
    mirror = aliased(OpenItem)
    return ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item_id)


def written_off_minor(db: Session, tenant_id: UUID, case_id: UUID) -> dict[str, int]:
    """Per currency what a case wrote off, in minor units."""
    b = BadDebtCredit
    rows = db.execute(
        sa.select(b.currency, b.amount_minor).where(
            b.tenant_id == tenant_id, b.case_id == case_id, stands(tenant_id, b.item_id)
        )
    )
    return dict(rows.all())


def recovered_minor(db: Session, tenant_id: UUID, case_id: UUID) -> dict[str, int]:
    """Per currency what came back, in minor units."""
    r = BadDebtRecovery
    total = sa.cast(sa.func.sum(r.amount_minor), sa.BigInteger)
    rows = db.execute(
        sa.select(r.currency, total)
        .where(r.tenant_id == tenant_id, r.case_id == case_id, stands(tenant_id, r.recovery_item_id))
        .group_by(r.currency)
    )
    return dict(rows.all())
