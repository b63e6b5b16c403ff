"""Reverses documents with all their instalments: posts mirror documents that clear them.

Invariants: nothing is edited; a mirror clears its original on one day of an open period, at most once; the number of
statements does not grow with the number of documents.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, insert_allocations, require_day_between
from ar.ledger.books.entries import NewItem, insert_entries, insert_items, reversing_legs
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.books.posting_rules import REVERSAL
from ar.ledger.models import OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_ids
from kernel.views import DbRow

#: (db, actor, items of invoices that were reversed): what follows for who keeps what an invoice bills.
Follower = Callable[[Session, Actor, Collection[UUID]], object]

_followers: Final[list[Follower]] = []


def install(followers: Iterable[Follower]) -> None:
    """Registers who follows reversals, in the transaction of the reversal: the ledger knows no slice above. Idempotent.

    They hold the customers' locks and take no other.
    """
    _followers[:] = list(followers)


@dataclass(frozen=True, slots=True)
class _Reversal:
    """A document, all its items in order, that is reversed on `on` by the document `number`."""

    parts: Sequence[DbRow]
    on: date
    number: str

    @property
    def amount_minor(self) -> int:
        """The document's amount, over all instalments."""
        return sum(part.amount_minor for part in self.parts)


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
    reversals = _plan_reversals(db, actor, [item_id], {item_id: effective_on})
    mirror_ids = _post_reversals(db, actor, reversals, memo=memo)
    reversal = reversals[0]
    original = reversal.parts[0]
    facts = {
        "kind": original.kind,
        "document_no": original.document_no,
        "reversal_id": str(mirror_ids[item_id]),
        "reversal_no": reversal.number,
        "effective_on": reversal.on.isoformat(),
        "currency": original.currency,
        "amount_minor": reversal.amount_minor,
        "memo": memo,
    }
    journal.record(db, actor, "document_reversed", customer_id=customer_id, subject_id=item_id, data=facts)
    _tell_followers(db, actor, reversals)
    return mirror_ids[item_id]


def take_back_documents(db: Session, actor: Actor, item_ids: Collection[UUID], *, memo: str) -> int:
    """Reverses documents that should never have been posted, each on its first possible day; returns their number.

    Their numbers are free again: the next document of one is its next edition. The caller has locked the customers.
    Records one event. Raises as `reverse_item`.
    """
    if not item_ids:
        return 0
    reversals = _plan_reversals(db, actor, item_ids, None)
    _post_reversals(db, actor, reversals, memo=memo, frees_numbers=True)
    sums: dict[tuple[str, str], list[int]] = {}
    for reversal in reversals:
        total = sums.setdefault((reversal.parts[0].kind, reversal.parts[0].currency), [0, 0])
        total[0] += 1
        total[1] += reversal.amount_minor
    totals = [
        {"kind": kind, "currency": currency, "count": count, "amount_minor": amount}
        for (kind, currency), (count, amount) in sorted(sums.items())
    ]
    journal.record(db, actor, "documents_taken_back", data={"totals": totals, "memo": memo})
    _tell_followers(db, actor, reversals)
    return len(reversals)


def _tell_followers(db: Session, actor: Actor, reversals: Iterable[_Reversal]) -> None:
    ids = [part.id for reversal in reversals for part in reversal.parts if part.kind == "invoice"]
    for follow in _followers if ids else ():
        follow(db, actor, ids)


def _plan_reversals(
    db: Session, actor: Actor, item_ids: Collection[UUID], days: Mapping[UUID, date | None] | None
) -> list[_Reversal]:
    """Returns the reversals of the documents of these items, numbered by year; `days` None: the first day possible."""
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    documents = _load_reversible_documents(db, actor.tenant_id, item_ids)
    moved = _last_moves(db, actor.tenant_id, [part.id for parts in documents for part in parts])
    dated: list[tuple[Sequence[DbRow], date]] = []
    for parts in documents:
        since = max(parts[0].document_on, open_from, *(moved[part.id] for part in parts if part.id in moved))
        if days is None:
            dated.append((parts, since))
        else:
            asked = next((days[part.id] for part in parts if part.id in days), None)
            dated.append((parts, _reversal_day(actor, since, open_from, asked)))
    years = sorted({on.year for _parts, on in dated})
    numbers = {
        year: iter(take_numbers(db, actor.tenant_id, f"reversal:{year}", sum(on.year == year for _parts, on in dated)))
        for year in years
    }
    return [_Reversal(parts, on, document_number("REV", on.year, next(numbers[on.year]))) for parts, on in dated]


def _reversal_day(actor: Actor, since: date, open_from: date, effective_on: date | None) -> date:
    """Returns the day on which a document is reversed, which by default is today or the earliest day possible.

    Not before the document or its last movement, and in an open period, so that figures of past days do not change.
    """
    require_unlocked(effective_on, open_from)
    until = max(actor.today, since)
    return require_day_between(effective_on or until, since, until)


