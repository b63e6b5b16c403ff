"""Inserts entries, postings and open items; the only writer of these tables.

Invariants: an entry balances per currency before it is inserted (the deferred trigger checks again at COMMIT); rows are
inserted in bulk, one statement per table, and never edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.period_lock import require_open
from ar.ledger.models import OpenItem, Posting
from ar.ledger.rules.due_dates import STATUTORY
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_ids

NO_ROLLS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class NewItem:
    """A document to post, or one instalment of it. `amount_minor` is positive for every kind, gross of tax.

    A credit is due on its own date. `tax_minor`: output tax within the amount. `contra`: an account in place of the
    posting rule's. `due_as_given`: the due date may lie before the document's own, as another ledger has it (cash in
    advance, an opening). Instalments of a document share kind, number, date, customer and currency and count from 1.
    Of a credit, `came_on`: the day the money came (None: the document's date); `conditional`: a bill not yet paid;
    `credit_reason`: why a credit note is given.
    """

    customer_id: UUID
    kind: str
    document_no: str
    document_on: date
    due_on: date
    collection_end_on: date
    currency: str
    amount_minor: int
    reference: str | None = None
    tax_minor: int = 0
    contra: str | None = None
    instalment_no: int = 0
    discount_bps: int | None = None
    discount_until_on: date | None = None
    came_on: date | None = None
    conditional: bool = False
    credit_reason: str | None = None
    due_as_given: bool = False


class Leg(NamedTuple):
    """A posting to insert; exactly one of debit and credit is above 0 (minor units)."""

    entry_id: UUID
    account_code: str
    customer_id: UUID | None
    currency: str
    debit_minor: int
    credit_minor: int


def reversing_legs(db: Session, tenant_id: UUID, entry_id: UUID, new_entry_id: UUID) -> list[Leg]:
    """Returns the legs of an entry with debit and credit exchanged, for the entry that reverses it."""
    p = Posting
    rows = db.execute(
        sa.select(p.account_code, p.customer_id, p.currency, p.debit_minor, p.credit_minor).where(
            p.tenant_id == tenant_id, p.entry_id == entry_id
        )
    )
    return [
        Leg(
            entry_id=new_entry_id,
            account_code=row.account_code,
            customer_id=row.customer_id,
            currency=row.currency,
            debit_minor=row.credit_minor,
            credit_minor=row.debit_minor,
        )
        for row in rows
    ]


def _check_balance(entry_ids: Iterable[UUID], legs: Iterable[Leg]) -> None:
    """Raises RuleBroken(`entry_unbalanced`); the deferred trigger checks again at COMMIT."""
    sums: dict[tuple[UUID, str], int] = {}
    for leg in legs:
        key = (leg.entry_id, leg.currency)
        sums[key] = sums.get(key, 0) + leg.debit_minor - leg.credit_minor
    if any(sums.values()) or {entry_id for entry_id, _currency in sums} != set(entry_ids):
        raise RuleBroken("entry_unbalanced")


_INSERT_ENTRIES = sa.text(
    """
    INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, reverses_id, memo)
    SELECT CAST(:tenant AS uuid), e.id, e.kind, e.effective_on, :recorded_at, :recorded_by, e.reverses_id, :memo
    FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:days AS date[]), CAST(:reverses AS uuid[]))
        AS e (id, kind, effective_on, reverses_id)
    ON CONFLICT DO NOTHING
    RETURNING true
    """
)
_INSERT_POSTINGS = sa.text(
    """
    INSERT INTO posting (tenant_id, id, entry_id, account_code, customer_id, currency, debit_minor, credit_minor)
    SELECT CAST(:tenant AS uuid), p.*
    FROM unnest(CAST(:ids AS uuid[]), CAST(:entry_ids AS uuid[]), CAST(:accounts AS text[]),
        CAST(:customer_ids AS uuid[]), CAST(:currencies AS text[]), CAST(:debits AS bigint[]),
        CAST(:credits AS bigint[])) AS p (id, entry_id, account, customer_id, currency, debit, credit)
    ON CONFLICT DO NOTHING
    """
)
_INSERT_ITEMS = sa.text(
    """
    INSERT INTO open_item (tenant_id, id, customer_id, entry_id, kind, side, document_no, instalment_no, document_on,
        due_on, collection_end_on, discount_bps, discount_until_on, roll, currency, amount_minor, open_minor,
        reverses_id, reference, came_on, conditional, credit_reason, recorded_at)
    SELECT CAST(:tenant AS uuid), i.id, i.customer_id, i.entry_id, i.kind, i.side, i.document_no, i.instalment_no,
        i.document_on, i.due_on, i.collection_end_on, i.discount_bps, i.discount_until_on, i.roll, i.currency,
        i.amount, i.amount, i.reverses_id, i.reference, i.came_on, i.conditional, i.credit_reason, :recorded_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customer_ids AS uuid[]), CAST(:entry_ids AS uuid[]),
        CAST(:kinds AS text[]), CAST(:sides AS smallint[]), CAST(:numbers AS text[]),
        CAST(:instalments AS smallint[]), CAST(:document_days AS date[]), CAST(:due_days AS date[]),
        CAST(:end_days AS date[]), CAST(:discounts AS integer[]), CAST(:discount_days AS date[]),
        CAST(:rolls AS text[]), CAST(:currencies AS text[]), CAST(:amounts AS bigint[]), CAST(:reverses AS uuid[]),
        CAST(:references AS text[]),
        CAST(:came_days AS date[]), CAST(:conditionals AS boolean[]), CAST(:reasons AS text[]))
        AS i (id, customer_id, entry_id, kind, side, document_no, instalment_no, document_on, due_on,
            collection_end_on, discount_bps, discount_until_on, roll, currency, amount, reverses_id, reference, came_on,
            conditional, credit_reason)
    ON CONFLICT DO NOTHING
    RETURNING true
    """
)


def insert_entries(
    db: Session,
    actor: Actor,
    entry_ids: Sequence[UUID],
    kinds: Sequence[str],
    days: Sequence[date],
    legs: Sequence[Leg],
    *,
    memo: str,
    reverses: Sequence[UUID] | None = None,
) -> None:
    """Inserts entries with their legs.

    Raises RuleBroken (`entry_unbalanced`, `period_locked`), Conflict(`already_reversed`) when one of `reverses` was
    reversed before.
    """
    _check_balance(entry_ids, legs)
    require_open(db, actor.tenant_id, days)
    inserted = _execute_with_arrays(
        db,
        _INSERT_ENTRIES,
        tenant=actor.tenant_id,
        recorded_at=actor.now,
        recorded_by=actor.name,
        memo=memo,
        ids=entry_ids,
        kinds=kinds,
        days=days,
        reverses=reverses or [None] * len(entry_ids),
    )
    if inserted != len(entry_ids):
        raise Conflict("already_reversed")  # the only unique key beside the new id
    _insert_postings(db, actor.tenant_id, legs)


def _insert_postings(db: Session, tenant_id: UUID, legs: Sequence[Leg]) -> None:
    entries, accounts, customers, currencies, debit_minor, credit_minor = zip(*legs, strict=True)
    _execute_with_arrays(
        db,
        _INSERT_POSTINGS,
        tenant=tenant_id,
        ids=new_ids(len(legs)),
        entry_ids=entries,
        accounts=accounts,
        customer_ids=customers,
        currencies=currencies,
        debits=debit_minor,
        credits=credit_minor,
    )


def insert_items(
    db: Session,
    actor: Actor,
    item_ids: Sequence[UUID],
    entry_ids: Sequence[UUID],
    sides: Sequence[int],
    items: Sequence[NewItem],
    *,
    reverses: Sequence[UUID] | None = None,
    rolls: Mapping[str, str] = NO_ROLLS,
) -> None:
    """Inserts the open items of entries, fully open. Raises Conflict(`document_exists`) when a number is taken.

    `rolls`: customer id as text → what their terms say of days off, where that is not the statute.
    """
    inserted = _execute_with_arrays(
        db,
        _INSERT_ITEMS,
        tenant=actor.tenant_id,
        recorded_at=actor.now,
        ids=item_ids,
        customer_ids=[item.customer_id for item in items],
        entry_ids=entry_ids,
        kinds=[item.kind for item in items],
        sides=sides,
        numbers=[item.document_no for item in items],
        instalments=[item.instalment_no for item in items],
        document_days=[item.document_on for item in items],
        due_days=[item.due_on for item in items],
        end_days=[item.collection_end_on for item in items],
        discounts=[item.discount_bps for item in items],
        discount_days=[item.discount_until_on for item in items],
        rolls=[rolls.get(str(item.customer_id), STATUTORY) for item in items],
        currencies=[item.currency for item in items],
        amounts=[item.amount_minor for item in items],
        reverses=reverses or [None] * len(items),
        references=[item.reference for item in items],
        came_days=[
            (item.came_on or item.document_on) if side < 0 else None for item, side in zip(items, sides, strict=True)
        ],
        conditionals=[item.conditional for item in items],
        reasons=[item.credit_reason for item in items],
    )
    if inserted != len(items):
        raise Conflict("document_exists", document_no=_first_taken_number(db, actor.tenant_id, item_ids, items))


def _first_taken_number(db: Session, tenant_id: UUID, item_ids: Sequence[UUID], items: Sequence[NewItem]) -> str:
    """Returns the number that existed before: the first whose row was not inserted."""
    i = OpenItem
    present = set(
        db.execute(
            sa.select(i.id).where(i.tenant_id == tenant_id, i.id == sa.any_(sa.cast(item_ids, sa.ARRAY(sa.Uuid))))
        ).scalars()
    )
    return next(item.document_no for item_id, item in zip(item_ids, items, strict=True) if item_id not in present)


def _execute_with_arrays(db: Session, statement: sa.TextClause, **values: Any) -> int:
    """Executes a statement with lists bound as array literals; returns how many rows came back.

    The rows are counted, never `rowcount` believed: for INSERT … SELECT … ON CONFLICT Citus reports the rows selected.
    """
    bound = {name: array_text(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
    result = db.connection().execute(statement, bound)
    return len(result.all()) if result.returns_rows else 0
