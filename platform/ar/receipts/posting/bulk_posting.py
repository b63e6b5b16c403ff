"""Posts receipts with their allocations, one or hundreds at a time.

Invariants: the number of statements does not grow with the number of receipts; customers are locked first, document
numbers are taken last; the row that records the source of the money is inserted with the document.
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

from ar.ledger.commands import NewAllocation, NewItem, allocate_locked, lock_customers, post_items, posting_day
from ar.receipts.models import PayerAccount, Receipt
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.counters import document_number, take_numbers
from kernel.errors import RuleBroken
from kernel.ids import new_ids

REFERENCE_MAX = 140
_INSERT = sa.insert(cast(sa.Table, Receipt.__table__))
_NUMBERS_IN_USE = sa.text(
    "SELECT document_no FROM open_item WHERE tenant_id = :tenant AND kind = 'receipt'"
    " AND document_no = ANY(CAST(:names AS text[]))"
)


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """A receipt to post and its allocations: `parts` of (item, minor units). The rest stays unapplied.

    `received_on`: the day it came; `booked_on`: the day in the books (None: the day of coming, `bank_booked_on` where
    the bank booked it later, or the first open day after).
    `contra`: bank or cash. `payer_account` is the normalised number (`mentions.normalised_account`).
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
    booked_on: date | None = None
    bank_booked_on: date | None = None


def post_receipts(db: Session, actor: Actor, receipts: Sequence[NewReceipt], *, confirmed: bool = False) -> list[UUID]:
    """Posts the receipts with their allocations, all or none; returns the item ids in order.

    Money that came on a day locked since keeps its day and is posted on the first open one (ADR 0028).
    `confirmed`: a person confirms that the payers' accounts belong to these customers. Raises RuleBroken
    (`receipt_in_future`, `receipt_booked_before`, `receipt_overapplied`, `period_locked`) and
    what posting and allocating raise.
    """
    if not receipts:
        return []
    for each in receipts:
        if each.received_on > actor.today:
            raise RuleBroken("receipt_in_future", on=each.received_on.isoformat())
        if each.booked_on is not None and each.booked_on < each.received_on:
            raise RuleBroken("receipt_booked_before", since_on=each.received_on.isoformat())
        if sum(minor for _item, minor in each.parts) > each.amount_minor:
            raise RuleBroken("receipt_overapplied")
    actor = lock_customers(db, actor, (each.customer_id for each in receipts))
    days = [
        each.booked_on or posting_day(db, actor, max(each.received_on, each.bank_booked_on or each.received_on))
        for each in receipts
    ]
    numbers = _numbers(db, actor.tenant_id, [day.year for day in days])
    items = [_receipt_item(each, number, day) for each, number, day in zip(receipts, numbers, days, strict=True)]
    item_ids = post_items(db, actor, items)
    rows = [_receipt_row(actor, each, item_id) for each, item_id in zip(receipts, item_ids, strict=True)]
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
    record_payer_accounts(db, actor, receipts, confirmed=confirmed)
    return item_ids


def record_payer_accounts(db: Session, actor: Actor, receipts: Iterable[NewReceipt], *, confirmed: bool) -> None:
    """Records the accounts from which customers pay; with `confirmed` also that a person confirmed them.

    A new account of a customer who paid from others before is recorded in the journal: it may be a danger signal.
    """
    payers = {(each.customer_id, each.payer_account): each for each in receipts if each.payer_account}
    if not payers:
        return
    p = PayerAccount
    customers = sa.cast(sorted({customer_id for customer_id, _account in payers}), sa.ARRAY(sa.Uuid))
    known = db.execute(
        sa.select(p.customer_id, p.account_key, p.confirmed_at.is_not(None).label("confirmed")).where(
            p.tenant_id == actor.tenant_id, p.customer_id == sa.any_(customers)
        )
    ).all()
    known_customers = {row.customer_id for row in known}
    confirmed_by_key = {(row.customer_id, row.account_key): row.confirmed for row in known}
    new_payers = [each for key, each in payers.items() if key not in confirmed_by_key]
    if new_payers:
        rows = [
            _payer_row(actor, each, payer_id, confirmed)
            for each, payer_id in zip(new_payers, new_ids(len(new_payers)), strict=True)
        ]
        db.execute(insert(p).values(rows).on_conflict_do_nothing())
    for each in new_payers:
        if each.customer_id in known_customers:
            facts = {"account": each.payer_account, "payer": each.payer_name, "bank": each.payer_bank}
            journal.record(db, actor, "payer_account_new", customer_id=each.customer_id, data=facts)
    newly_confirmed = [key for key in payers if confirmed and confirmed_by_key.get(key) is False]
    for customer_id, account in newly_confirmed:
        db.execute(
            sa.update(p)
            .where(p.tenant_id == actor.tenant_id, p.customer_id == customer_id, p.account_key == account)
            .values(confirmed_by=actor.name, confirmed_at=actor.now)
        )


def _numbers(db: Session, tenant_id: UUID, years: Sequence[int]) -> list[str]:
    """Takes a number `RC-2026-000123` for each year given, skipping numbers that imported receipts use."""
    pools = {year: _free_numbers(db, tenant_id, year, years.count(year)) for year in sorted(set(years))}
    iterators = {year: iter(pool) for year, pool in pools.items()}
    return [next(iterators[year]) for year in years]


def _free_numbers(db: Session, tenant_id: UUID, year: int, count: int) -> list[str]:
    free = list[str]()
    while len(free) < count:
        taken = take_numbers(db, tenant_id, f"receipt:{year}", count - len(free))
        names = [document_number("RC", year, number) for number in taken]
        params = {"tenant": tenant_id, "names": array_text(names)}
        in_use = set(db.connection().execute(_NUMBERS_IN_USE, params).scalars())
        free += [name for name in names if name not in in_use]
    return free


def _receipt_item(receipt: NewReceipt, number: str, on: date) -> NewItem:
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
        came_on=receipt.received_on,
    )


def _receipt_row(actor: Actor, receipt: NewReceipt, item_id: UUID) -> dict[str, object]:
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


def _payer_row(actor: Actor, receipt: NewReceipt, payer_id: UUID, confirmed: bool) -> dict[str, object]:
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
