"""Reads who owns which customers, for the hand-over, and the history of one customer's owners.

Invariant: a constant number of statements per page. Nobody's customers are also those of people who left (R003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.file.models import OwnerChange
from ar.customers.models import Customer
from ar.customers.queries import matches
from kernel.binds import TENANT
from kernel.views import select_view, value, views
from tenants.models import Membership, User


@dataclass(frozen=True, slots=True)
class OwnedLine:
    """A customer with its owner; `has_left`: the owner no longer belongs to the company."""

    id: UUID
    number: str
    name: str
    owner_name: str | None
    has_left: bool


@dataclass(frozen=True, slots=True)
class OwnerChangeLine:
    """A change of owner, from whom to whom, and from which day on."""

    from_name: str | None
    to_name: str | None
    changed_on: date
    reason: str
    changed_by: str
    changed_at: datetime


def has_left() -> sa.ColumnElement[bool]:
    """Returns the condition of a customer whose owner no longer belongs to the company (binds: tenant)."""
    membership = Membership
    return (
        sa.select(membership.user_id)
        .where(membership.tenant_id == TENANT, membership.user_id == Customer.owner_id, membership.active.is_(False))
        .correlate(Customer)
        .exists()
    )


def nobodys() -> sa.ColumnElement[bool]:
    """Returns the condition of a customer without an owner, or with one who left (binds: tenant)."""
    return sa.or_(Customer.owner_id.is_(None), has_left())


def select_nobodys() -> sa.Select[Any]:
    """Selects the customers that nobody owns, as they wait for the sales manager (binds: tenant).

    In two parts, each by the index of owners: the navigation counts them on every page.
    """
    customer, membership = Customer, Membership
    own = (customer.tenant_id == TENANT, customer.retired_at.is_(None))
    of_the_gone = sa.select(customer.id).join(membership, membership.user_id == customer.owner_id)
    found = sa.union_all(
        sa.select(customer.id).where(*own, customer.owner_id.is_(None)),
        of_the_gone.where(*own, membership.tenant_id == TENANT, membership.active.is_(False)),
    ).subquery("nobodys")
    return sa.select(found.c.id)


def owned_customers(
    db: Session, tenant_id: UUID, *, owner: str, q: str = "", offset: int = 0, limit: int = 50
) -> tuple[list[OwnedLine], int]:
    """Returns a page of customers and how many there are. `owner`: all, nobody, or the id of a person."""
    customer = Customer
    conditions = _conditions(tenant_id, owner, q)
    total = db.execute(
        sa.select(sa.func.count()).select_from(customer).where(*conditions), {"tenant": tenant_id}
    ).scalar_one()
    rows = db.execute(
        select_view(
            OwnedLine,
            id=value(customer.id),
            number=value(customer.number),
            name=value(customer.name),
            owner_name=value(User.name),
            has_left=value(has_left()),
        )
        .outerjoin(User, User.id == customer.owner_id)
        .where(*conditions)
        .order_by(customer.sort_key, customer.number, customer.id)
        .offset(offset)
        .limit(limit),
        {"tenant": tenant_id},
    )
    return views(OwnedLine, rows), total


def owned_ids(db: Session, tenant_id: UUID, *, owner: str, q: str, most: int) -> list[UUID]:
    """Returns the ids of all customers that match, `most` at most."""
    customer = Customer
    rows = db.execute(
        sa.select(customer.id).where(*_conditions(tenant_id, owner, q)).order_by(customer.id).limit(most),
        {"tenant": tenant_id},
    )
    return list(rows.scalars())


def owner_history(db: Session, tenant_id: UUID, customer_id: UUID) -> list[OwnerChangeLine]:
    """Returns the changes of a customer's owner, the last one first."""
    change, giver, taker = OwnerChange, aliased(User), aliased(User)
    rows = db.execute(
        select_view(
            OwnerChangeLine,
            from_name=value(giver.name),
            to_name=value(taker.name),
            changed_on=value(change.changed_on),
            reason=value(change.reason),
            changed_by=value(change.changed_by),
            changed_at=value(change.changed_at),
        )
        .outerjoin(giver, giver.id == change.from_id)
        .outerjoin(taker, taker.id == change.to_id)
        .where(change.tenant_id == tenant_id, change.customer_id == customer_id)
        .order_by(change.changed_at.desc(), change.id.desc())
    )
    return views(OwnerChangeLine, rows)


def _conditions(tenant_id: UUID, owner: str, q: str) -> Sequence[sa.ColumnElement[bool]]:
    customer = Customer
    conditions = [customer.tenant_id == TENANT, customer.retired_at.is_(None), *matches(tenant_id, q)]
    if owner == "nobody":
        conditions.append(nobodys())
    elif owner != "all":
        conditions.append(customer.owner_id == UUID(owner))
    return conditions
