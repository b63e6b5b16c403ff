"""The exposure strip: what one customer owes and will owe against its limit, as pages of any slice show it.

Invariants: live, a constant number of statements; the group's figures name none of its members.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.accounts import CustomerAccount, customer_accounts
from ar.credit.policy.queries import credit_policy
from ar.customers.models import Customer
from ar.receipts.models import BankLine
from kernel.binds import TENANT
from kernel.db import columns
from kernel.errors import NotFound

#: The parts of an exposure in the order in which an amount passes them, the furthest first; `unapplied` is taken off.
PART_NAMES = (
    "open_receivables",
    "signed_not_invoiced",
    "shipped_not_signed",
    "released_orders",
    "unmatured_bills",
)


@dataclass(frozen=True, slots=True)
class StripPart:
    """One part of the exposure in minor units of the strip's currency; `share` of what is shown, in thousandths."""

    name: str
    minor: int


@dataclass(frozen=True, slots=True)
class LineSum:
    """Bank lines that are proposed for the customer and not posted yet."""

    currency: str
    lines: int
    minor: int


@dataclass(frozen=True, slots=True)
class CreditStrip:
    """The account of one customer, with that of its group (None without one) and the money on its way.

    `parts` is empty where a rate is missing.
    """

    customer_id: UUID
    customer_no: str
    account: CustomerAccount
    group: CustomerAccount | None
    parts: tuple[StripPart, ...]
    bank_lines: tuple[LineSum, ...]

    @property
    def past_due(self) -> list[tuple[str, int]]:
        """Returns (currency, minor units) of what is past due."""
        found = self.account.by_currency
        return [(code, each.past_due_minor) for code, each in sorted(found.items()) if each.past_due_minor]


def credit_strip(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> CreditStrip:
    """Returns the strip of a customer as of now. Raises NotFound(`customer_not_found`)."""
    number = columns(db, _number(), {"tenant": tenant_id, "customer": customer_id}).scalar_one_or_none()
    if number is None:
        raise NotFound("customer_not_found")
    accounts = customer_accounts(db, tenant_id, [customer_id], credit_policy(db, tenant_id), today=today)
    account = accounts.own[customer_id]
    parts = account.parts
    return CreditStrip(
        customer_id=customer_id,
        customer_no=number,
        account=account,
        group=accounts.group_of(customer_id),
        parts=() if parts is None else tuple(StripPart(name, getattr(parts, f"{name}_minor")) for name in PART_NAMES),
        bank_lines=_bank_lines(db, tenant_id, customer_id),
    )


def _bank_lines(db: Session, tenant_id: UUID, customer_id: UUID) -> tuple[LineSum, ...]:
    """Returns the incoming lines not posted yet whose best proposal is this customer, per currency."""
    rows = columns(db, _proposed_lines(), {"tenant": tenant_id, "proposed": str(customer_id)})
    return tuple(LineSum(currency=row.currency, lines=row.lines, minor=row.minor) for row in rows)


@cache
def _number() -> sa.Select[*tuple[Any, ...]]:
    customer = Customer
    asked = sa.bindparam("customer", type_=sa.Uuid)
    return sa.select(customer.number).where(customer.tenant_id == TENANT, customer.id == asked)


@cache
def _proposed_lines() -> sa.Select[*tuple[Any, ...]]:
    line = BankLine
    proposed = sa.func.jsonb_extract_path_text(line.proposal, "proposals", "0", "customer_id")
    total = sa.cast(sa.func.sum(line.amount_minor), sa.BigInteger)
    return (
        sa.select(line.currency, sa.func.count().label("lines"), total.label("minor"))
        .where(
            line.tenant_id == TENANT,
            line.state == "open",
            line.side == 1,
            line.status == "booked",
            proposed == sa.bindparam("proposed", type_=sa.Text),
        )
        .group_by(line.currency)
        .order_by(line.currency)
    )
