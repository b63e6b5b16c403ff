"""Places and lifts collection holds on a customer or one item: pauses, disputes, promises to pay.

Invariants: a hold is a row with who, when and why, lifted but never removed; an item on hold keeps its level and
resumes there; placing a hold withdraws its waiting letters and tasks from the queue at once.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.holds.inputs import PlaceHold
from ar.cases.ladder.state import lock_cases, withdraw_items
from ar.cases.models import CollectionHold
from ar.cases.rules.holds import HOLD_CODES
from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.money import parse_positive_amount


def place_hold(db: Session, actor: Actor, data: PlaceHold) -> UUID:
    """Places a hold on a customer or one item, effective at once; returns its id.

    Raises NotFound, RuleBroken(`promise_needs_day`, `block_until_past`, `item_not_of_customer`, `promise_not_chosen`,
    `promise_needs_currency`, and those of an amount).
    """
    # Before the row that refers to the customer: letters take the case lock and then the customer.
    actor = lock_cases(db, actor)
    item_currency = _require_valid(db, actor, data)
    promised_minor, currency = _promised(data, item_currency)
    hold_id = new_id()
    db.execute(
        sa.insert(CollectionHold).values(
            tenant_id=actor.tenant_id,
            id=hold_id,
            customer_id=data.customer_id,
            item_id=data.item_id,
            kind=data.kind,
            until_on=data.until_on,
            reason=data.reason,
            placed_by=actor.name,
            placed_at=actor.now,
            promised_minor=promised_minor,
            currency=currency,
        )
    )
    facts = _facts(data.kind, data.until_on, data.reason, data.item_id, promised_minor, currency)
    record(db, actor, "block_placed", customer_id=data.customer_id, subject_id=hold_id, data=facts)
    withdraw_items(db, actor, data.customer_id, data.item_id, HOLD_CODES[data.kind])
    return hold_id


def lift_hold(db: Session, actor: Actor, hold_id: UUID) -> None:
    """Lifts a hold; the next run resumes at the level reached. Raises NotFound, Conflict(`block_lifted_before`)."""
    hold = CollectionHold
    row = db.execute(
        sa.select(
            *(hold.customer_id, hold.lifted_at),
            *(hold.kind, hold.until_on, hold.reason, hold.item_id, hold.promised_minor, hold.currency),
        )
        .where(hold.tenant_id == actor.tenant_id, hold.id == hold_id)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound("block_not_found")
    if row.lifted_at is not None:
        raise Conflict("block_lifted_before")
    db.execute(
        sa.update(hold)
        .where(hold.tenant_id == actor.tenant_id, hold.id == hold_id)
        .values(lifted_by=actor.name, lifted_at=actor.now)
    )
    facts = _facts(row.kind, row.until_on, row.reason, row.item_id, row.promised_minor, row.currency)
    record(db, actor, "block_lifted", customer_id=row.customer_id, subject_id=hold_id, data=facts)


def _facts(
    kind: str,
    until_on: date | None,
    reason: str,
    item_id: UUID | None,
    promised_minor: int | None,
    currency: str | None,
) -> dict[str, Any]:
    """Returns what the journal keeps of a hold, at its placing and at its lifting alike."""
    facts: dict[str, Any] = {"kind": kind, "until_on": until_on.isoformat() if until_on else None, "reason": reason}
    if promised_minor is not None:
        facts |= {"promised_minor": promised_minor, "currency": currency}
    if item_id is not None:
        facts["item_id"] = str(item_id)
    return facts


def _promised(data: PlaceHold, item_currency: str | None) -> tuple[int | None, str | None]:
    """Returns the promised amount in minor units with its currency; None of both where none is named."""
    if not data.amount:
        return None, None
    if data.kind != "promise":
        raise RuleBroken("promise_not_chosen")
    currency = item_currency or data.currency
    if not currency:
        raise RuleBroken("promise_needs_currency")
    return parse_positive_amount(data.amount, currency), currency


def _require_valid(db: Session, actor: Actor, data: PlaceHold) -> str | None:
    """Refuses what does not hold; returns the currency of the document that is named, None without one."""
    if data.kind == "promise" and data.until_on is None:
        raise RuleBroken("promise_needs_day")
    if data.until_on is not None and data.until_on < actor.today:
        raise RuleBroken("block_until_past")
    customer = db.execute(
        sa.select(Customer.id).where(
            Customer.tenant_id == actor.tenant_id, Customer.id == data.customer_id, Customer.retired_at.is_(None)
        )
    ).first()
    if customer is None:
        raise NotFound("customer_not_found")
    if data.item_id is None:
        return None
    item = OpenItem
    item_of_customer = db.execute(
        sa.select(item.currency).where(
            item.tenant_id == actor.tenant_id, item.id == data.item_id, item.customer_id == data.customer_id
        )
    ).first()
    if item_of_customer is None:
        raise NotFound("item_not_of_customer")
    return str(item_of_customer.currency)
