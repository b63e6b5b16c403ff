"""Applies credits to debits, and maintains `open_minor` and `cleared_on`.

Invariants: never more than is open on either side, as of any date; both sides belong to one customer and one currency;
customers are locked first (`books.locks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_ids
from kernel.views import views

#: Credits granted for certain documents, which may be applied to those only.
DOCUMENT_BOUND: Final = ("discount", "write_off", "interest_waiver", "bad_debt")


@dataclass(frozen=True, slots=True)
class NewAllocation:
    """An amount of a credit item to apply to a debit item, in minor units of their currency.

    `effective_on` None: the latest of both documents' dates, the last reversal of an allocation on either, and the
    first open day.
    """

    debit_item_id: UUID
    credit_item_id: UUID
    amount_minor: int
    effective_on: date | None = None


@dataclass(slots=True)
class LockedItem:
    """An item of a locked customer; `open_minor` and `last_on` follow the allocations being applied."""

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


def allocate(db: Session, actor: Actor, allocations: Sequence[NewAllocation]) -> list[UUID]:
    """Applies all allocations or none; returns their ids in order. Call it once per transaction.

    Raises NotFound for an item of another tenant or two items of different customers, RuleBroken
    (`currency_differs`, `wrong_side`, `amount_not_positive`, `effective_too_early`, `effective_in_future`,
    `credit_bound`) and Conflict(`allocation_exceeds_open`).
    """
    if not allocations:
        return []
    ids = {item_id for each in allocations for item_id in (each.debit_item_id, each.credit_item_id)}
    customers = (
        db.connection().execute(_SELECT_CUSTOMERS, {"tenant": actor.tenant_id, "ids": array_text(ids)}).scalars()
    )
    actor = lock_customers(db, actor, customers)
    return allocate_locked(db, actor, allocations)


def allocate_locked(db: Session, actor: Actor, allocations: Sequence[NewAllocation]) -> list[UUID]:
    """Applies allocations as `allocate`; the caller has locked the customers."""
    if not allocations:
        return []
    allocation_ids, items = insert_allocations(db, actor, allocations, check_grants=True)
    _record_allocated(db, actor, allocations, items)
    return allocation_ids


def insert_allocations(
    db: Session, actor: Actor, allocations: Sequence[NewAllocation], *, check_grants: bool = False
) -> tuple[list[UUID], dict[UUID, LockedItem]]:
    """Inserts allocations and updates the open amounts; the caller has locked the customers. Records no event.

    `check_grants`: a credit of `DOCUMENT_BOUND` stays with the documents it was granted for; a reversal may clear any.
    Returns the ids and the items by id. Raises as `allocate`.
    """
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    ids = list(dict.fromkeys(item_id for each in allocations for item_id in (each.debit_item_id, each.credit_item_id)))
    items = load_locked_items(db, actor.tenant_id, ids)
    if check_grants and any(item.kind in DOCUMENT_BOUND and item.last_on for item in items.values()):
        _require_granted_documents(db, actor.tenant_id, allocations)
    days = [_apply(items, each, actor.today, open_from) for each in allocations]
    allocation_ids = new_ids(len(allocations))
    debits = [items[each.debit_item_id] for each in allocations]
    insert_allocation_rows(
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
    update_open_amounts(db, actor.tenant_id, items.values())
    return allocation_ids, items


def require_day_between(on: date, since_on: date, until_on: date) -> date:
    """Returns `on` when it lies between the two days, both included.

    Raises RuleBroken (`effective_too_early`, `effective_in_future`). The upper limit protects from a mistyped year,
    which would freeze the documents: nothing takes effect before the last movement on them.
    """
    if on < since_on:
        raise RuleBroken("effective_too_early", since_on=since_on.isoformat())
    if on > until_on:
        raise RuleBroken("effective_in_future", until_on=until_on.isoformat())
    return on


_SELECT_CUSTOMERS = sa.text(
    "SELECT DISTINCT customer_id FROM open_item WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))"
)
_SELECT_ITEMS = sa.text(
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
_UPDATE_OPEN_AMOUNTS = sa.text(
    """
    UPDATE open_item SET open_minor = p.open_minor, cleared_on = p.cleared_on
    FROM unnest(CAST(:ids AS uuid[]), CAST(:opens AS bigint[]), CAST(:days AS date[])) AS p (id, open_minor, cleared_on)
    WHERE open_item.tenant_id = :tenant AND open_item.id = p.id
    """
)


def load_locked_items(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, LockedItem]:
    """Returns items by id; the caller has locked their customers. Raises NotFound(`item_not_found`)."""
    rows = db.connection().execute(_SELECT_ITEMS, {"tenant": tenant_id, "ids": array_text(ids)})
    items = {item.id: item for item in views(LockedItem, rows)}
    if len(items) != len(set(ids)):
        raise NotFound("item_not_found")
    return items


def _apply(items: dict[UUID, LockedItem], new: NewAllocation, today: date, open_from: date) -> date:
    """Checks an allocation against the amounts left by those before it, deducts it; returns its effective date."""
    debit, credit = items[new.debit_item_id], items[new.credit_item_id]
    if debit.customer_id != credit.customer_id:
        raise NotFound("item_not_found")
    if debit.side < 0 or credit.side > 0:
        raise RuleBroken("wrong_side", debit_no=debit.document_no, credit_no=credit.document_no)
    if debit.currency != credit.currency:
        raise RuleBroken("currency_differs", debit=debit.currency, credit=credit.currency)
    amount = new.amount_minor
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
    require_unlocked(new.effective_on, open_from)
    # Dated before a reversed allocation, it would count beside that one between the two dates.
    since = max(open_from, *(day for item in (debit, credit) for day in (item.document_on, item.reversed_on) if day))
    until = max(today, since, *(item.last_on for item in (debit, credit) if item.last_on))
    on = require_day_between(new.effective_on or since, since, until)
    for item in (debit, credit):
        item.open_minor -= amount
        item.last_on = max(on, item.last_on or on)
    return on


_SELECT_MISPLACED_CREDIT = sa.text(
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


def _require_granted_documents(db: Session, tenant_id: UUID, allocations: Sequence[NewAllocation]) -> None:
    """Requires a `DOCUMENT_BOUND` credit to return to a document it was granted for.

    Raises RuleBroken(`credit_bound`): otherwise a concession on one document would settle another.
    """
    values: dict[str, object] = {
        "tenant": tenant_id,
        "debits": array_text([each.debit_item_id for each in allocations]),
        "credits": array_text([each.credit_item_id for each in allocations]),
        "bound": array_text(DOCUMENT_BOUND),
    }
    misplaced = db.execute(_SELECT_MISPLACED_CREDIT, values).scalar_one_or_none()
    if misplaced is not None:
        raise RuleBroken("credit_bound", document_no=misplaced)


def insert_allocation_rows(db: Session, actor: Actor, **columns: Sequence[object]) -> None:
    """Inserts rows of `allocation`, given column by column."""
    values: dict[str, object] = {name: array_text(column) for name, column in columns.items()}
    values |= {"tenant": actor.tenant_id, "recorded_at": actor.now, "recorded_by": actor.name}
    db.connection().execute(_INSERT_ALLOCATIONS, values)


def update_open_amounts(db: Session, tenant_id: UUID, items: Iterable[LockedItem]) -> None:
    """Updates open amounts; an item with nothing open is cleared on its last effective date."""
    rows = [(item.id, item.open_minor, None if item.open_minor else item.last_on) for item in items]
    ids, opens, days = (array_text(column) for column in zip(*rows, strict=True))
    db.connection().execute(_UPDATE_OPEN_AMOUNTS, {"tenant": tenant_id, "ids": ids, "opens": opens, "days": days})


def _record_allocated(
    db: Session, actor: Actor, allocations: Sequence[NewAllocation], items: dict[UUID, LockedItem]
) -> None:
    """Records one event per call: the facts of a single allocation, else counts and sums."""
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
