"""Gathers what `ar.credit.rules.decision` asks of customers and orders, beside their accounts.

Invariants: one statement each, whatever the number of customers; the caller lifts what a person may see.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import CheckOverride, OverLimitRequest, PaymentProof, ShippingHold
from ar.credit.exposure.models import Commitment
from ar.credit.rules.decision import ActiveStop, ApprovedExcess
from ar.credit.rules.excess import Excess, deciders_of, most_bps
from ar.credit.rules.policy import CheckCode, CreditPolicy
from ar.ledger.models import OpenItem
from ar.statements.lookups import oldest_unconfirmed
from kernel.actor import Actor
from kernel.binds import TENANT, TODAY
from kernel.db import columns
from kernel.views import DbRow


class _Committed(NamedTuple):
    customer_id: UUID
    currency: str
    minor: int
    prepaid: bool


@dataclass(slots=True)
class PrepaidOrders:
    """What the orders that are asked commit, and what all prepaid orders of their customers take of money in hand."""

    _orders: dict[UUID, _Committed] = field(default_factory=dict)
    _prepaid_minor: dict[tuple[UUID, str], int] = field(default_factory=dict)

    def minor_of(self, order_id: UUID, currency: str) -> int:
        """Returns what an order commits in a currency (minor units)."""
        known = self._orders.get(order_id)
        return known.minor if known and known.currency == currency else 0

    def others_minor(self, customer_id: UUID, currency: str, order_id: UUID) -> int:
        """Returns what the customer's prepaid orders in a currency commit, `order_id` apart (minor units)."""
        known = self._orders.get(order_id)
        own = known.minor if known and known.prepaid and known.currency == currency else 0
        return self._prepaid_minor.get((customer_id, currency), 0) - own

    def replace(self, order_id: UUID, customer_id: UUID, currency: str, minor: int, prepaid: bool) -> None:
        """Sets what an order commits."""
        before = self._orders.get(order_id)
        if before is not None and before.prepaid:
            self._prepaid_minor[before.customer_id, before.currency] -= before.minor
        self._orders[order_id] = _Committed(customer_id, currency, minor, prepaid)
        if prepaid:
            key = (customer_id, currency)
            self._prepaid_minor[key] = self._prepaid_minor.get(key, 0) + minor


def prepaid_orders(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], order_ids: Collection[UUID]
) -> PrepaidOrders:
    """Reads what these orders and all prepaid orders of the customers commit."""
    commitment = Commitment
    total = commitment.released_minor + commitment.shipped_minor + commitment.signed_minor
    rows = db.execute(
        sa.select(
            commitment.order_id, commitment.customer_id, commitment.currency, total.label("minor"), commitment.prepaid
        ).where(
            commitment.tenant_id == tenant_id,
            commitment.customer_id == sa.any_(_ids(customer_ids)),
            total > 0,
            sa.or_(commitment.prepaid, commitment.order_id == sa.any_(_ids(order_ids))),
        )
    )
    found = PrepaidOrders()
    for row in rows:
        found.replace(*row)
    return found


def stops_of(db: Session, tenant_id: UUID, customer_ids: Collection[UUID], today: date) -> dict[UUID, list[ActiveStop]]:
    """Returns the stops of shipments in force, by customer, the oldest first; customers without one are absent.

    One that the ladder placed is in force while the customer owes anything overdue.
    """
    found: dict[UUID, list[ActiveStop]] = {}
    for row in columns(db, _stops(), {"tenant": tenant_id, "today": today, "customers": list(customer_ids)}).all():
        stop = ActiveStop(id=row.id, kind=row.kind, reason=row.reason, until_on=row.until_on)
        found.setdefault(row.customer_id, []).append(stop)
    return found


@cache
def _stops() -> sa.Select[*tuple[Any, ...]]:
    """Selects the stops in force of customers (binds: tenant, today, customers)."""
    hold, item = ShippingHold, OpenItem
    owes = sa.select(item.id).where(
        item.tenant_id == TENANT,
        item.customer_id == hold.customer_id,
        item.side == 1,
        item.open_minor > 0,
        item.due_on < TODAY,
    )
    return (
        sa.select(hold.customer_id, hold.id, hold.kind, hold.reason, hold.until_on)
        .where(
            hold.tenant_id == TENANT,
            hold.customer_id == sa.any_(sa.bindparam("customers", type_=sa.ARRAY(sa.Uuid))),
            hold.lifted_at.is_(None),
            sa.or_(hold.until_on.is_(None), hold.until_on >= TODAY),
            sa.or_(hold.kind != "ladder", owes.exists()),
        )
        .order_by(hold.placed_at, hold.id)
    )


