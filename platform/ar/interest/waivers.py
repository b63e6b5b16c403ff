"""Waives late interest, reinstates a waiver, reverses a charge.

Invariants: a waiver is a credit allocated to its charge, never an edit; above a threshold another person approves it;
every command locks the customer first.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.inputs import ReverseInterest, WaiveInterest
from ar.interest.models import InterestCharge, InterestReinstatement, InterestWaiver
from ar.interest.rules.presets import waiver_limit_minor
from ar.ledger.commands import (
    NewAllocation,
    NewItem,
    insert_allocations,
    lock_customers,
    post_items,
    reverse_allocation,
    reverse_item,
)
from ar.ledger.models import Allocation, OpenItem
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, parse_amount
from tenants.approvals.engine import ApprovalRequest, request
from tenants.queries import tenant

WAIVER = "interest_waiver"
#: The code of the approval kind.
WAIVE = "waive_interest"


def waive(db: Session, actor: Actor, charge_id: UUID, data: WaiveInterest) -> UUID | None:
    """Waives a charge in full or in part; returns the waiver's id, None when an approval was requested instead.

    Posted at once up to the free limit in the company's currency, counting earlier free waivers of the same charge.
    The same key has no second effect.
    Raises NotFound, RuleBroken (`amount_unreadable`, `amount_not_positive`, `approval_pending`, `approval_nobody`,
    `period_locked`), Conflict (`interest_charge_reversed`, `allocation_exceeds_open`).
    """
    request_data = {"charge": charge_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"waive:{data.key}", request_data, lambda: _waive(db, actor, charge_id, data))


def _waive(db: Session, actor: Actor, charge_id: UUID, data: WaiveInterest) -> UUID | None:
    actor, charge = _lock_charge(db, actor, charge_id)
    try:
        amount = parse_amount(data.amount, charge.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.amount) from None
    _require_waivable(charge, amount)
    if _needs_approval(db, actor, charge, amount):
        request(
            db,
            actor,
            ApprovalRequest(
                WAIVE,
                charge_id,
                charge.customer_id,
                amount,
                charge.currency,
                facts={
                    "document_no": charge.document_no,
                    "effective_on": data.effective_on.isoformat() if data.effective_on else None,
                },
                reason=data.reason,
            ),
        )
        return None
    return _post_waiver(db, actor, charge, amount, data.reason, data.effective_on, None)


def waive_approved(
    db: Session, actor: Actor, charge_id: UUID, amount_minor: int, reason: str, on: date | None, approval_id: UUID
) -> UUID:
    """Posts a waiver as it was approved; returns its id. Raises Conflict and RuleBroken as `waive` does."""
    actor, charge = _lock_charge(db, actor, charge_id)
    _require_waivable(charge, amount_minor)
    return _post_waiver(db, actor, charge, amount_minor, reason, on, approval_id)


def reinstate(db: Session, actor: Actor, waiver_id: UUID, data: ReverseInterest) -> UUID:
    """Reinstates waived interest: unapplies the waiver's allocation, reverses its credit; returns the row's id.

    Raises NotFound, Conflict (`already_reversed`, `item_allocated`), RuleBroken (`period_locked`, dates).
    """
    waiver, charge = InterestWaiver, InterestCharge
    found = db.execute(
        sa.select(
            *(waiver.item_id, waiver.allocation_id, waiver.document_no, waiver.amount_minor),
            *(charge.customer_id, charge.currency, charge.document_no.label("charge_no")),
        )
        .join(charge, sa.and_(charge.tenant_id == actor.tenant_id, charge.id == waiver.charge_id))
        .where(waiver.tenant_id == actor.tenant_id, waiver.id == waiver_id)
    ).first()
    if found is None:
        raise NotFound("interest_waiver_not_found")
    actor = lock_customers(db, actor, [found.customer_id])
    reversal_id = _reverse_waiver(db, actor, found.item_id, found.allocation_id, data)
    reinstatement_id = new_id()
    db.execute(
        sa.insert(InterestReinstatement).values(
            tenant_id=actor.tenant_id,
            id=reinstatement_id,
            waiver_id=waiver_id,
            reversal_item_id=reversal_id,
            reason=data.reason,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    journal.record(
        db,
        actor,
        "interest_reinstated",
        customer_id=found.customer_id,
        subject_id=waiver_id,
        data={
            "document_no": found.charge_no,
            "waiver_no": found.document_no,
            "currency": found.currency,
            "amount_minor": found.amount_minor,
            "reason": data.reason,
        },
    )
    return reinstatement_id


def _reverse_waiver(db: Session, actor: Actor, item_id: UUID, allocation_id: UUID, data: ReverseInterest) -> UUID:
    """Unapplies a waiver's allocation, unless that was done before, and reverses its credit; returns the reversal."""
    a = Allocation
    unapplied_by = db.execute(
        sa.select(a.id).where(a.tenant_id == actor.tenant_id, a.reverses_id == allocation_id)
    ).scalar_one_or_none()
    if unapplied_by is None:  # else it was already unapplied on the document's page
        reverse_allocation(db, actor, allocation_id, effective_on=data.effective_on)
    return reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)


