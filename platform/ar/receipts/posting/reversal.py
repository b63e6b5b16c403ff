"""Reverses a receipt or a refund together with what it was allocated to, all on one day.

Invariant: nothing is edited; the day is the requested one, or where later the last movement on these documents or the
first open day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.commands import (
    first_open_on,
    lock_open_period,
    reverse_allocation,
    reverse_item,
    withdraw_unearned_discounts,
)
from ar.ledger.models import Allocation, OpenItem
from kernel.actor import Actor
from kernel.views import DbRow


def reverse_with_allocations(db: Session, actor: Actor, item_id: UUID, wanted_on: date, memo: str) -> None:
    """Unapplies what the document paid, reverses it, and takes back the discounts that no other payment earns.

    The caller has locked the customer. Raises what `reverse_allocation` and `reverse_item` raise.
    """
    rows = allocations_in_force(db, actor.tenant_id, item_id)
    paid_ids = dict.fromkeys(row.debit_item_id for row in rows if row.debit_item_id != item_id)
    touched = {item_id, *(each for row in rows for each in (row.debit_item_id, row.credit_item_id))}
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    on = max(wanted_on, open_from, *_last_movements(db, actor.tenant_id, touched))
    for row in rows:
        reverse_allocation(db, actor, row.id, effective_on=on)
    withdraw_unearned_discounts(db, actor, paid_ids, on, memo=memo)
    reverse_item(db, actor, item_id, effective_on=on, memo=memo)


def allocations_in_force(db: Session, tenant_id: UUID, item_id: UUID) -> list[DbRow]:
    """Returns the allocations of a document, on either side, that are not reversed: id, items, minor units."""
    a = Allocation
    return _in_force(db, tenant_id, sa.or_(a.credit_item_id == item_id, a.debit_item_id == item_id))


def discount_allocations(db: Session, tenant_id: UUID, debit_ids: Iterable[UUID]) -> list[DbRow]:
    """Returns the allocations of early-payment discounts to these documents."""
    a, credit = Allocation, OpenItem
    is_discount = sa.exists().where(
        credit.tenant_id == tenant_id, credit.id == a.credit_item_id, credit.kind == "discount"
    )
    return _in_force(db, tenant_id, sa.and_(a.debit_item_id.in_(list(debit_ids)), is_discount))


def _in_force(db: Session, tenant_id: UUID, wanted: sa.ColumnElement[bool]) -> list[DbRow]:
    a, back, mirror = Allocation, aliased(Allocation), aliased(OpenItem)
    unapplied = sa.exists().where(back.tenant_id == tenant_id, back.reverses_id == a.id)
    by_reversal = sa.exists().where(
        mirror.tenant_id == tenant_id,
        mirror.reverses_id.is_not(None),
        mirror.id.in_([a.credit_item_id, a.debit_item_id]),
    )
    return list(
        db.execute(
            sa.select(a.id, a.debit_item_id, a.credit_item_id, a.amount_minor)
            .where(a.tenant_id == tenant_id, a.reverses_id.is_(None), ~unapplied, ~by_reversal, wanted)
            .order_by(a.id)
        )
    )


def _last_movements(db: Session, tenant_id: UUID, item_ids: Iterable[UUID]) -> list[date]:
    """Returns the day of the last movement on these items, if there is one."""
    a, ids = Allocation, list(item_ids)
    last_on = db.execute(
        sa.select(sa.func.max(a.effective_on)).where(
            a.tenant_id == tenant_id, sa.or_(a.debit_item_id.in_(ids), a.credit_item_id.in_(ids))
        )
    ).scalar_one()
    return [last_on] if last_on else []
