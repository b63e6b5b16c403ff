"""Posting: documents become entries and open items, and are taken back by a mirror of themselves.

May import books, allocation, the tables of customers and ledger, and the kernel. Invariants: one receivables leg
per open item, equal to it; nothing is edited, a reversal clears what it takes back; the number of statements does
not grow with the number of documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.allocation import NewAllocation, book_allocations, lock_customers, within_days
from ar.ledger.books import Leg, NewItem, mirrored, write_entries, write_items
from ar.ledger.models import Account, Allocation, OpenItem
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import MAX_MINOR, exponent

__all__ = ["ACCOUNTS", "RECIPES", "NewItem", "Recipe", "open_books", "post_items", "reverse_item"]

RECEIVABLES: Final = "receivables"
# A document dated further ahead is a mistyped year, and nobody would see it before that year came.
AHEAD_DAYS: Final = 366
REVERSAL: Final = "reversal"
# code, kind, number in the usual Chinese chart of accounts
ACCOUNTS: Final[tuple[tuple[str, str, str], ...]] = (
    (RECEIVABLES, "asset", "1122"),
    ("bank", "asset", "1002"),
    ("revenue", "income", "6001"),
    ("returns", "income", "600102"),
    ("opening_balance", "equity", "4104"),
)


class Recipe(NamedTuple):
    """How a kind of document is booked: `side` +1 debits the receivables, -1 credits them; `contra` takes the rest."""

    side: int
    contra: str


RECIPES: Final[dict[str, Recipe]] = {
    "opening": Recipe(1, "opening_balance"),
    "invoice": Recipe(1, "revenue"),
    "debit_note": Recipe(1, "revenue"),
    "credit_note": Recipe(-1, "returns"),
    "receipt": Recipe(-1, "bank"),
}


def open_books(db: Session, actor: Actor) -> None:
    """The accounts of a new tenant; a second call adds nothing."""
    rows = [
        {"tenant_id": actor.tenant_id, "code": code, "kind": kind, "number": number} for code, kind, number in ACCOUNTS
    ]
    db.execute(insert(Account).values(rows).on_conflict_do_nothing())


def post_items(db: Session, actor: Actor, items: Sequence[NewItem], *, memo: str = "") -> list[UUID]:
    """Books documents, each with an entry of its own; returns the item ids in the order given.

    Raises RuleBroken for an unknown kind or currency, an amount that is not positive, dates out of order or more
    than AHEAD_DAYS after today, NotFound for a customer of another tenant, Conflict(`document_exists`) for a number
    that is taken.
    """
    if not items:
        return []
    for item in items:
        _check(item, actor.today)
    _refuse_twins(items)
    _require_customers(db, actor.tenant_id, {item.customer_id for item in items})
    entry_ids, item_ids = new_ids(len(items)), new_ids(len(items))
    legs = list(chain.from_iterable(map(_legs, items, entry_ids)))
    write_entries(
        db, actor, entry_ids, [item.kind for item in items], [item.document_on for item in items], legs, memo=memo
    )
    sides = [RECIPES[item.kind].side for item in items]
    write_items(db, actor, item_ids, entry_ids, sides, items)
    _record_posted(db, actor, items, item_ids, memo)
    return item_ids


def reverse_item(db: Session, actor: Actor, item_id: UUID, *, effective_on: date | None = None, memo: str = "") -> UUID:
    """Takes a document back by a mirror item `REV-…` that clears it on `effective_on`.

    Default: today, or the day of the document or of its last allocation when that is later; no later day is taken.
    Returns the mirror's id. Raises NotFound; Conflict(`already_reversed`), Conflict(`item_allocated`) while
    allocations stand; RuleBroken for a reversal of a reversal or a date before or after those days.
    """
    i = OpenItem
    customer_id = db.execute(
        sa.select(i.customer_id).where(i.tenant_id == actor.tenant_id, i.id == item_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    lock_customers(db, actor.tenant_id, [customer_id])
    original = _reversible(db, actor.tenant_id, item_id)
    since = max(original.document_on, original.last_on or original.document_on)
    until = max(actor.today, since)
    on = within_days(effective_on or until, since, until)
    number = take_numbers(db, actor.tenant_id, f"reversal:{on.year}")[0]
    mirror = NewItem(
        customer_id=customer_id,
        kind=REVERSAL,
        document_no=document_number("REV", on.year, number),
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=original.currency,
        amount_minor=original.amount_minor,
        reference=original.document_no,
    )
    mirror_id, entry_id = new_id(), new_id()
    legs = mirrored(db, actor.tenant_id, original.entry_id, entry_id)
    write_entries(db, actor, [entry_id], [REVERSAL], [on], legs, memo=memo, reverses=[original.entry_id])
    write_items(db, actor, [mirror_id], [entry_id], [-original.side], [mirror], reverses=[item_id])
    debit, credit = (item_id, mirror_id) if original.side > 0 else (mirror_id, item_id)
    book_allocations(db, actor, [NewAllocation(debit, credit, original.amount_minor, on)])
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
            "reversal_no": mirror.document_no,
            "effective_on": on.isoformat(),
            "currency": original.currency,
            "amount_minor": original.amount_minor,
            "memo": memo,
        },
    )
    return mirror_id


def _check(item: NewItem, today: date) -> None:
    if item.kind not in RECIPES:
        raise RuleBroken("kind_unknown", kind=item.kind)
    try:
        exponent(item.currency)
    except ValueError:
        raise RuleBroken("currency_unknown", currency=item.currency) from None
    if type(item.amount_minor) is not int or not 0 < item.amount_minor <= MAX_MINOR:
        raise RuleBroken("amount_not_positive", document_no=item.document_no)
    if not item.document_no.strip():
        raise RuleBroken("document_no_missing")
    if item.due_on < item.document_on or item.collection_end_on < item.due_on:
        raise RuleBroken("dates_out_of_order", document_no=item.document_no)
    if (item.document_on - today).days > AHEAD_DAYS:
        raise RuleBroken(
            "document_too_far_ahead", document_no=item.document_no, document_on=item.document_on.isoformat()
        )


def _refuse_twins(items: Sequence[NewItem]) -> None:
    seen: set[tuple[str, str]] = set()
    for item in items:
        key = (item.kind, item.document_no)
        if key in seen:
            raise Conflict("document_exists", document_no=item.document_no)
        seen.add(key)


def _require_customers(db: Session, tenant_id: UUID, customer_ids: set[UUID]) -> None:
    c = Customer
    found = db.execute(
        sa.select(sa.func.count())
        .select_from(c)
        .where(c.tenant_id == tenant_id, c.id == sa.any_(sa.cast(list(customer_ids), sa.ARRAY(sa.Uuid))))
    ).scalar_one()
    if found != len(customer_ids):
        raise NotFound("customer_not_found")


def _legs(item: NewItem, entry_id: UUID) -> tuple[Leg, Leg]:
    side, contra = RECIPES[item.kind]
    amount = item.amount_minor
    debit, credit = (amount, 0) if side > 0 else (0, amount)
    return (
        Leg(entry_id, RECEIVABLES, item.customer_id, item.currency, debit, credit),
        Leg(entry_id, contra, None, item.currency, credit, debit),
    )


def _record_posted(db: Session, actor: Actor, items: Sequence[NewItem], item_ids: Sequence[UUID], memo: str) -> None:
    """One event per call: the facts of a single document, else counts and sums."""
    if len(items) == 1:
        item = items[0]
        facts: dict[str, Any] = {
            "kind": item.kind,
            "document_no": item.document_no,
            "document_on": item.document_on.isoformat(),
            "due_on": item.due_on.isoformat(),
            "currency": item.currency,
            "amount_minor": item.amount_minor,
            "memo": memo,
        }
        journal.record(db, actor, "documents_posted", customer_id=item.customer_id, subject_id=item_ids[0], data=facts)
        return
    sums: dict[tuple[str, str], list[int]] = {}
    for item in items:
        total = sums.setdefault((item.kind, item.currency), [0, 0])
        total[0] += 1
        total[1] += item.amount_minor
    totals = [
        {"kind": kind, "currency": currency, "count": count, "amount_minor": amount}
        for (kind, currency), (count, amount) in sorted(sums.items())
    ]
    journal.record(db, actor, "documents_posted", data={"count": len(items), "totals": totals, "memo": memo})


def _reversible(db: Session, tenant_id: UUID, item_id: UUID) -> Any:
    """The item as it stands under the customer's lock, when it may be reversed; `last_on`: last allocation's day."""
    i, a = OpenItem, Allocation
    mirror = sa.orm.aliased(OpenItem)
    row: Any = db.execute(
        sa.select(
            i.kind,
            i.side,
            i.entry_id,
            i.document_no,
            i.document_on,
            i.currency,
            i.amount_minor,
            i.open_minor,
            sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == item_id).label("reversed"),
            sa.select(sa.func.max(a.effective_on))
            .where(a.tenant_id == tenant_id, sa.or_(a.debit_item_id == item_id, a.credit_item_id == item_id))
            .scalar_subquery()
            .label("last_on"),
        ).where(i.tenant_id == tenant_id, i.id == item_id)
    ).one()
    if row.kind == REVERSAL:
        raise RuleBroken("reversal_is_final")
    if row.reversed:
        raise Conflict("already_reversed", document_no=row.document_no)
    if row.open_minor != row.amount_minor:
        raise Conflict("item_allocated", document_no=row.document_no)
    return row