def reverse_charge(db: Session, actor: Actor, charge_id: UUID, data: ReverseInterest) -> UUID:
    """Reverses a charge's document, so that a later run can charge its days; returns the reversing item's id.

    Raises NotFound, Conflict (`already_reversed`, `item_allocated`), RuleBroken (`period_locked`, dates).
    """
    actor, charge = _lock_charge(db, actor, charge_id)
    mirror_id = reverse_item(db, actor, charge.item_id, effective_on=data.effective_on, memo=data.reason)
    journal.record(
        db,
        actor,
        "interest_charge_reversed",
        customer_id=charge.customer_id,
        subject_id=charge_id,
        data={
            "document_no": charge.document_no,
            "currency": charge.currency,
            "amount_minor": charge.amount_minor,
            "reason": data.reason,
        },
    )
    return mirror_id


def _lock_charge(db: Session, actor: Actor, charge_id: UUID) -> tuple[Actor, Any]:
    """Locks the customer; returns the actor after it, and the charge with its open amount.

    Raises NotFound(`interest_charge_not_found`).
    """
    c, i, mirror = InterestCharge, OpenItem, sa.orm.aliased(OpenItem)
    customer_id = db.execute(
        sa.select(c.customer_id).where(c.tenant_id == actor.tenant_id, c.id == charge_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("interest_charge_not_found")
    actor = lock_customers(db, actor, [customer_id])
    charge = db.execute(
        sa.select(
            *(c.id, c.customer_id, c.currency, c.item_id, c.document_no, c.amount_minor, i.open_minor),
            sa.exists().where(mirror.tenant_id == actor.tenant_id, mirror.reverses_id == c.item_id).label("reversed"),
        )
        .join(i, sa.and_(i.tenant_id == actor.tenant_id, i.id == c.item_id))
        .where(c.tenant_id == actor.tenant_id, c.id == charge_id)
    ).one()
    return actor, charge


def _require_waivable(charge: Any, amount_minor: int) -> None:
    """Raises Conflict (`interest_charge_reversed`, `allocation_exceeds_open`), RuleBroken(`amount_not_positive`)."""
    if charge.reversed:
        raise Conflict("interest_charge_reversed", document_no=charge.document_no)
    if amount_minor <= 0:
        raise RuleBroken("amount_not_positive", document_no=charge.document_no)
    if amount_minor > charge.open_minor:
        raise Conflict(
            "allocation_exceeds_open",
            document_no=charge.document_no,
            open_minor=charge.open_minor,
            currency=charge.currency,
        )


def _needs_approval(db: Session, actor: Actor, charge: Any, amount_minor: int) -> bool:
    """Tells that a waiver needs approval: above the free limit, and always in a foreign currency.

    Unapproved waivers of the charge that are not reversed count together: many small ones are one large one.
    """
    if charge.currency != tenant(db, actor.tenant_id).currency:
        return True
    w, mirror = InterestWaiver, sa.orm.aliased(OpenItem)
    before = db.execute(
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(w.amount_minor), 0), sa.BigInteger)).where(
            w.tenant_id == actor.tenant_id,
            w.charge_id == charge.id,
            w.approval_id.is_(None),
            ~sa.exists().where(mirror.tenant_id == actor.tenant_id, mirror.reverses_id == w.item_id),
        )
    ).scalar_one()
    return before + amount_minor > waiver_limit_minor()


def _post_waiver(
    db: Session, actor: Actor, charge: Any, amount_minor: int, reason: str, on: date | None, approval_id: UUID | None
) -> UUID:
    """Posts the credit, allocates it to the charge and records the reason; returns the waiver's id."""
    on = on or actor.today
    number = take_numbers(db, actor.tenant_id, f"{WAIVER}:{on.year}")[0]
    waiver_no = document_number("IW", on.year, number)
    item = NewItem(
        charge.customer_id, WAIVER, waiver_no, on, on, on, charge.currency, amount_minor, reference=charge.document_no
    )
    (item_id,) = post_items(db, actor, [item], memo=reason)
    allocation = NewAllocation(charge.item_id, item_id, amount_minor, on)
    allocations, _items = insert_allocations(db, actor, [allocation])
    waiver_id = new_id()
    db.execute(
        sa.insert(InterestWaiver).values(
            tenant_id=actor.tenant_id,
            id=waiver_id,
            charge_id=charge.id,
            item_id=item_id,
            allocation_id=allocations[0],
            document_no=waiver_no,
            waived_on=on,
            amount_minor=amount_minor,
            reason=reason,
            approval_id=approval_id,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    _record_waiver(db, actor, charge, waiver_no, amount_minor, reason, approval_id)
    return waiver_id


def _record_waiver(
    db: Session, actor: Actor, charge: Any, waiver_no: str, amount_minor: int, reason: str, approval_id: UUID | None
) -> None:
    journal.record(
        db,
        actor,
        "interest_waived",
        customer_id=charge.customer_id,
        subject_id=charge.id,
        data={
            "document_no": charge.document_no,
            "waiver_no": waiver_no,
            "currency": charge.currency,
            "amount_minor": amount_minor,
            "reason": reason,
            "approval_id": str(approval_id) if approval_id else None,
        },
    )