def _post_reversals(
    db: Session, actor: Actor, reversals: Sequence[_Reversal], *, memo: str, frees_numbers: bool = False
) -> dict[UUID, UUID]:
    """Posts the mirrors and clears their originals; returns item → its mirror."""
    mirror_entries = new_ids(len(reversals))
    originals = [reversal.parts[0].entry_id for reversal in reversals]
    legs = reversing_legs(db, actor.tenant_id, dict(zip(originals, mirror_entries, strict=True)))
    kinds, days = [REVERSAL] * len(reversals), [reversal.on for reversal in reversals]
    insert_entries(db, actor, mirror_entries, kinds, days, legs, memo=memo, reverses=originals)
    mirrored = [
        (reversal, part, entry_id)
        for reversal, entry_id in zip(reversals, mirror_entries, strict=True)
        for part in reversal.parts
    ]
    part_ids = [part.id for _reversal, part, _entry_id in mirrored]
    mirror_ids = dict(zip(part_ids, new_ids(len(mirrored)), strict=True))
    insert_items(
        db,
        actor,
        list(mirror_ids.values()),
        [entry_id for _reversal, _part, entry_id in mirrored],
        [-part.side for _reversal, part, _entry_id in mirrored],
        [_mirror(part, reversal) for reversal, part, _entry_id in mirrored],
        reverses=part_ids,
        frees_number=frees_numbers,
    )
    clearing = [_clearing(part, mirror_ids[part.id], reversal.on) for reversal, part, _entry_id in mirrored]
    insert_allocations(db, actor, clearing)
    return mirror_ids


def _mirror(part: DbRow, reversal: _Reversal) -> NewItem:
    return NewItem(
        customer_id=part.customer_id,
        kind=REVERSAL,
        document_no=reversal.number,
        document_on=reversal.on,
        due_on=reversal.on,
        collection_end_on=reversal.on,
        currency=part.currency,
        amount_minor=part.amount_minor,
        reference=part.document_no,
        instalment_no=part.instalment_no,
    )


def _clearing(part: DbRow, mirror_id: UUID, on: date) -> NewAllocation:
    """Returns the allocation by which the mirror clears its original."""
    debit_id, credit_id = (part.id, mirror_id) if part.side > 0 else (mirror_id, part.id)
    return NewAllocation(debit_id, credit_id, part.amount_minor, on)


_SELECT_DOCUMENTS = sa.text(
    """
    SELECT i.id, i.customer_id, i.kind, i.side, i.entry_id, i.document_no, i.instalment_no, i.document_on, i.currency,
        i.amount_minor, i.open_minor, m.id IS NOT NULL AS reversed
    FROM (
        SELECT DISTINCT entry_id FROM open_item WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))
    ) AS asked
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.entry_id = asked.entry_id
    LEFT JOIN open_item AS m ON m.tenant_id = :tenant AND m.reverses_id = i.id
    WHERE i.tenant_id = :tenant
    ORDER BY i.customer_id, i.entry_id, i.instalment_no
    """
)
_SELECT_LAST_MOVES = sa.text(
    """
    SELECT item_id, max(effective_on) AS last_on
    FROM (
        SELECT debit_item_id AS item_id, effective_on FROM allocation
        WHERE tenant_id = :tenant AND debit_item_id = ANY(CAST(:ids AS uuid[]))
        UNION ALL
        SELECT credit_item_id, effective_on FROM allocation
        WHERE tenant_id = :tenant AND credit_item_id = ANY(CAST(:ids AS uuid[]))
    ) AS both_sides
    GROUP BY item_id
    """
)


def _load_reversible_documents(db: Session, tenant_id: UUID, item_ids: Collection[UUID]) -> list[list[Any]]:
    """Returns all items of these items' documents; the caller has locked the customers. Raises as `reverse_item`."""
    documents: dict[UUID, list[Any]] = {}
    for row in db.connection().execute(_SELECT_DOCUMENTS, {"tenant": tenant_id, "ids": array_text(item_ids)}):
        if row.kind == REVERSAL:
            raise RuleBroken("reversal_is_final")
        if row.reversed:
            raise Conflict("already_reversed", document_no=row.document_no)
        if row.open_minor != row.amount_minor:
            raise Conflict("item_allocated", document_no=row.document_no)
        documents.setdefault(row.entry_id, []).append(row)
    return list(documents.values())


def _last_moves(db: Session, tenant_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, date]:
    """Returns by item the day of its last allocation; items never allocated are absent."""
    rows = db.connection().execute(_SELECT_LAST_MOVES, {"tenant": tenant_id, "ids": array_text(item_ids)})
    return {row.item_id: row.last_on for row in rows}
