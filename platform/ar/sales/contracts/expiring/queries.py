"""Selects the contracts that end soon, for the list, for what waits in the navigation and for the mail (R098).

Invariant: how many days ahead is the company's credit policy, for all three alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.credit.lookups import contract_notice_days, credit_policy
from ar.customers.models import Customer
from ar.sales.contracts.models import Contract
from kernel.actor import Actor
from kernel.views import select_view, value, views


@dataclass(frozen=True, slots=True)
class EndingContract:
    """A sealed contract that ends soon and that no other has replaced yet, and the customer's owner."""

    id: UUID
    number: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    owner_id: UUID | None
    ends_on: date


def expiring_contracts() -> sa.Select[Any]:
    """Returns the SELECT of contracts that end soon, for the navigation (binds: tenant, today)."""
    contract, tenant = Contract, sa.bindparam("tenant", type_=sa.Uuid)
    last_on = sa.cast(sa.bindparam("today", type_=sa.Date) + contract_notice_days(tenant), sa.Date)
    return sa.select(contract.id).where(
        contract.tenant_id == tenant, contract.state == "sealed", contract.ends_on <= last_on
    )


def ending_contracts(db: Session, actor: Actor) -> list[EndingContract]:
    """Returns the contracts that end from today on within the company's days, the soonest first."""
    contract, customer, successor = Contract, Customer, aliased(Contract)
    last_on = actor.today + timedelta(days=credit_policy(db, actor.tenant_id).contract_notice_days)
    replaced = sa.exists().where(
        successor.tenant_id == actor.tenant_id, successor.replaces_id == contract.id, successor.state == "sealed"
    )
    rows = db.execute(
        select_view(
            EndingContract,
            id=value(contract.id),
            number=value(contract.number),
            customer_id=value(contract.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            owner_id=value(customer.owner_id),
            ends_on=value(sa.type_coerce(contract.ends_on, sa.Date)),
        )
        .join(customer, sa.and_(customer.tenant_id == actor.tenant_id, customer.id == contract.customer_id))
        .where(
            contract.tenant_id == actor.tenant_id,
            contract.state == "sealed",
            contract.ends_on.between(actor.today, last_on),
            sa.not_(replaced),
        )
        .order_by(contract.ends_on, contract.number)
    )
    return views(EndingContract, rows)
