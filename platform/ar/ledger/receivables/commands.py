"""What a person does to the ledger from a page: allocate, take back, reverse.

May import posting, allocation, discounts, the inputs and the kernel. Invariant: a form sent twice has one effect; the
books themselves are changed by `posting` and `allocation` alone.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, allocate, reverse_allocation
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.inputs import AllocateDocument, ReverseDocument, UnapplyAllocation
from ar.ledger.receivables.settlement.discounts import take_discount
from kernel import idempotency
from kernel.actor import Actor
from kernel.errors import NotFound, RuleBroken
from kernel.money import BadAmount, parse_amount

#: Kinds that belong to a bill, a case or a charge, with why their document alone is not reversed.
ELSEWHERE: Final = {
    "bill": "reversed_elsewhere",
    "bad_debt": "reversed_with_case",
    "interest_waiver": "reversed_with_charge",
}


def allocate_document(db: Session, actor: Actor, item_id: UUID, data: AllocateDocument) -> UUID:
    """Allocates between two documents, whichever of them is the credit; returns the allocation's id.

    The same key again returns the first answer. Raises what `allocate` raises, RuleBroken(`amount_unreadable`)
    for an amount that is not one, Conflict(`idempotency_key_reused`).
    """
    request = {"item": item_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"allocate:{data.key}", request, lambda: _allocate_document(db, actor, item_id, data)
    )


def _allocate_document(db: Session, actor: Actor, item_id: UUID, data: AllocateDocument) -> UUID:
    i = OpenItem
    rows = db.execute(
        sa.select(i.id, i.side, i.currency).where(i.tenant_id == actor.tenant_id, i.id.in_([item_id, data.other_id]))
    ).all()
    found = {row.id: row for row in rows}
    if len(found) != 2:
        raise NotFound("item_not_found")
    item = found[item_id]
    debit_id, credit_id = (item_id, data.other_id) if item.side > 0 else (data.other_id, item_id)
    try:
        amount = parse_amount(data.amount, item.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.amount) from None
    wanted = NewAllocation(debit_id, credit_id, amount, data.effective_on)
    allocation_id = allocate(db, actor, [wanted])[0]
    if data.take_discount:
        take_discount(db, actor, debit_id)
    return allocation_id


def unapply_allocation(db: Session, actor: Actor, item_id: UUID, allocation_id: UUID, data: UnapplyAllocation) -> UUID:
    """Takes an allocation of this document back; see `allocation.reverse_allocation`.

    Raises RuleBroken(`reversed_with_case`): a debt is not open again while its case holds it for written off; and
    `discount_first` while the document keeps a discount that the payment earned.
    """
    i, a = OpenItem, Allocation
    found = db.execute(
        sa.select(i.kind, a.debit_item_id)
        .join(a, sa.and_(a.tenant_id == actor.tenant_id, a.credit_item_id == i.id))
        .where(i.tenant_id == actor.tenant_id, a.id == allocation_id)
    ).one_or_none()
    if found is not None and found.kind == "bad_debt":
        raise RuleBroken(ELSEWHERE[found.kind])
    if found is not None and found.kind == "receipt":
        _refuse_unearned(db, actor, found.debit_item_id)
    return reverse_allocation(db, actor, allocation_id, item_id=item_id, effective_on=data.effective_on)


def _refuse_unearned(db: Session, actor: Actor, item_id: UUID) -> None:
    i, a, back = OpenItem, Allocation, sa.orm.aliased(Allocation)
    discount = db.execute(
        sa.select(i.document_no)
        .join(a, sa.and_(a.tenant_id == actor.tenant_id, a.credit_item_id == i.id))
        .where(i.tenant_id == actor.tenant_id, a.debit_item_id == item_id, i.kind == "discount", a.amount_minor > 0)
        .where(~sa.exists().where(back.tenant_id == actor.tenant_id, back.reverses_id == a.id))
        .limit(1)
    ).scalar_one_or_none()
    if discount is not None:
        raise RuleBroken("discount_first", document_no=discount)


def reverse_document(db: Session, actor: Actor, item_id: UUID, data: ReverseDocument) -> UUID:
    """Reverses a document with a reason; see `posting.reverse_item`.

    Raises RuleBroken too for what is taken back on a page of its own, so that both stay in step (`ELSEWHERE`).
    """
    i = OpenItem
    kind = db.execute(sa.select(i.kind).where(i.tenant_id == actor.tenant_id, i.id == item_id)).scalar_one_or_none()
    if kind in ELSEWHERE:
        raise RuleBroken(ELSEWHERE[kind])
    return reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
