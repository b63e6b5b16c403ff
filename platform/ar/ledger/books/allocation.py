"""Allocation: which credit pays which debt, and the two projections (`open_minor`, `cleared_on`) kept with it.

May import the tables of customers and ledger and the kernel. Invariants: never more than is open on either side,
as of any date; both sides belong to one customer and one currency; customers are locked first, in id order, so
that what is read afterwards stays true until COMMIT and no two calls wait for each other crosswise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.models import Allocation, OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.views import DbRow, views

#: Credits that somebody granted or agreed to for certain documents: they pay those and no others.
BOUND: Final = ("discount", "write_off", "interest_waiver", "bad_debt")


@dataclass(frozen=True, slots=True)
class NewAllocation:
    """So much of a credit item shall pay so much of a debit item, in their currency.

    `effective_on` None: the latest of both documents' dates, of the last allocation taken back on either, and of the
    first day that is not locked.
    """

    debit_item_id: UUID
    credit_item_id: UUID
    amount_minor: int
    effective_on: date | None = None


@dataclass(slots=True)
class _Item:
    """An item under its customer's lock; `open_minor` and `last_on` follow the allocations being booked."""

    id: UUID
    customer_id: UUID
    kind: str
    side: int
    document_no: str
    document_on: date
    currency: str
    open_minor: int
    last_on: date | None
    reversed_on: date | None


def lock_customers(db: Session, tenant_id: UUID, customer_ids: Iterable[UUID]) -> None:
    """Holds the customers' rows until COMMIT, in id order. Call it before reading what must not move.

    NO KEY UPDATE: documents may still be booked for them meanwhile, since foreign keys only take KEY SHARE.
    """
    wanted = sorted(set(customer_ids))
    if wanted:
        db.connection().execute(_LOCK, {"tenant": tenant_id, "ids": array_text(wanted)})


def allocate(db: Session, actor: Actor, allocations: Sequence[NewAllocation]) -> list[UUID]:
    """Allocates all of them or none; returns the allocation ids in order. Call it once per transaction.

    Raises NotFound for an item of another tenant or two items of different customers, RuleBroken
    (`currency_differs`, `wrong_side`, `amount_not_positive`, `effective_too_early`, `effective_in_future`,
    `credit_bound`) and Conflict(`allocation_exceeds_open`).
    """
    if not allocations:
        return []
    ids = {i for each in allocations for i in (each.debit_item_id, each.credit_item_id)}
    customers = db.connection().execute(_WHOSE, {"tenant": actor.tenant_id, "ids": array_text(ids)}).scalars()
    lock_customers(db, actor.tenant_id, customers)
    return allocate_locked(db, actor, allocations)


def allocate_locked(db: Session, actor: Actor, allocations: Sequence[NewAllocation]) -> list[UUID]:
    """The same for a caller who holds the customers already."""
    if not allocations:
        return []
    allocation_ids, items = insert_allocations(db, actor, allocations, granted=True)
    _record(db, actor, allocations, items)
    return allocation_ids


def insert_allocations(
    db: Session, actor: Actor, allocations: Sequence[NewAllocation], *, granted: bool = False
) -> tuple[list[UUID], dict[UUID, _Item]]:
    """The part of `allocate` under the lock that the caller already holds; journals nothing.

    `granted`: credits of `BOUND` keep to the documents they were granted for; a reversal clears any of them.
    """
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    ids = list(dict.fromkeys(i for each in allocations for i in (each.debit_item_id, each.credit_item_id)))
    items = _read_items(db, actor.tenant_id, ids)
    if granted and any(item.kind in BOUND and item.last_on for item in items.values()):
        _refuse_moved(db, actor.tenant_id, allocations)
    days = [_apply(items, each, actor.today, open_from) for each in allocations]
    allocation_ids = new_ids(len(allocations))
    debits = [items[each.debit_item_id] for each in allocations]
    _insert(
        db,
        actor,
        ids=allocation_ids,
        customer_ids=[debit.customer_id for debit in debits],
        currencies=[debit.currency for debit in debits],
        debits=[each.debit_item_id for each in allocations],
        credits=[each.credit_item_id for each in allocations],
        amounts=[each.amount_minor for each in allocations],
        days=days,
        reverses=[None] * len(allocations),
    )
    _project(db, actor.tenant_id, items.values())
    return allocation_ids, items