def active_stops(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> list[ActiveStop]:
    """Returns the stops of shipments of one customer in force, as `stops_of`."""
    return stops_of(db, tenant_id, [customer_id], today).get(customer_id, [])


def unconfirmed_statements(
    db: Session, actor: Actor, customer_ids: Collection[UUID], policy: CreditPolicy
) -> dict[UUID, tuple[str, int]]:
    """Returns number and age in days of statements that stayed unanswered for longer than the policy allows."""
    oldest = oldest_unconfirmed(db, actor.tenant_id, customer_ids, actor.timezone)
    found = {customer_id: (each.number, (actor.today - each.sent_on).days) for customer_id, each in oldest.items()}
    return {customer_id: each for customer_id, each in found.items() if each[1] > policy.unconfirmed_days}


def accepted_proofs(db: Session, tenant_id: UUID, order_ids: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """Returns the accepted proofs of payment by order and currency, in minor units."""
    proof = PaymentProof
    rows = db.execute(
        sa.select(proof.order_id, proof.currency, sa.cast(sa.func.sum(proof.amount_minor), sa.BigInteger))
        .where(proof.tenant_id == tenant_id, proof.order_id == sa.any_(_ids(order_ids)), proof.state == "accepted")
        .group_by(proof.order_id, proof.currency)
    )
    return {(order_id, currency): minor for order_id, currency, minor in rows}


def approved_excesses(
    db: Session, tenant_id: UUID, order_ids: Collection[UUID], policy: CreditPolicy
) -> dict[UUID, list[ApprovedExcess]]:
    """Returns the approved over-limit requests by order."""
    request = OverLimitRequest
    columns = (
        request.order_id,
        request.number,
        request.currency,
        request.order_minor,
        request.order_term_days,
        request.valid_until_on,
        request.reasons,
        request.excess_bps,
        request.facts,
    )
    rows = db.execute(
        sa.select(*columns)
        .where(
            request.tenant_id == tenant_id,
            request.order_id == sa.any_(_ids(order_ids)),
            request.state == "approved",
        )
        .order_by(request.number)
    )
    found: dict[UUID, list[ApprovedExcess]] = {}
    for row in rows:
        approved = ApprovedExcess(
            number=row.number,
            currency=row.currency,
            order_minor=row.order_minor,
            term_days=row.order_term_days,
            valid_until_on=row.valid_until_on,
            codes=frozenset(CheckCode(reason["code"]) for reason in row.reasons),
            most_bps=_decided_bps(row, policy),
        )
        found.setdefault(row.order_id, []).append(approved)
    return found


def _decided_bps(row: DbRow, policy: CreditPolicy) -> int | None:
    """Returns the largest excess that the deciders of a request could let pass when it was asked (A18)."""
    if "most_bps" in row.facts:
        known: int | None = row.facts["most_bps"]
        return known
    return most_bps(deciders_of(Excess(None, None, row.excess_bps, None), policy), policy)


def overrides(
    db: Session, tenant_id: UUID, customer_ids: Collection[UUID], today: date
) -> dict[UUID, frozenset[CheckCode]]:
    """Returns the checks that a named person lets each customer pass on a day."""
    override = CheckOverride
    rows = db.execute(
        sa.select(override.customer_id, override.code).where(
            override.tenant_id == tenant_id,
            override.customer_id == sa.any_(_ids(customer_ids)),
            override.until_on >= today,
            override.ended_at.is_(None),
        )
    )
    found: dict[UUID, set[CheckCode]] = {}
    for row in rows:
        found.setdefault(row.customer_id, set()).add(CheckCode(row.code))
    return {customer_id: frozenset(codes) for customer_id, codes in found.items()}


def _ids(ids: Collection[UUID]) -> sa.ColumnElement[Any]:
    return sa.cast(sorted(ids), sa.ARRAY(sa.Uuid))
