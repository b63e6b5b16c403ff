"""Sums the written-off and recovered amounts of a case per currency.

Invariant: reversed documents do not count, so the sums are those of the books.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.models import OpenItem
from ar.losses.models import BadDebtCredit, BadDebtRecovery


def not_reversed(tenant_id: UUID, item_id: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that the document of an item is not reversed."""
    reversal = aliased(OpenItem)
    return ~sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == item_id)


def written_off_minor(db: Session, tenant_id: UUID, case_id: UUID) -> dict[str, int]:
    """Returns per currency what a case wrote off, in minor units."""
    credit = BadDebtCredit
    rows = db.execute(
        sa.select(credit.currency, credit.amount_minor).where(
            credit.tenant_id == tenant_id, credit.case_id == case_id, not_reversed(tenant_id, credit.item_id)
        )
    )
    return dict(rows.all())


def recovered_minor(db: Session, tenant_id: UUID, case_id: UUID) -> dict[str, int]:
    """Returns per currency what a case recovered, in minor units."""
    recovery = BadDebtRecovery
    total = sa.cast(sa.func.sum(recovery.amount_minor), sa.BigInteger)
    rows = db.execute(
        sa.select(recovery.currency, total)
        .where(
            recovery.tenant_id == tenant_id,
            recovery.case_id == case_id,
            not_reversed(tenant_id, recovery.recovery_item_id),
        )
        .group_by(recovery.currency)
    )
    return dict(rows.all())
