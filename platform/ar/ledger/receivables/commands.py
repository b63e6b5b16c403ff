"""Allocates, unapplies and reverses documents at a user's request.

Invariant: a form submitted twice has one effect; only `ar.ledger.books` writes entries and allocations.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.inputs import AllocateDocument, ReverseDocument, UnapplyAllocation
from ar.ledger.receivables.settlement.discounts import take_discount, withdraw_unearned_discounts
from kernel import idempotency
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.money import BadAmount, parse_amount

#: Kinds owned by a bill, a bad-debt case or an interest charge → error code; they are reversed there, not here.
REVERSED_ELSEWHERE: Final = {
    "bill": "reversed_elsewhere",
    "bad_debt": "reversed_with_case",
    "interest_waiver": "reversed_with_charge",
}


def allocate_document(db: Session, actor: Actor, item_id: UUID, data: AllocateDocument) -> UUID:
    """Allocates between two documents, either of which may be the credit; returns the allocation's id.

    The same key again returns the first result. Raises what `allocate` raises, RuleBroken(`amount_unreadable`),
    Conflict(`idempotency_key_reused`).
    """
    request = {"item": item_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"allocate:{data.key}", request, lambda: _allocate_document(db, actor, item_id, data)
    )


def _allocate_document(db: Session, actor: Actor, item_id: UUID, data: AllocateDocument) -> UUID:
    rows = db.execute(
        sa.select(OpenItem.id, OpenItem.side, OpenItem.currency).where(
            OpenItem.tenant_id == actor.tenant_id, OpenItem.id.in_([item_id, data.other_id])
        )
    ).all()
    found = {row.id: row for row in rows}
    if len(found) != 2:
        raise NotFound("item_not_found")
    item = found[item_id]
    debit_id, credit_id = (item_id, data.other_id) if item.side > 0 else (data.other_id, item_id)
    try:
        amount_minor = parse_amount(data.amount, item.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.amount) from None
    allocation_id = allocate(db, actor, [NewAllocation(debit_id, credit_id, amount_minor, data.effective_on)])[0]
    if data.take_discount:
        take_discount(db, actor, debit_id)
    return allocation_id


def unapply_allocation(db: Session, actor: Actor, item_id: UUID, allocation_id: UUID, data: UnapplyAllocation) -> UUID:
    """Unapplies an allocation of this document; returns the id of the reversing allocation.

    The discounts that no payment earns any more go with it. Raises what `reverse_allocation` raises; RuleBroken:
    `reversed_with_case` for the credit of a bad-debt case, which keeps the debt written off.
    """
    credit, allocation = OpenItem, Allocation
    found = db.execute(
        sa.select(credit.kind, credit.document_no, allocation.debit_item_id)
        .join(allocation, sa.and_(allocation.tenant_id == actor.tenant_id, allocation.credit_item_id == credit.id))
        .where(credit.tenant_id == actor.tenant_id, allocation.id == allocation_id)
    ).one_or_none()
    if found is not None and found.kind == "bad_debt":
        raise RuleBroken(REVERSED_ELSEWHERE[found.kind])
    reversal_id = reverse_allocation(db, actor, allocation_id, item_id=item_id, effective_on=data.effective_on)
    if found is not None and found.kind != "discount":
        on = db.execute(
            sa.select(allocation.effective_on).where(
                allocation.tenant_id == actor.tenant_id, allocation.id == reversal_id
            )
        ).scalar_one()
        memo = _("%(document_no)s unapplied", document_no=found.document_no)
        withdraw_unearned_discounts(db, actor, [found.debit_item_id], on, memo=memo)
    return reversal_id


def reverse_document(db: Session, actor: Actor, item_id: UUID, data: ReverseDocument) -> UUID:
    """Reverses a document with a reason; returns the id of the reversing item.

    Raises what `books.reversal.reverse_item` raises; RuleBroken for the kinds in `REVERSED_ELSEWHERE`.
    """
    item = OpenItem
    kind = db.execute(
        sa.select(item.kind).where(item.tenant_id == actor.tenant_id, item.id == item_id)
    ).scalar_one_or_none()
    if kind in REVERSED_ELSEWHERE:
        raise RuleBroken(REVERSED_ELSEWHERE[kind])
    return reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
