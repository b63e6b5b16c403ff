"""Reverses allocations, one or as many as an import made: both items are open again from a day on.

Invariant: a reversal is dated in an open period and not before either item's last movement, so that figures of past
days do not change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import (
    LockedItem,
    insert_allocation_rows,
    load_locked_items,
    require_day_between,
    update_open_amounts,
)
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.models import Allocation
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_ids
from kernel.views import DbRow


def reverse_allocation(
    db: Session, actor: Actor, allocation_id: UUID, *, item_id: UUID | None = None, effective_on: date | None = None
) -> UUID:
    """Reverses an allocation on `effective_on` (default today); both items are open again from that day.

    `item_id`: the document whose page requested it, one of the two items. Returns the id of the reversing row. Raises
    NotFound(`allocation_not_found`), Conflict(`already_reversed`), RuleBroken (`reversal_is_final`, `period_locked`,
    `effective_too_early`, `effective_in_future`).
    """
    a = Allocation
    found = db.execute(
        sa.select(a.customer_id, a.debit_item_id, a.credit_item_id).where(
            a.tenant_id == actor.tenant_id, a.id == allocation_id
        )
    ).first()
    if found is None or item_id not in (None, found.debit_item_id, found.credit_item_id):
        raise NotFound("allocation_not_found")
    actor = lock_customers(db, actor, [found.customer_id])
    [(reversal_id, on, row)], items = _reverse_allocations(db, actor, [allocation_id], effective_on, first_day=False)
    facts = {
        "allocation_id": str(allocation_id),
        "debit_no": items[row.debit_item_id].document_no,
        "credit_no": items[row.credit_item_id].document_no,
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "effective_on": on.isoformat(),
    }
    journal.record(
        db, actor, "allocation_reversed", customer_id=row.customer_id, subject_id=row.debit_item_id, data=facts
    )
    return reversal_id


def take_back_allocations(db: Session, actor: Actor, allocation_ids: Sequence[UUID]) -> int:
    """Reverses allocations that should never have been made, each on its first possible day; returns their number.

    A constant number of statements. The caller has locked the customers and records the event.
    Raises as `reverse_allocation`.
    """
    if not allocation_ids:
        return 0
    return len(_reverse_allocations(db, actor, allocation_ids, None, first_day=True)[0])


def _reverse_allocations(
    db: Session, actor: Actor, allocation_ids: Sequence[UUID], effective_on: date | None, *, first_day: bool
) -> tuple[list[tuple[UUID, date, DbRow]], dict[UUID, LockedItem]]:
    """Inserts the reversing rows: returns (its id, its day, the row reversed) of each, and the items by id."""
    rows = _load_reversible_allocations(db, actor.tenant_id, allocation_ids)
    items = load_locked_items(
        db, actor.tenant_id, [each for row in rows for each in (row.debit_item_id, row.credit_item_id)]
    )
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(effective_on, open_from)
    days = []
    for row in rows:
        pair = (items[row.debit_item_id], items[row.credit_item_id])
        on = _reversal_day(actor, pair, open_from, effective_on, first_day=first_day)
        for item in pair:
            item.open_minor += row.amount_minor
            item.last_on = on
        days.append(on)
    reversal_ids = new_ids(len(rows))
    insert_allocation_rows(
        db,
        actor,
        ids=reversal_ids,
        customer_ids=[row.customer_id for row in rows],
        currencies=[row.currency for row in rows],
        debits=[row.debit_item_id for row in rows],
        credits=[row.credit_item_id for row in rows],
        amounts=[-row.amount_minor for row in rows],
        days=days,
        reverses=[row.id for row in rows],
    )
    update_open_amounts(db, actor.tenant_id, items.values())
    return list(zip(reversal_ids, days, rows, strict=True)), items


def _reversal_day(
    actor: Actor, pair: Iterable[LockedItem], open_from: date, effective_on: date | None, *, first_day: bool
) -> date:
    """Returns the day on which an allocation is reversed, which by default is today or the earliest day possible.

    Not before either item's last movement, so that figures of past days do not change.
    """
    since = max(open_from, *(day for item in pair for day in (item.document_on, item.last_on) if day))
    if first_day:
        return since
    until = max(actor.today, since)
    return require_day_between(effective_on or until, since, until)


_SELECT_ALLOCATIONS = sa.text(
    """
    SELECT a.id, a.customer_id, a.currency, a.debit_item_id, a.credit_item_id, a.amount_minor, a.reverses_id,
        EXISTS (SELECT FROM allocation AS r WHERE r.tenant_id = :tenant AND r.reverses_id = a.id) AS reversed,
        EXISTS (
            SELECT FROM open_item AS i WHERE i.tenant_id = :tenant AND i.reverses_id IS NOT NULL
                AND i.id IN (a.debit_item_id, a.credit_item_id)
        ) AS of_reversal
    FROM allocation AS a
    WHERE a.tenant_id = :tenant AND a.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY a.customer_id, a.id
    """
)


def _load_reversible_allocations(db: Session, tenant_id: UUID, allocation_ids: Sequence[UUID]) -> Sequence[DbRow]:
    """Returns the allocations; the caller has locked their customers.

    Raises NotFound(`allocation_not_found`), RuleBroken(`reversal_is_final`), Conflict(`already_reversed`).
    """
    asked = {"tenant": tenant_id, "ids": array_text(allocation_ids)}
    rows = db.connection().execute(_SELECT_ALLOCATIONS, asked).all()
    if len(rows) != len(set(allocation_ids)):
        raise NotFound("allocation_not_found")
    for row in rows:
        if row.reverses_id is not None or row.of_reversal:
            raise RuleBroken("reversal_is_final")
        if row.reversed:
            raise Conflict("already_reversed")
    return rows
