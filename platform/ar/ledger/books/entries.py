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

from ar.ledger.books.locks import require_held
from ar.ledger.books.period_lock import require_open
from ar.ledger.models import Posting
from ar.ledger.rules.due_dates import STATUTORY
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_ids
from kernel.views import DbRow

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


def reversing_legs(db: Session, tenant_id: UUID, mirror_ids: Mapping[UUID, UUID]) -> list[Leg]:
    """Returns the legs of entries with debit and credit exchanged; `mirror_ids`: entry → the entry that reverses it."""
    p = Posting
    rows = db.execute(
        sa.select(p.entry_id, p.account_code, p.customer_id, p.currency, p.debit_minor, p.credit_minor).where(
            p.tenant_id == tenant_id, p.entry_id == sa.any_(sa.cast(list(mirror_ids), sa.ARRAY(sa.Uuid)))
        )
    )
    return [
        Leg(
            entry_id=mirror_ids[row.entry_id],
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
    INSERT INTO open_item (tenant_id, id, customer_id, entry_id, kind, side, document_no, edition, instalment_no,
        document_on, due_on, collection_end_on, discount_bps, discount_until_on, roll, currency, amount_minor,
        open_minor, reverses_id, frees_number, reference, came_on, conditional, credit_reason, recorded_at)
    SELECT CAST(:tenant AS uuid), i.id, i.customer_id, i.entry_id, i.kind, i.side, i.document_no, i.edition,
        i.instalment_no, i.document_on, i.due_on, i.collection_end_on, i.discount_bps, i.discount_until_on, i.roll,
        i.currency, i.amount, i.amount, i.reverses_id, :frees_number, i.reference, i.came_on, i.conditional,
        i.credit_reason, :recorded_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customer_ids AS uuid[]), CAST(:entry_ids AS uuid[]),
        CAST(:kinds AS text[]), CAST(:sides AS smallint[]), CAST(:numbers AS text[]),
        CAST(:editions AS smallint[]), CAST(:instalments AS smallint[]), CAST(:document_days AS date[]),
        CAST(:due_days AS date[]), CAST(:end_days AS date[]), CAST(:discounts AS integer[]),
        CAST(:discount_days AS date[]), CAST(:rolls AS text[]), CAST(:currencies AS text[]),
        CAST(:amounts AS bigint[]), CAST(:reverses AS uuid[]), CAST(:references AS text[]), CAST(:came_days AS date[]),
        CAST(:conditionals AS boolean[]), CAST(:reasons AS text[]))
        AS i (id, customer_id, entry_id, kind, side, document_no, edition, instalment_no, document_on, due_on,
            collection_end_on, discount_bps, discount_until_on, roll, currency, amount, reverses_id, reference, came_on,
            conditional, credit_reason)
    ON CONFLICT DO NOTHING
    RETURNING id
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
    """Inserts entries with their legs, recorded at the actor's moment, which was read after the locks.

    Raises RuleBroken (`entry_unbalanced`, `period_locked`), Conflict(`already_reversed`) when one of `reverses` was
    reversed before.
    """
    require_held(db, actor)
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
    if len(inserted) != len(entry_ids):
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
    frees_number: bool = False,
    rolls: Mapping[str, str] = NO_ROLLS,
) -> None:
    """Inserts the open items of entries, fully open. Raises Conflict(`document_exists`) when a number is taken.

    `frees_number`: these are reversals after which the reversed documents' numbers may be used again. `rolls`: customer
    id as text → what their terms say of days off, where that is not the statute.
    """
    parts = any(item.instalment_no > 1 for item in items)
    editions = _editions(db, actor.tenant_id, items) if parts and not reverses else {}
    columns = _ItemColumns(item_ids, entry_ids, sides, items, reverses or [None] * len(items), rolls)
    inserted = columns.insert_places(db, actor, range(len(items)), editions, frees_number)
    missing = [at for at, item_id in enumerate(item_ids) if item_id not in inserted]
    if missing and not reverses:
        # Seldom, so asked only now; instalments, of which the later ones would find no other document, were asked for.
        editions = _editions(db, actor.tenant_id, [items[at] for at in missing])
        again = [at for at in missing if (items[at].kind, items[at].document_no) in editions]
        inserted |= columns.insert_places(db, actor, again, editions, frees_number) if again else set()
    taken = next((at for at in missing if item_ids[at] not in inserted), None)
    if taken is not None:
        raise Conflict("document_exists", document_no=items[taken].document_no)


