"""Reversing: a document is taken back by a mirror of itself, with all its instalments.

May import books, allocation, periods, the ledger's tables and the kernel. Invariant: nothing is edited; the mirror
clears what it takes back on one day of an open period, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, insert_allocations, lock_customers, within_days
from ar.ledger.books.entries import NewItem, mirrored, write_entries, write_items
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.books.posting_rules import REVERSAL
from ar.ledger.models import Allocation, OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids


def reverse_item(db: Session, actor: Actor, item_id: UUID, *, effective_on: date | None = None, memo: str = "") -> UUID:
    """Takes a document back by a mirror item `REV-…` that clears it on `effective_on`.

    All instalments of a document go together. Default: today, or the day of the document, of its last allocation or
    the first open day when that is later; no later day is taken. Returns the id of this item's mirror. Raises
    NotFound; Conflict(`already_reversed`), Conflict(`item_allocated`) while allocations stand; RuleBroken for a
    reversal of a reversal, a locked period, or a date before or after those days.
    """
    i = OpenItem
    customer_id = db.execute(
        sa.select(i.customer_id).where(i.tenant_id == actor.tenant_id, i.id == item_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    lock_customers(db, actor.tenant_id, [customer_id])
    parts = _reversible(db, actor.tenant_id, item_id)
    original = parts[0]
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(effective_on, open_from)
    # Not before the document or its last movement, and in an open period: a day seen closed stays as it was seen.
    since = max(original.document_on, open_from, *(p.last_on for p in parts if p.last_on))
    until = max(actor.today, since)
    on = within_days(effective_on or until, since, until)
    number = take_numbers(db, actor.tenant_id, f"reversal:{on.year}")[0]
    mirrors = [
        NewItem(
            customer_id=customer_id,
            kind=REVERSAL,
            document_no=document_number("REV", on.year, number),
            document_on=on,
            due_on=on,
            collection_end_on=on,
            currency=part.currency,
            amount_minor=part.amount_minor,
            reference=part.document_no,
            instalment_no=part.instalment_no,
        )
        for part in parts
    ]
    mirror_ids, entry_id = new_ids(len(parts)), new_id()
    legs = mirrored(db, actor.tenant_id, original.entry_id, entry_id)
    write_entries(db, actor, [entry_id], [REVERSAL], [on], legs, memo=memo, reverses=[original.entry_id])
    part_ids = [part.id for part in parts]
    write_items(
        db, actor, mirror_ids, [entry_id] * len(parts), [-original.side] * len(parts), mirrors, reverses=part_ids
    )
    pairs = [(p.id, m) if p.side > 0 else (m, p.id) for p, m in zip(parts, mirror_ids, strict=True)]
    insert_allocations(
        db,
        actor,
        [NewAllocation(debit, credit, p.amount_minor, on) for (debit, credit), p in zip(pairs, parts, strict=True)],
    )
    mirror_id = mirror_ids[part_ids.index(item_id)]
    journal.record(
        db,
        actor,
        "document_reversed",
        customer_id=customer_id,
        subject_id=item_id,
        data={
            "kind": original.kind,
            "document_no": original.document_no,
            "reversal_id": str(mirror_id),
            "reversal_no": mirrors[0].document_no,
            "effective_on": on.isoformat(),
            "currency": original.currency,
            "amount_minor": sum(part.amount_minor for part in parts),
            "memo": memo,
        },
    )
    return mirror_id


def _reversible(db: Session, tenant_id: UUID, item_id: UUID) -> Sequence[Any]:
    """The document's items as they stand under the customer's lock, when it may be reversed.

    `last_on`: the day of the item's last allocation.
    """
    i, a, asked = OpenItem, Allocation, sa.orm.aliased(OpenItem)
    mirror = sa.orm.aliased(OpenItem)
    rows = db.execute(
        sa.select(
            i.id,
            i.kind,
            i.side,
            i.entry_id,
            i.document_no,
            i.instalment_no,
            i.document_on,
            i.currency,
            i.amount_minor,
            i.open_minor,
            sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == i.id).label("reversed"),
            sa.select(sa.func.max(a.effective_on))
            .where(a.tenant_id == tenant_id, sa.or_(a.debit_item_id == i.id, a.credit_item_id == i.id))
            .scalar_subquery()
            .label("last_on"),
        )
        .join(asked, sa.and_(asked.tenant_id == tenant_id, asked.entry_id == i.entry_id))
        .where(i.tenant_id == tenant_id, asked.id == item_id)
        .order_by(i.instalment_no)
    ).all()
    for row in rows:
        if row.kind == REVERSAL:
            raise RuleBroken("reversal_is_final")
        if row.reversed:
            raise Conflict("already_reversed", document_no=row.document_no)
        if row.open_minor != row.amount_minor:
            raise Conflict("item_allocated", document_no=row.document_no)
    return rows