def within_days(on: date, since_on: date, until_on: date) -> date:
    """`on` when it lies between the two, both included; raises RuleBroken(`effective_too_early`, `…_in_future`).

    The upper end is there because a mistyped year would freeze the documents until then: nothing takes effect
    before what is already on them.
    """
    if on < since_on:
        raise RuleBroken("effective_too_early", since_on=since_on.isoformat())
    if on > until_on:
        raise RuleBroken("effective_in_future", until_on=until_on.isoformat())
    return on


def reverse_allocation(
    db: Session, actor: Actor, allocation_id: UUID, *, item_id: UUID | None = None, effective_on: date | None = None
) -> UUID:
    """Takes an allocation back on `effective_on` (default today); both items are open again from then on.

    `item_id`: the document under whose address it was asked for; it must be one of the two. Returns the id of the
    row that takes it back. Raises NotFound, Conflict(`already_reversed`), RuleBroken (`reversal_is_final`,
    `effective_too_early`, `effective_in_future`).
    """
    a = Allocation
    found = db.execute(
        sa.select(a.customer_id, a.currency, a.debit_item_id, a.credit_item_id, a.amount_minor, a.reverses_id).where(
            a.tenant_id == actor.tenant_id, a.id == allocation_id
        )
    ).first()
    if found is None or item_id not in (None, found.debit_item_id, found.credit_item_id):
        raise NotFound("allocation_not_found")
    lock_customers(db, actor.tenant_id, [found.customer_id])
    _refuse_second_reversal(db, actor.tenant_id, allocation_id, found)
    items = _read_items(db, actor.tenant_id, [found.debit_item_id, found.credit_item_id])
    debit, credit = items[found.debit_item_id], items[found.credit_item_id]
    # Not before either item's last movement: a day that was seen closed stays as it was seen.
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(effective_on, open_from)
    since = max(open_from, *(day for item in items.values() for day in (item.document_on, item.last_on) if day))
    until = max(actor.today, since)
    on = within_days(effective_on or until, since, until)
    for item in (debit, credit):
        item.open_minor += found.amount_minor
        item.last_on = on
    reversal_id = new_id()
    _insert(
        db,
        actor,
        ids=[reversal_id],
        customer_ids=[found.customer_id],
        currencies=[found.currency],
        debits=[debit.id],
        credits=[credit.id],
        amounts=[-found.amount_minor],
        days=[on],
        reverses=[allocation_id],
    )
    _project(db, actor.tenant_id, items.values())
    journal.record(
        db,
        actor,
        "allocation_reversed",
        customer_id=found.customer_id,
        subject_id=debit.id,
        data={
            "allocation_id": str(allocation_id),
            "debit_no": debit.document_no,
            "credit_no": credit.document_no,
            "currency": found.currency,
            "amount_minor": found.amount_minor,
            "effective_on": on.isoformat(),
        },
    )
    return reversal_id


