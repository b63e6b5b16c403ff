"""The ledger's settings in force, read where they matter: how unapplied credits count in the figures.

Invariant: one place says whether receivables are shown after or before unapplied credits; every screen asks it.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.receivables.settlement.models import LedgerSettings
from kernel.binds import TENANT
from kernel.db import columns


def select_credits_netted(tenant_id: Any) -> sa.ScalarSelect[bool]:
    """Selects whether receivables are shown after unapplied credits; NULL until the company has settings of its own."""
    settings = LedgerSettings
    return (
        sa.select(settings.credits_netted)
        .where(settings.tenant_id == tenant_id)
        .order_by(settings.recorded_at.desc(), settings.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def credits_netted(db: Session, tenant_id: UUID) -> bool:
    """Returns True when receivables are shown after unapplied credits (the default), False when before them."""
    return bool(columns(db, _credits_netted(), {"tenant": tenant_id}).scalar_one())


@cache
def _credits_netted() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(sa.func.coalesce(select_credits_netted(TENANT), sa.true()))
