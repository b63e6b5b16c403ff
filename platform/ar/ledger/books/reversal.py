"""Reverses a document with all its instalments: posts a mirror document that clears it.

Invariant: nothing is edited; the mirror clears its original on one day of an open period, at most once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, insert_allocations, require_day_between
from ar.ledger.books.entries import NewItem, insert_entries, insert_items, reversing_legs
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.books.posting_rules import REVERSAL
from ar.ledger.models import Allocation, OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.views import DbRow


def reverse_item(db: Session, actor: Actor, item_id: UUID, *, effective_on: date | None = None, memo: str = "") -> UUID:
    """Reverses a document by a mirror item `REV-…` that clears it on `effective_on`.

    All instalments of a document are reversed together. Default and latest day: today, or the document's date, its last
    allocation or the first open day where later. Returns the id of this item's mirror. Raises NotFound
    (`item_not_found`); Conflict (`already_reversed`, `item_allocated` while allocations stand); RuleBroken
    (`reversal_is_final`, `period_locked`, `effective_too_early`, `effective_in_future`).
    """
    i = OpenItem
    customer_id = db.execute(
        sa.select(i.customer_id).where(i.tenant_id == actor.tenant_id, i.id == item_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    actor = lock_customers(db, actor, [customer_id])
    parts = _load_reversible_items(db, actor.tenant_id, item_id)
    original = parts[0]
    on = _reversal_day(db, actor, parts, effective_on)
    number = take_numbers(db, actor.tenant_id, f"reversal:{on.year}")[0]
    reversal_no = document_number("REV", on.year, number)
    mirrors = [_mirror(part, customer_id, reversal_no, on) for part in parts]
    mirror_ids, entry_id = new_ids(len(parts)), new_id()
    legs = reversing_legs(db, actor.tenant_id, original.entry_id, entry_id)
    insert_entries(db, actor, [entry_id], [REVERSAL], [on], legs, memo=memo, reverses=[original.entry_id])
    part_ids = [part.id for part in parts]
    insert_items(
        db, actor, mirror_ids, [entry_id] * len(parts), [-original.side] * len(parts), mirrors, reverses=part_ids
    )
    clearing = [_clearing(part, mirror, on) for part, mirror in zip(parts, mirror_ids, strict=True)]
    insert_allocations(db, actor, clearing)
    mirror_id = mirror_ids[part_ids.index(item_id)]
    facts = {
        "kind": original.kind,
        "document_no": original.document_no,
        "reversal_id": str(mirror_id),
        "reversal_no": reversal_no,
        "effective_on": on.isoformat(),
        "currency": original.currency,
        "amount_minor": sum(part.amount_minor for part in parts),
        "memo": memo,
    }
    journal.record(db, actor, "document_reversed", customer_id=customer_id, subject_id=item_id, data=facts)
    return mirror_id


def _reversal_day(db: Session, actor: Actor, parts: Sequence[DbRow], effective_on: date | None) -> date:
    """Returns the day on which a document is reversed, which by default is today or the earliest day possible.

    Not before the document or its last movement, and in an open period, so that figures of past days do not change.
    """
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(effective_on, open_from)
    since = max(parts[0].document_on, open_from, *(part.last_on for part in parts if part.last_on))
    until = max(actor.today, since)
    return require_day_between(effective_on or until, since, until)


def _mirror(part: DbRow, customer_id: UUID, reversal_no: str, on: date) -> NewItem:
    return NewItem(
        customer_id=customer_id,
        kind=REVERSAL,
        document_no=reversal_no,
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=part.currency,
        amount_minor=part.amount_minor,
        reference=part.document_no,
        instalment_no=part.instalment_no,
    )


def _clearing(part: DbRow, mirror_id: UUID, on: date) -> NewAllocation:
    """Returns the allocation by which the mirror clears its original."""
    debit_id, credit_id = (part.id, mirror_id) if part.side > 0 else (mirror_id, part.id)
    return NewAllocation(debit_id, credit_id, part.amount_minor, on)


def _load_reversible_items(db: Session, tenant_id: UUID, item_id: UUID) -> Sequence[DbRow]:
    """Returns all items of the document of `item_id`; the caller has locked the customer.

    `last_on`: the day of the item's last allocation. Raises as `reverse_item`.
    """
    item, allocation = OpenItem, Allocation
    requested, mirror = sa.orm.aliased(OpenItem), sa.orm.aliased(OpenItem)
    rows = db.execute(
        sa.select(
            item.id,
            item.kind,
            item.side,
            item.entry_id,
            item.document_no,
            item.instalment_no,
            item.document_on,
            item.currency,
            item.amount_minor,
            item.open_minor,
            sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item.id).label("reversed"),
            sa.select(sa.func.max(allocation.effective_on))
            .where(
                allocation.tenant_id == tenant_id,
                sa.or_(allocation.debit_item_id == item.id, allocation.credit_item_id == item.id),
            )
            .scalar_subquery()
            .label("last_on"),
        )
        .join(requested, sa.and_(requested.tenant_id == tenant_id, requested.entry_id == item.entry_id))
        .where(item.tenant_id == tenant_id, requested.id == item_id)
        .order_by(item.instalment_no)
    ).all()
    for row in rows:
        if row.kind == REVERSAL:
            raise RuleBroken("reversal_is_final")
        if row.reversed:
            raise Conflict("already_reversed", document_no=row.document_no)
        if row.open_minor != row.amount_minor:
            raise Conflict("item_allocated", document_no=row.document_no)
    return rows