_LOCK = sa.text(
    """
    SELECT id FROM customer WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_WHOSE = sa.text(
    "SELECT DISTINCT customer_id FROM open_item WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))"
)
_ITEMS = sa.text(
    """
    SELECT i.id, i.customer_id, i.kind, i.side, i.document_no, i.document_on, i.currency, i.open_minor,
        moved.last_on, moved.reversed_on
    FROM open_item AS i
    LEFT JOIN (
        SELECT item_id, max(effective_on) AS last_on, max(effective_on) FILTER (WHERE amount_minor < 0) AS reversed_on
        FROM (
            SELECT debit_item_id AS item_id, effective_on, amount_minor FROM allocation
            WHERE tenant_id = :tenant AND debit_item_id = ANY(CAST(:ids AS uuid[]))
            UNION ALL
            SELECT credit_item_id, effective_on, amount_minor FROM allocation
            WHERE tenant_id = :tenant AND credit_item_id = ANY(CAST(:ids AS uuid[]))
        ) AS both_sides
        GROUP BY item_id
    ) AS moved ON moved.item_id = i.id
    WHERE i.tenant_id = :tenant AND i.id = ANY(CAST(:ids AS uuid[]))
    """
)
_INSERT_ALLOCATIONS = sa.text(
    """
    INSERT INTO allocation (tenant_id, id, customer_id, currency, debit_item_id, credit_item_id, amount_minor,
        effective_on, recorded_at, recorded_by, reverses_id)
    SELECT CAST(:tenant AS uuid), a.id, a.customer_id, a.currency, a.debit_id, a.credit_id, a.amount, a.effective_on,
        :recorded_at, :recorded_by, a.reverses_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customer_ids AS uuid[]), CAST(:currencies AS text[]),
        CAST(:debits AS uuid[]), CAST(:credits AS uuid[]), CAST(:amounts AS bigint[]), CAST(:days AS date[]),
        CAST(:reverses AS uuid[]))
        AS a (id, customer_id, currency, debit_id, credit_id, amount, effective_on, reverses_id)
    ON CONFLICT DO NOTHING
    """
)
_PROJECT = sa.text(
    """
    UPDATE open_item SET open_minor = p.open_minor, cleared_on = p.cleared_on
    FROM unnest(CAST(:ids AS uuid[]), CAST(:opens AS bigint[]), CAST(:days AS date[])) AS p (id, open_minor, cleared_on)
    WHERE open_item.tenant_id = :tenant AND open_item.id = p.id
    """
)


def _read_items(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, _Item]:
    rows = db.connection().execute(_ITEMS, {"tenant": tenant_id, "ids": array_text(ids)})
    items = {item.id: item for item in views(_Item, rows)}
    if len(items) != len(set(ids)):
        raise NotFound("item_not_found")
    return items


def _apply(items: dict[UUID, _Item], wanted: NewAllocation, today: date, open_from: date) -> date:
    """Checks one allocation against what is left by those before it, takes it off; returns its effective date."""
    debit, credit = items[wanted.debit_item_id], items[wanted.credit_item_id]
    if debit.customer_id != credit.customer_id:
        raise NotFound("item_not_found")
    if debit.side < 0 or credit.side > 0:
        raise RuleBroken("wrong_side", debit_no=debit.document_no, credit_no=credit.document_no)
    if debit.currency != credit.currency:
        raise RuleBroken("currency_differs", debit=debit.currency, credit=credit.currency)
    amount = wanted.amount_minor
    if type(amount) is not int or amount <= 0:
        raise RuleBroken("amount_not_positive", document_no=debit.document_no)
    least = min(debit, credit, key=lambda item: item.open_minor)
    if amount > least.open_minor:
        raise Conflict(
            "allocation_exceeds_open",
            document_no=least.document_no,
            open_minor=least.open_minor,
            currency=least.currency,
        )
    require_unlocked(wanted.effective_on, open_from)
    # An allocation before one that was taken back would count beside it between the two dates.
    since = max(open_from, *(day for item in (debit, credit) for day in (item.document_on, item.reversed_on) if day))
    until = max(today, since, *(item.last_on for item in (debit, credit) if item.last_on))
    on = within_days(wanted.effective_on or since, since, until)
    for item in (debit, credit):
        item.open_minor -= amount
        item.last_on = max(on, item.last_on or on)
    return on


_MOVED = sa.text(
    """
    SELECT c.document_no
    FROM unnest(CAST(:debits AS uuid[]), CAST(:credits AS uuid[])) AS w (debit_id, credit_id)
    JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = w.credit_id AND c.kind = ANY(CAST(:bound AS text[]))
    WHERE EXISTS (SELECT FROM allocation AS a WHERE a.tenant_id = :tenant AND a.credit_item_id = c.id)
        AND NOT EXISTS (
            SELECT FROM allocation AS a
            WHERE a.tenant_id = :tenant AND a.credit_item_id = c.id AND a.debit_item_id = w.debit_id
        )
    LIMIT 1
    """
)


def _refuse_moved(db: Session, tenant_id: UUID, allocations: Sequence[NewAllocation]) -> None:
    """A credit of `BOUND` that was taken off goes back to a document it was booked for, or is reversed.

    Raises RuleBroken(`credit_bound`): what was agreed to for one document would end another.
    """
    values: dict[str, object] = {
        "tenant": tenant_id,
        "debits": array_text([each.debit_item_id for each in allocations]),
        "credits": array_text([each.credit_item_id for each in allocations]),
        "bound": array_text(BOUND),
    }
    moved = db.execute(_MOVED, values).scalar_one_or_none()
    if moved is not None:
        raise RuleBroken("credit_bound", document_no=moved)


def _refuse_second_reversal(db: Session, tenant_id: UUID, allocation_id: UUID, found: DbRow) -> None:
    a, i = Allocation, OpenItem
    taken_back, of_reversal = db.execute(
        sa.select(
            sa.exists().where(a.tenant_id == tenant_id, a.reverses_id == allocation_id),
            sa.exists().where(
                i.tenant_id == tenant_id,
                i.id.in_([found.debit_item_id, found.credit_item_id]),
                i.reverses_id.is_not(None),
            ),
        )
    ).one()
    if found.reverses_id is not None or of_reversal:
        raise RuleBroken("reversal_is_final")
    if taken_back:
        raise Conflict("already_reversed")


def _insert(db: Session, actor: Actor, **columns: Sequence[object]) -> None:
    values: dict[str, object] = {name: array_text(column) for name, column in columns.items()}
    values |= {"tenant": actor.tenant_id, "recorded_at": actor.now, "recorded_by": actor.name}
    db.connection().execute(_INSERT_ALLOCATIONS, values)


def _project(db: Session, tenant_id: UUID, items: Iterable[_Item]) -> None:
    """Writes what is open now; an item with nothing open was cleared on its last effective date."""
    rows = [(item.id, item.open_minor, None if item.open_minor else item.last_on) for item in items]
    ids, opens, days = (array_text(column) for column in zip(*rows, strict=True))
    db.connection().execute(_PROJECT, {"tenant": tenant_id, "ids": ids, "opens": opens, "days": days})


def _record(db: Session, actor: Actor, allocations: Sequence[NewAllocation], items: dict[UUID, _Item]) -> None:
    """One event per call: the facts of a single allocation, else counts and sums."""
    first = items[allocations[0].debit_item_id]
    if len(allocations) == 1:
        data: dict[str, object] = {
            "debit_no": first.document_no,
            "credit_no": items[allocations[0].credit_item_id].document_no,
            "currency": first.currency,
            "amount_minor": allocations[0].amount_minor,
        }
        journal.record(db, actor, "documents_allocated", customer_id=first.customer_id, subject_id=first.id, data=data)
        return
    sums: dict[str, int] = {}
    for each in allocations:
        currency = items[each.debit_item_id].currency
        sums[currency] = sums.get(currency, 0) + each.amount_minor
    totals = [{"currency": currency, "amount_minor": amount} for currency, amount in sorted(sums.items())]
    customers = {items[each.debit_item_id].customer_id for each in allocations}
    journal.record(
        db,
        actor,
        "documents_allocated",
        customer_id=next(iter(customers)) if len(customers) == 1 else None,
        data={"count": len(allocations), "totals": totals},
    )
