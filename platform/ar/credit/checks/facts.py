"""Gathers, for one order, what `ar.credit.rules.decision` asks of its customer.

Invariants: read under the customer's lock; a constant number of statements; what a person may see filters nothing.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import CheckOverride, OverLimitRequest, PaymentProof, ShippingHold
from ar.credit.exposure.accounts import AddedAmount, CustomerAccount, customer_accounts
from ar.credit.exposure.models import Commitment
from ar.credit.exposure.parts import NO_PARTS
from ar.credit.rules.decision import Account, ActiveStop, ApprovedExcess, CustomerFacts, OrderFacts
from ar.credit.rules.policy import CheckCode, CreditPolicy
from ar.customers.lookups import blacklisted_since, file_gaps
from ar.ledger.models import OpenItem
from ar.statements.lookups import oldest_unconfirmed
from kernel.actor import Actor
from kernel.binds import TENANT, TODAY
from kernel.db import columns
from kernel.visibility import everything


def customer_facts(
    db: Session, actor: Actor, customer_id: UUID, order: OrderFacts, policy: CreditPolicy
) -> CustomerFacts:
    """Returns the facts of the customer for an order, whether or not its commitment is in the exposure by now.

    What the order commits already is taken out and `order.committed_minor` put in, so that asking twice asks the same.
    """
    tenant_id = actor.tenant_id
    with everything(db):
        before_minor, others_prepaid_minor = _commitments(db, tenant_id, customer_id, order)
        adding = AddedAmount(customer_id, order.currency, order.committed_minor - before_minor)
        accounts = customer_accounts(db, tenant_id, [customer_id], policy, today=actor.today, adding=adding)
        account, group = accounts.own[customer_id], accounts.group_of(customer_id)
        own = account.by_currency.get(order.currency, NO_PARTS)
        in_hand_minor = own.parts.unapplied_minor - own.conditional_minor
        owed_otherwise_minor = (
            own.parts.open_receivables_minor
            + own.parts.signed_not_invoiced_minor
            + own.parts.shipped_not_signed_minor
            + own.parts.released_orders_minor
            - order.committed_minor
        )
        oldest = account.oldest_due_on
        return CustomerFacts(
            account=_account(account),
            group=None if group is None else _account(group),
            past_due_items=account.past_due_items,
            past_due_days=0 if oldest is None else (actor.today - oldest).days,
            cleared_minor=in_hand_minor - others_prepaid_minor,
            surplus_minor=in_hand_minor - owed_otherwise_minor,
            proof_minor=_accepted_proofs(db, tenant_id, order),
            stops=active_stops(db, tenant_id, customer_id, actor.today),
            blacklisted_since=blacklisted_since(db, tenant_id, [customer_id], actor.timezone).get(customer_id),
            unconfirmed=_unconfirmed(db, actor, customer_id, policy),
            file_gaps=file_gaps(db, tenant_id, [customer_id], actor.today).get(customer_id, ()),
            approvals=_approved_excesses(db, tenant_id, order.order_id),
            overrides=_overrides(db, tenant_id, customer_id, actor.today),
        )


def active_stops(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> list[ActiveStop]:
    """Returns the stops of shipments in force, the oldest first.

    One that the ladder placed is in force while the customer owes anything overdue.
    """
    rows = columns(db, _active_stops(), {"tenant": tenant_id, "customer": customer_id, "today": today})
    return [ActiveStop(id=row.id, kind=row.kind, reason=row.reason, until_on=row.until_on) for row in rows]


@cache
def _active_stops() -> sa.Select[*tuple[Any, ...]]:
    hold, item, customer = ShippingHold, OpenItem, sa.bindparam("customer", type_=sa.Uuid)
    owes = sa.select(item.id).where(
        item.tenant_id == TENANT,
        item.customer_id == customer,
        item.side == 1,
        item.open_minor > 0,
        item.due_on < TODAY,
    )
    return (
        sa.select(hold.id, hold.kind, hold.reason, hold.until_on)
        .where(
            hold.tenant_id == TENANT,
            hold.customer_id == customer,
            hold.lifted_at.is_(None),
            sa.or_(hold.until_on.is_(None), hold.until_on >= TODAY),
            sa.or_(hold.kind != "ladder", owes.exists()),
        )
        .order_by(hold.placed_at, hold.id)
    )


def _account(account: CustomerAccount) -> Account:
    return Account(account.limit, account.exposure_minor, account.missing_rates)


def _commitments(db: Session, tenant_id: UUID, customer_id: UUID, order: OrderFacts) -> tuple[int, int]:
    """Returns what the order commits already, and what the customer's other prepaid orders take of money in hand."""
    commitment = Commitment
    total = commitment.released_minor + commitment.shipped_minor + commitment.signed_minor
    is_this = commitment.order_id == order.order_id
    row = db.execute(
        sa.select(
            sa.cast(sa.func.coalesce(sa.func.sum(total).filter(is_this), 0), sa.BigInteger).label("committed_minor"),
            sa.cast(
                sa.func.coalesce(sa.func.sum(total).filter(sa.not_(is_this), commitment.prepaid), 0), sa.BigInteger
            ).label("prepaid_minor"),
        ).where(
            commitment.tenant_id == tenant_id,
            commitment.customer_id == customer_id,
            commitment.currency == order.currency,
        )
    ).one()
    return row.committed_minor, row.prepaid_minor


def _unconfirmed(db: Session, actor: Actor, customer_id: UUID, policy: CreditPolicy) -> tuple[str, int] | None:
    """Returns number and age in days of the statement that stayed unanswered for longer than the policy allows."""
    found = oldest_unconfirmed(db, actor.tenant_id, [customer_id], actor.timezone).get(customer_id)
    if found is None:
        return None
    days = (actor.today - found.sent_on).days
    return (found.number, days) if days > policy.unconfirmed_days else None


def _accepted_proofs(db: Session, tenant_id: UUID, order: OrderFacts) -> int:
    proof = PaymentProof
    total = sa.cast(sa.func.coalesce(sa.func.sum(proof.amount_minor), 0), sa.BigInteger)
    return db.execute(
        sa.select(total).where(
            proof.tenant_id == tenant_id,
            proof.order_id == order.order_id,
            proof.currency == order.currency,
            proof.state == "accepted",
        )
    ).scalar_one()


def _approved_excesses(db: Session, tenant_id: UUID, order_id: UUID) -> list[ApprovedExcess]:
    request = OverLimitRequest
    rows = db.execute(
        sa.select(request.number, request.currency, request.order_minor, request.valid_until_on, request.reasons)
        .where(request.tenant_id == tenant_id, request.order_id == order_id, request.state == "approved")
        .order_by(request.number)
    )
    return [
        ApprovedExcess(
            number=row.number,
            currency=row.currency,
            order_minor=row.order_minor,
            valid_until_on=row.valid_until_on,
            codes=frozenset(CheckCode(reason["code"]) for reason in row.reasons),
        )
        for row in rows
    ]


def _overrides(db: Session, tenant_id: UUID, customer_id: UUID, today: date) -> frozenset[CheckCode]:
    override = CheckOverride
    rows = db.execute(
        sa.select(override.code).where(
            override.tenant_id == tenant_id,
            override.customer_id == customer_id,
            override.until_on >= today,
            override.ended_at.is_(None),
        )
    )
    return frozenset(CheckCode(row.code) for row in rows)
