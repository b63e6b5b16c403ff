"""Reads what a contract says of the orders that stand on it: its price, its quantity, its term, its days.

Source: R065, R090, R093, R094, R097, R099. A contract without lines is a framework: it says no price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.sales.contracts.models import Contract, ContractLine
from kernel.views import DbRow


@dataclass(frozen=True, slots=True)
class ContractPrice:
    """One line of a contract: a price in major units, with tax; `quantity` None: as much as is ordered."""

    product: str
    unit: str
    quantity: Decimal | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class ContractBasis:
    """A contract as orders see it; `ended_at` is the moment after which no order stands on it any more."""

    id: UUID
    number: str
    customer_id: UUID
    state: str
    currency: str
    term_days: int | None
    starts_on: date
    ends_on: date | None
    ended_at: datetime | None
    prices: Sequence[ContractPrice]

    def covers(self, customer_id: UUID, currency: str, ordered_on: date, recorded_at: datetime) -> bool:
        """Whether an order of the day stands on it: sealed, in force on that day, and not ended before."""
        in_force = self.starts_on <= ordered_on and (self.ends_on is None or ordered_on <= self.ends_on)
        sealed = self.state == "sealed" or (
            self.state == "ended" and self.ended_at is not None and recorded_at <= self.ended_at
        )
        return sealed and in_force and self.customer_id == customer_id and self.currency == currency


def basis_of(db: Session, tenant_id: UUID, order: DbRow) -> ContractBasis | None:
    """Returns the contract of an order (its `contract_id`), None of one that names none."""
    return None if order.contract_id is None else contract_basis(db, tenant_id, order.contract_id)


def contract_basis(db: Session, tenant_id: UUID, contract_id: UUID) -> ContractBasis | None:
    """Returns a contract with its prices; None where there is none, or the actor does not see it."""
    contract, line = Contract, ContractLine
    row = db.execute(
        sa.select(
            contract.id,
            contract.number,
            contract.customer_id,
            contract.state,
            contract.currency,
            contract.term_days,
            contract.starts_on,
            contract.ends_on,
            contract.ended_at,
        ).where(contract.tenant_id == tenant_id, contract.id == contract_id)
    ).first()
    if row is None:
        return None
    prices = db.execute(
        sa.select(line.product, line.unit, line.quantity, line.unit_price)
        .where(line.tenant_id == tenant_id, line.contract_id == contract_id, line.dropped.is_(False))
        .order_by(line.line_no)
    )
    return ContractBasis(**row._mapping, prices=[ContractPrice(**each._mapping) for each in prices])


def is_same_product(agreed: ContractPrice, product: str, unit: str) -> bool:
    """Whether a contract line is of a product; a unit counts where both name one."""
    same_unit = not agreed.unit or not unit or agreed.unit.casefold() == unit.casefold()
    return same_unit and agreed.product.strip().casefold() == product.strip().casefold()
