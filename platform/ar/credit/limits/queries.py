"""Reads the credit limits of customers.

Invariant: one statement whatever the number of customers; written as text, for it is asked at every check, so it
carries no limit of who sees what: it is read for sums and decisions, and not shown to a person by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.rules.exposure import DatedLimit
from kernel.arrays import array_text
from kernel.views import view

_IN_FORCE: Final = """
    SELECT customer_id, kind, currency, amount_minor, valid_from, valid_to, term_days, grade FROM credit_limit
    WHERE tenant_id = :tenant AND valid_from <= :on AND (valid_to IS NULL OR valid_to >= :on)
"""
_OF_ALL: Final = sa.text(_IN_FORCE)
_OF_CUSTOMERS: Final = sa.text(_IN_FORCE + " AND customer_id = ANY(CAST(:customers AS uuid[]))")


def limits_in_force(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID] | None, on: date
) -> dict[UUID, list[DatedLimit]]:
    """Returns the limits in force on a day of the customers (None: of all), by customer; absent without any."""
    values: dict[str, Any] = {"tenant": tenant_id, "on": on}
    if customer_ids is not None:
        values["customers"] = array_text(sorted(customer_ids))
    db.flush()
    found: dict[UUID, list[DatedLimit]] = {}
    for row in db.connection().execute(_OF_ALL if customer_ids is None else _OF_CUSTOMERS, values):
        found.setdefault(row.customer_id, []).append(view(DatedLimit, row))
    return found
