"""Booking receipts: the one way in which money becomes a document of the books, one or five hundred at a time.

May import the ledger, this slice's tables and the kernel. Invariants: the number of statements does not grow with the
number of receipts; customers are locked first, numbers are taken last; the row that tells where the money came from is
written with the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.ledger.commands import NewAllocation, NewItem, allocate_locked, lock_customers, post_items
from ar.receipts.models import PayerAccount, Receipt
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.counters import document_number, take_numbers
from kernel.errors import RuleBroken
from kernel.ids import new_ids

REFERENCE_MAX = 140
_INSERT = sa.insert(cast(sa.Table, Receipt.__table__))
_THERE = sa.text(
    "SELECT document_no FROM open_item WHERE tenant_id = :tenant AND kind = 'receipt'"
    " AND document_no = ANY(CAST(:names AS text[]))"
)


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """Money of a customer, and what it pays: (item, minor units) each. What `parts` leave over stays unapplied.

    `contra`: bank or cash. `payer_account` is the account as it is compared (`naming.plain_account`).
    """

    customer_id: UUID
    received_on: date
    currency: str
    amount_minor: int
    parts: tuple[tuple[UUID, int], ...] = ()
    method: str = "transfer"
    contra: str = "bank"
    bank_account_id: UUID | None = None
    bank_line_id: UUID | None = None
    payer_name: str = ""
    payer_account: str = ""
    payer_bank: str = ""
    remittance: str = ""
    designation: str = ""


def book_receipts(
    db: Session, actor: Actor, receipts: Sequence[NewReceipt], *, confirmed: bool = False, held: bool = False
) -> list[UUID]:
    """Books the receipts with their allocations, all or none; returns the item ids in order.

    `confirmed`: a person says that the payers' accounts are these customers'. `held`: the caller has locked the
    customers (`lock_customers`), who are therefore there. Raises RuleBroken (`receipt_in_future`,
    `receipt_overapplied`) and what posting and allocating raise.
    """
    if not receipts:
        return []
    for each in receipts:
        if each.received_on > actor.today:
            raise RuleBroken("receipt_in_future", on=each.received_on.isoformat())
        if sum(minor for _item, minor in each.parts) > each.amount_minor:
            raise RuleBroken("receipt_overapplied")
    if not held:
        lock_customers(db, actor.tenant_id, (each.customer_id for each in receipts))
    numbers = _numbers(db, actor.tenant_id, [each.received_on.year for each in receipts])
    items = [_item(each, number) for each, number in zip(receipts, numbers, strict=True)]
    item_ids = post_items(db, actor, items, customers_locked=True)
    rows = [_row(actor, each, item_id) for each, item_id in zip(receipts, item_ids, strict=True)]
    db.connection().execute(_INSERT, rows)
    allocate_locked(
        db,
        actor,
        [
            NewAllocation(debit_id, item_id, minor)
            for each, item_id in zip(receipts, item_ids, strict=True)
            for debit_id, minor in each.parts
        ],
    )
    remember_payers(db, actor, receipts, confirmed=confirmed)
    return item_ids


def remember_payers(db: Session, actor: Actor, receipts: Iterable[NewReceipt], *, confirmed: bool) -> None:
    """Notes from which accounts customers pay. An account that is new for a customer who paid from others before is
    an event of the journal: it may be a sign of danger. With `confirmed` a person vouches for them.
    """
    seen = {(each.customer_id, each.payer_account): each for each in receipts if each.payer_account}
    if not seen:
        return
    p = PayerAccount
    customers = sa.cast(sorted({customer_id for customer_id, _account in seen}), sa.ARRAY(sa.Uuid))
    known = db.execute(
        sa.select(p.customer_id, p.account_key, p.confirmed_at.is_not(None).label("confirmed")).where(
            p.tenant_id == actor.tenant_id, p.customer_id == sa.any_(customers)
        )
    ).all()
    before = {row.customer_id for row in known}
    there = {(row.customer_id, row.account_key): row.confirmed for row in known}
    fresh = [each for key, each in seen.items() if key not in there]
    if fresh:
        rows = [
            _payer(actor, each, payer_id, confirmed) for each, payer_id in zip(fresh, new_ids(len(fresh)), strict=True)
        ]
        db.execute(insert(p).values(rows).on_conflict_do_nothing())
    for each in fresh:
        if each.customer_id in before:
            facts = {"account": each.payer_account, "payer": each.payer_name, "bank": each.payer_bank}
            journal.record(db, actor, "payer_account_new", customer_id=each.customer_id, data=facts)
    vouched = [key for key in seen if confirmed and there.get(key) is False]
    for customer_id, account in vouched:
        db.execute(
            sa.update(p)
            .where(p.tenant_id == actor.tenant_id, p.customer_id == customer_id, p.account_key == account)
            .values(confirmed_by=actor.name, confirmed_at=actor.now)
        )


def _numbers(db: Session, tenant_id: UUID, years: Sequence[int]) -> list[str]:
    """`RC-2026-000123` for each year given, passing over numbers that an import brought along."""
    pools = {year: _free_numbers(db, tenant_id, year, years.count(year)) for year in sorted(set(years))}
    iterators = {year: iter(pool) for year, pool in pools.items()}
    return [next(iterators[year]) for year in years]


def _free_numbers(db: Session, tenant_id: UUID, year: int, count: int) -> list[str]:
    free = list[str]()
    while len(free) < count:
        taken = take_numbers(db, tenant_id, f"receipt:{year}", count - len(free))
        names = [document_number("RC", year, number) for number in taken]
        there = set(db.connection().execute(_THERE, {"tenant": tenant_id, "names": array_text(names)}).scalars())
        free += [name for name in names if name not in there]
    return free


def _item(receipt: NewReceipt, number: str) -> NewItem:
    on = receipt.received_on
    return NewItem(
        receipt.customer_id,
        "receipt",
        number,
        on,
        on,
        on,
        receipt.currency,
        receipt.amount_minor,
        reference=receipt.remittance[:REFERENCE_MAX] or None,
        contra=receipt.contra,
    )


def _row(actor: Actor, receipt: NewReceipt, item_id: UUID) -> dict[str, object]:
    return {
        "tenant_id": actor.tenant_id,
        "id": item_id,
        "method": receipt.method,
        "bank_account_id": receipt.bank_account_id,
        "bank_line_id": receipt.bank_line_id,
        "payer_name": receipt.payer_name,
        "payer_account": receipt.payer_account,
        "remittance": receipt.remittance,
        "designation": receipt.designation,
        "recorded_by": actor.name,
        "recorded_at": actor.now,
    }


def _payer(actor: Actor, receipt: NewReceipt, payer_id: UUID, confirmed: bool) -> dict[str, object]:
    return {
        "tenant_id": actor.tenant_id,
        "id": payer_id,
        "customer_id": receipt.customer_id,
        "account_key": receipt.payer_account,
        "payer_name": receipt.payer_name,
        "bank": receipt.payer_bank,
        "first_line_id": receipt.bank_line_id,
        "first_seen_on": receipt.received_on,
        "confirmed_by": actor.name if confirmed else None,
        "confirmed_at": actor.now if confirmed else None,
    }