class _ItemColumns(NamedTuple):
    """The columns of new open items, in the order of `items`."""

    item_ids: Sequence[UUID]
    entry_ids: Sequence[UUID]
    sides: Sequence[int]
    items: Sequence[NewItem]
    reverses: Sequence[UUID | None]
    rolls: Mapping[str, str]

    def insert_places(
        self,
        db: Session,
        actor: Actor,
        places: Sequence[int],
        editions: Mapping[tuple[str, str], int],
        frees_number: bool,
    ) -> set[UUID]:
        """Inserts the items at these places, except where a number is taken; returns the ids inserted."""
        items = [self.items[at] for at in places]
        sides = [self.sides[at] for at in places]
        rows = _execute_with_arrays(
            db,
            _INSERT_ITEMS,
            tenant=actor.tenant_id,
            recorded_at=actor.now,
            ids=[self.item_ids[at] for at in places],
            customer_ids=[item.customer_id for item in items],
            entry_ids=[self.entry_ids[at] for at in places],
            kinds=[item.kind for item in items],
            sides=sides,
            numbers=[item.document_no for item in items],
            editions=[editions.get((item.kind, item.document_no), 0) for item in items],
            frees_number=frees_number,
            instalments=[item.instalment_no for item in items],
            document_days=[item.document_on for item in items],
            due_days=[item.due_on for item in items],
            end_days=[item.collection_end_on for item in items],
            discounts=[item.discount_bps for item in items],
            discount_days=[item.discount_until_on for item in items],
            rolls=[self.rolls.get(str(item.customer_id), STATUTORY) for item in items],
            currencies=[item.currency for item in items],
            amounts=[item.amount_minor for item in items],
            reverses=[self.reverses[at] for at in places],
            references=[item.reference for item in items],
            came_days=[
                (item.came_on or item.document_on) if side < 0 else None
                for item, side in zip(items, sides, strict=True)
            ],
            conditionals=[item.conditional for item in items],
            reasons=[item.credit_reason for item in items],
        )
        return {row.id for row in rows}


def _editions(db: Session, tenant_id: UUID, items: Iterable[NewItem]) -> dict[tuple[str, str], int]:
    """Returns the next edition by kind and number, of the numbers that were given free.

    A number that was given free and is in use again has that edition already, so its insert finds it taken.
    """
    asked = {"tenant": tenant_id, "numbers": array_text({item.document_no for item in items})}
    return {(kind, number): count for kind, number, count in db.connection().execute(_FREED, asked)}


_FREED = sa.text(
    """
    SELECT o.kind, o.document_no, count(*)
    FROM open_item AS m
    JOIN open_item AS o ON o.tenant_id = :tenant AND o.id = m.reverses_id
    WHERE m.tenant_id = :tenant AND m.frees_number AND m.instalment_no <= 1
        AND m.reference = ANY(CAST(:numbers AS text[]))
    GROUP BY 1, 2
    """
)


def _execute_with_arrays(db: Session, statement: sa.TextClause, **values: Any) -> Sequence[DbRow]:
    """Executes a statement with lists bound as array literals; returns the rows that came back.

    The rows are counted, never `rowcount` believed: for INSERT … SELECT … ON CONFLICT Citus reports the rows selected.
    """
    bound = {name: array_text(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
    result = db.connection().execute(statement, bound)
    return result.all() if result.returns_rows else []
