"""Receives a bill from a customer: validates it, posts it as a credit and allocates it to documents.

Invariants: receiving a bill reclassifies the claim, it does not extinguish it (see `lookups.outstanding_bills`); the
customer is locked first; one transaction.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.commands import insert_event
from ar.bills.inputs import ReceiveBill
from ar.bills.models import Bill
from ar.bills.rules import State
from ar.customers.lookups import find_numbers
from ar.ledger.commands import NewAllocation, NewItem, allocate, lock_customers, post_items
from ar.ledger.models import OpenItem
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.amount_in_words import from_capitals
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, exponent, parse_amount


def receive_bill(db: Session, actor: Actor, data: ReceiveBill) -> UUID:
    """Posts a bill received and allocates it; returns its id. The same key again returns the first result.

    Raises RuleBroken for an unknown customer, an invalid amount or one that differs from its capitals, a maturity that
    is missing, ambiguous or above the longest tenor, dates out of order, in the future or in a locked period;
    Conflict(`bill_exists`) for a number already recorded.
    """
    request = data.model_dump(exclude={"key"})
    return idempotency.once(db, actor, f"bill:{data.key}", request, lambda: _receive_bill(db, actor, data))


def _receive_bill(db: Session, actor: Actor, data: ReceiveBill) -> UUID:
    amount_minor, matures_on = parse_face_amount(data), parse_maturity(data)
    booked_on = _require_dates_in_order(actor, data, matures_on)
    customer = find_numbers(db, actor.tenant_id, [data.customer_no]).get(data.customer_no)
    if customer is None:
        raise RuleBroken("bill_customer_unknown", number=data.customer_no)
    actor = lock_customers(db, actor, [customer.id])
    attempt = _next_attempt(db, actor.tenant_id, data.number)
    # A cancelled bill keeps its document number, so the same bill recorded again needs another one in the ledger.
    document_no = data.number if attempt == 1 else f"{data.number}#{attempt}"
    item = NewItem(
        customer_id=customer.id,
        kind="bill",
        document_no=document_no,
        document_on=booked_on,
        due_on=booked_on,
        collection_end_on=booked_on,
        currency=data.currency,
        amount_minor=amount_minor,
        reference=data.acceptor,
        came_on=data.received_on,
        conditional=True,
    )
    item_id = post_items(db, actor, [item], memo=data.note)[0]
    bill_id = _insert_bill(db, actor, data, customer.id, item_id, amount_minor, matures_on, attempt)
    insert_event(
        db,
        actor,
        bill_id,
        1,
        kind="received",
        from_state="",
        to_state=State.HELD.value,
        happened_on=data.received_on,
        effective_on=booked_on,
        counterparty=customer.name,
        note=data.note,
    )
    _allocate(db, actor, data, customer.id, item_id, amount_minor)
    facts = {
        "number": data.number,
        "currency": data.currency,
        "amount_minor": amount_minor,
        "matures_on": matures_on.isoformat(),
        "acceptor": data.acceptor,
        "long_tenor_known": data.long_tenor_known,
    }
    journal.record(db, actor, "bill_received", customer_id=customer.id, subject_id=bill_id, data=facts)
    return bill_id


def parse_face_amount(data: ReceiveBill) -> int:
    """Returns the face amount in minor units. Raises RuleBroken when it is invalid or differs from its capitals."""
    try:
        exponent(data.currency)
    except ValueError:
        raise RuleBroken("currency_unknown", currency=data.currency) from None
    try:
        amount_minor = parse_amount(data.amount, data.currency)
    except BadAmount:
        raise RuleBroken("bill_amount_unreadable", amount=data.amount) from None
    if amount_minor <= 0:
        raise RuleBroken("bill_amount_not_positive")
    if data.amount_words:
        try:
            words_minor = from_capitals(data.amount_words, data.currency)
        except BadAmount:
            raise RuleBroken("bill_words_unreadable", words=data.amount_words) from None
        if words_minor != amount_minor:
            raise RuleBroken("bill_words_differ", amount_minor=words_minor, currency=data.currency)
    return amount_minor


def parse_maturity(data: ReceiveBill) -> date:
    """Returns the maturity from the date, the tenor, or both when they agree. Raises RuleBroken."""
    if data.tenor_months and data.tenor_days:
        raise RuleBroken("bill_tenor_twice")
    computed = None
    if data.tenor_months or data.tenor_days:
        computed = rules.maturity(data.issued_on, months=data.tenor_months or 0, days=data.tenor_days or 0)
    matures_on = data.matures_on or computed
    if matures_on is None:
        raise RuleBroken("bill_maturity_missing")
    if computed is not None and computed != matures_on:
        raise RuleBroken("bill_maturity_differs", computed_on=computed.isoformat())
    if matures_on <= data.issued_on:
        raise RuleBroken("bill_matures_too_early")
    longest_on, months = rules.longest_maturity(data.issued_on)
    if matures_on > longest_on and not data.long_tenor_known:
        raise RuleBroken("bill_tenor_long", months=months, longest_on=longest_on.isoformat())
    return matures_on


def _require_dates_in_order(actor: Actor, data: ReceiveBill, matures_on: date) -> date:
    """Returns the posting date. Raises RuleBroken for dates out of order or in the future."""
    booked_on = data.booked_on or data.received_on
    if data.received_on > actor.today:
        raise RuleBroken("bill_received_ahead", until_on=actor.today.isoformat())
    if data.received_on < data.issued_on:
        raise RuleBroken("bill_received_before_issue", since_on=data.issued_on.isoformat())
    if data.received_on > matures_on:
        raise RuleBroken("bill_received_after_maturity", until_on=matures_on.isoformat())
    if booked_on > actor.today:
        raise RuleBroken("bill_booked_ahead", until_on=actor.today.isoformat())
    if booked_on < data.received_on:
        raise RuleBroken("bill_booked_before", since_on=data.received_on.isoformat())
    return booked_on


def _next_attempt(db: Session, tenant_id: UUID, number: str) -> int:
    """Returns 1 + the number of cancelled bills of this number. Raises Conflict when one is not cancelled."""
    states = db.execute(sa.select(Bill.state).where(Bill.tenant_id == tenant_id, Bill.number == number)).scalars().all()
    if any(state != State.CANCELLED for state in states):
        raise Conflict("bill_exists", number=number)
    return len(states) + 1


def _insert_bill(
    db: Session,
    actor: Actor,
    data: ReceiveBill,
    customer_id: UUID,
    item_id: UUID,
    amount_minor: int,
    matures_on: date,
    attempt: int,
) -> UUID:
    bill_id = new_id()
    same = data.model_dump(
        include={"number", "kind", "drawer", "acceptor", "payee", "issued_on", "received_on", "currency", "note"}
    )
    values: dict[str, Any] = same | {
        "tenant_id": actor.tenant_id,
        "id": bill_id,
        "attempt": attempt,
        "customer_id": customer_id,
        "item_id": item_id,
        "matures_on": matures_on,
        "amount_minor": amount_minor,
        "transferable": not data.not_transferable,
        "state": State.HELD.value,
        "state_on": data.received_on,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }
    db.execute(sa.insert(Bill).values(values))
    return bill_id


def _allocate(
    db: Session, actor: Actor, data: ReceiveBill, customer_id: UUID, item_id: UUID, amount_minor: int
) -> None:
    """Allocates the credit to the chosen or all open documents, oldest due first; the remainder stays unapplied.

    Raises RuleBroken(`bill_nothing_chosen`), Conflict(`bill_chosen_gone`) for a chosen document no longer open.
    """
    if data.pays == "none":
        return
    if data.pays == "chosen" and not data.item_ids:
        raise RuleBroken("bill_nothing_chosen")
    item = OpenItem
    open_debits = (
        sa.select(item.id, item.open_minor)
        .where(
            item.tenant_id == actor.tenant_id,
            item.customer_id == customer_id,
            item.currency == data.currency,
            item.side == 1,
            item.open_minor > 0,
            item.document_on <= actor.today,
        )
        .order_by(item.due_on, item.document_on, item.document_no, item.id)
    )
    if data.pays == "chosen":
        open_debits = open_debits.where(item.id == sa.any_(sa.cast(list(data.item_ids), sa.ARRAY(sa.Uuid))))
    rows = db.execute(open_debits).all()
    if data.pays == "chosen" and len(rows) != len(set(data.item_ids)):
        raise Conflict("bill_chosen_gone")
    left_minor, allocations = amount_minor, []
    for row in rows:
        part_minor = min(left_minor, row.open_minor)
        if part_minor:
            allocations.append(NewAllocation(row.id, item_id, part_minor))
            left_minor -= part_minor
    allocate(db, actor, allocations)
