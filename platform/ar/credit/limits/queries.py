"""Reads the credit limits of customers.

Invariant: one statement whatever the number of customers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.models import CreditLimit
from ar.credit.rules.exposure import DatedLimit
from kernel.binds import TENANT
from kernel.db import columns


def limits_in_force(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID] | None, on: date
) -> dict[UUID, list[DatedLimit]]:
    """Returns the limits in force on a day of the customers (None: of all), by customer; absent without any."""
    asked: dict[str, Any] = {"tenant": tenant_id, "on": on}
    if customer_ids is not None:
        asked["customers"] = sorted(customer_ids)
    found: dict[UUID, list[DatedLimit]] = {}
    for row in columns(db, _in_force(of_all=customer_ids is None), asked).all():
        found.setdefault(row.customer_id, []).append(
            DatedLimit(
                kind=row.kind,
                currency=row.currency,
                amount_minor=row.amount_minor,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                term_days=row.term_days,
                grade=row.grade,
            )
        )
    return found


@cache
def _in_force(*, of_all: bool) -> sa.Select[*tuple[Any, ...]]:
    limit, on = CreditLimit, sa.bindparam("on", type_=sa.Date)
    chosen = () if of_all else (limit.customer_id == sa.any_(sa.bindparam("customers", type_=sa.ARRAY(sa.Uuid))),)
    return sa.select(
        limit.customer_id,
        limit.kind,
        limit.currency,
        limit.amount_minor,
        limit.valid_from,
        limit.valid_to,
        limit.term_days,
        limit.grade,
    ).where(
        limit.tenant_id == TENANT,
        limit.valid_from <= on,
        sa.or_(limit.valid_to.is_(None), limit.valid_to >= on),
        *chosen,
    )
