"""Letting interest go and taking that back: waive, reinstate, reverse a charge.

May import this slice, the ledger's commands, approvals and the kernel. Invariants: a waiver is a credit allocated to
its charge, never an edit; above a threshold another person decides; whoever acts holds the customer first.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.interest.inputs import TakeBackInterest, WaiveInterest
from ar.interest.models import InterestCharge, InterestReinstatement, InterestWaiver
from ar.interest.rules.presets import waived_freely_minor
from ar.ledger.commands import (
    NewAllocation,
    NewItem,
    book_allocations,
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
#: The code of the approval's kind.
WAIVE = "waive_interest"


def waive(db: Session, actor: Actor, charge_id: UUID, data: WaiveInterest) -> UUID | None:
    """Waives a charge, whole or in part; returns the waiver's id, None when it was put to an approver instead.

    Up to the free amount of the company's currency it happens at once; what was waived freely of the same charge
    before counts with it. The same key again has no second effect.
    Raises NotFound, RuleBroken (`amount_unreadable`, `amount_not_positive`, `approval_pending`, `approval_nobody`,
    `period_locked`), Conflict (`interest_charge_reversed`, `allocation_exceeds_open`).
    """
    request_data = {"charge": charge_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"waive:{data.key}", request_data, lambda: _waive(db, actor, charge_id, data))


def _waive(db: Session, actor: Actor, charge_id: UUID, data: WaiveInterest) -> UUID | None:
    charge = _hold(db, actor, charge_id)
    try:
        amount = parse_amount(data.amount, charge.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.amount) from None
    _check(charge, amount)
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
    return _book(db, actor, charge, amount, data.reason, data.effective_on, None)


def waive_approved(
    db: Session, actor: Actor, charge_id: UUID, amount_minor: int, reason: str, on: date | None, approval_id: UUID
) -> UUID:
    """The effect of an approval: the waiver as it was asked for. Raises what `waive` raises of the books."""
    charge = _hold(db, actor, charge_id)
    _check(charge, amount_minor)
    return _book(db, actor, charge, amount_minor, reason, on, approval_id)


def reinstate(db: Session, actor: Actor, waiver_id: UUID, data: TakeBackInterest) -> UUID:
    """Claims again what was waived: the allocation is taken back and the credit reversed; returns the row's id.

    Raises NotFound, Conflict (`already_reversed`, `item_allocated`), RuleBroken (`period_locked`, dates).
    """
    w, c, a = InterestWaiver, InterestCharge, Allocation
    found = db.execute(
        sa.select(w.item_id, w.allocation_id, w.document_no, w.amount_minor, c.customer_id, c.currency, c.document_no)
        .join(c, sa.and_(c.tenant_id == actor.tenant_id, c.id == w.charge_id))
        .where(w.tenant_id == actor.tenant_id, w.id == waiver_id)
    ).first()
    if found is None:
        raise NotFound("interest_waiver_not_found")
    item_id, allocation_id, waiver_no, amount_minor, customer_id, currency, charge_no = found
    lock_customers(db, actor.tenant_id, [customer_id])
    loose = db.execute(
        sa.select(a.id).where(a.tenant_id == actor.tenant_id, a.reverses_id == allocation_id)
    ).scalar_one_or_none()
    if loose is None:  # else somebody took the allocation back on the document's page
        reverse_allocation(db, actor, allocation_id, effective_on=data.effective_on)
    reversal_id = reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
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
        customer_id=customer_id,
        subject_id=waiver_id,
        data={
            "document_no": charge_no,
            "waiver_no": waiver_no,
            "currency": currency,
            "amount_minor": amount_minor,
            "reason": data.reason,
        },
    )
    return reinstatement_id


def reverse_charge(db: Session, actor: Actor, charge_id: UUID, data: TakeBackInterest) -> UUID:
    """Reverses a charge's document, which frees its days for a later run; returns the mirror item's id.

    Raises NotFound, Conflict (`already_reversed`, `item_allocated`), RuleBroken (`period_locked`, dates).
    """
    charge = _hold(db, actor, charge_id)
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


def _hold(db: Session, actor: Actor, charge_id: UUID) -> Any:
    """The charge as it stands under its customer's lock. Raises NotFound."""
    c, i, mirror = InterestCharge, OpenItem, sa.orm.aliased(OpenItem)
    customer_id = db.execute(
        sa.select(c.customer_id).where(c.tenant_id == actor.tenant_id, c.id == charge_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("interest_charge_not_found")
    lock_customers(db, actor.tenant_id, [customer_id])
    return db.execute(
        sa.select(
            *(c.id, c.customer_id, c.currency, c.item_id, c.document_no, c.amount_minor, i.open_minor),
            sa.exists().where(mirror.tenant_id == actor.tenant_id, mirror.reverses_id == c.item_id).label("reversed"),
        )
        .join(i, sa.and_(i.tenant_id == actor.tenant_id, i.id == c.item_id))
        .where(c.tenant_id == actor.tenant_id, c.id == charge_id)
    ).one()


def _check(charge: Any, amount_minor: int) -> None:
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
    """Above the free amount, and always in another currency: the threshold is the company's own.

    Waivers of the charge that nobody approved count together while they stand: many small ones are one large one.
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
    return before + amount_minor > waived_freely_minor()


def _book(
    db: Session, actor: Actor, charge: Any, amount_minor: int, reason: str, on: date | None, approval_id: UUID | None
) -> UUID:
    """The credit, its allocation to the charge, and the row that says why."""
    on = on or actor.today
    number = take_numbers(db, actor.tenant_id, f"{WAIVER}:{on.year}")[0]
    waiver_no = document_number("IW", on.year, number)
    item = NewItem(
        charge.customer_id, WAIVER, waiver_no, on, on, on, charge.currency, amount_minor, reference=charge.document_no
    )
    (item_id,) = post_items(db, actor, [item], memo=reason)
    wanted = NewAllocation(charge.item_id, item_id, amount_minor, on)
    allocations, _items = book_allocations(db, actor, [wanted])
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
    return waiver_id
