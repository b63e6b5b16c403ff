"""Limits a salesperson's session to their own customers: the one place where the limit is said (W1, ADR 0035).

Invariant: every mapped table with a `customer_id` is limited, also one that a later slice adds. A row that names no
customer is hidden: what is nobody's is not theirs. Approvals are asked of people, so they say themselves who sees them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from ar.customers.models import Customer
from kernel import visibility
from kernel.actor import Actor
from kernel.db import Base
from tenants.approvals.models import Approval
from tenants.models import Company
from tenants.permissions import sees_own_customers_only

_SAYS_ITSELF: Final = frozenset({Approval})
_CUSTOMER: Final = Customer.__table__


def limit_to_visible_customers(db: Session, actor: Actor) -> None:
    """Limits the session when the actor's roles see their own customers only and the company has not widened that."""
    if not sees_own_customers_only(actor.roles) or _widened(db, actor):
        return
    tenant_id, owner_id = actor.tenant_id, actor.user_id
    criteria: list[ExecutableOption] = [
        with_loader_criteria(Customer, lambda customer: customer.owner_id == owner_id, include_aliases=True),
        *(
            with_loader_criteria(
                table,
                # Written out: the criteria of a table may hold columns and values, but call no function.
                lambda each: each.customer_id.in_(
                    sa.select(_CUSTOMER.c.id).where(
                        _CUSTOMER.c.tenant_id == tenant_id, _CUSTOMER.c.owner_id == owner_id
                    )
                ),
                include_aliases=True,
            )
            for table in tables_of_customers()
        ),
    ]

    def is_own(customer_id: Any) -> sa.ColumnElement[bool]:
        own = sa.select(_CUSTOMER.c.id).where(_CUSTOMER.c.tenant_id == tenant_id, _CUSTOMER.c.owner_id == owner_id)
        return customer_id.in_(own)  # type: ignore[no-any-return]

    visibility.limit(db, criteria, is_own)


@cache
def tables_of_customers() -> tuple[type[Any], ...]:
    """Returns the mapped classes with a `customer_id`, but those that say themselves who sees them."""
    mappers = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
    return tuple(each.class_ for each in mappers if "customer_id" in each.columns and each.class_ not in _SAYS_ITSELF)


def _widened(db: Session, actor: Actor) -> bool:
    company = Company
    return db.execute(sa.select(company.sales_see_all).where(company.tenant_id == actor.tenant_id)).scalar_one()
