"""Selects the contracts that end soon, for the list and for what waits in the navigation (R098)."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ar.sales.contracts.models import Contract

#: So many days before its end a contract is on the list of those that expire.
EXPIRING_DAYS: Final = 60


def expiring_contracts() -> sa.Select[Any]:
    """Returns the SELECT of contracts that end soon, for the navigation (binds: tenant, today)."""
    contract = Contract
    last_on = sa.cast(sa.bindparam("today", type_=sa.Date) + EXPIRING_DAYS, sa.Date)
    return sa.select(contract.id).where(
        contract.tenant_id == sa.bindparam("tenant", type_=sa.Uuid),
        contract.state == "sealed",
        contract.ends_on <= last_on,
    )
