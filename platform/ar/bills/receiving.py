"""A bill comes in: checked against its own words, booked as a credit of the customer, set against what is owed.

May import the rules, the ledger's posting and allocation, customers' reads and the kernel. Invariants: receiving
reclassifies, it does not extinguish (see `queries.outstanding`); locks in the global order; one transaction.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.commands import write_event
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
    """Books a bill received and sets it against documents; returns its id. The same key again: the first answer.

    Raises RuleBroken for a customer that is not there, an amount that is none or differs from its capitals, a
    maturity that is missing, ambiguous or unusually far, days out of order, in the future or in a closed period;
    Conflict(`bill_exists`) for a number that is on the books.
    """
    request = data.model_dump(exclude={"key"})
    return idempotency.once(db, actor, f"bill:{data.key}", request, lambda: _receive_bill(db, actor, data))


def _receive_bill(db: Session, actor: Actor, data: ReceiveBill) -> UUID:
    amount_minor, matures_on = read_amount(data), read_maturity(data)
    booked_on = _check_days(actor, data, matures_on)
    customer = find_numbers(db, actor.tenant_id, [data.customer_no]).get(data.customer_no)
    if customer is None:
        raise RuleBroken("bill_customer_unknown", number=data.customer_no)
    lock_customers(db, actor.tenant_id, [customer.id])
    attempt = _attempt(db, actor.tenant_id, data.number)
    # A cancelled entry keeps its document for ever, so the same paper typed again needs another name in the ledger.
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
    )
    item_id = post_items(db, actor, [item], memo=data.note)[0]
    bill_id = _insert(db, actor, data, customer.id, item_id, amount_minor, matures_on, attempt)
    write_event(
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
    _set_against(db, actor, data, customer.id, item_id, amount_minor)
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


def read_amount(data: ReceiveBill) -> int:
    """The face in minor units. Raises RuleBroken when it cannot be read or is not what its capitals say."""
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


def read_maturity(data: ReceiveBill) -> date:
    """The maturity from the date, the tenor, or both where they agree. Raises RuleBroken."""
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


def _check_days(actor: Actor, data: ReceiveBill, matures_on: date) -> date:
    """The day of the books, when the days are in order."""
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


def _attempt(db: Session, tenant_id: UUID, number: str) -> int:
    """How many times the number was entered, this one included. Raises Conflict when one of them stands."""
    b = Bill
    states = db.execute(sa.select(b.state).where(b.tenant_id == tenant_id, b.number == number)).scalars().all()
    if any(state != State.CANCELLED for state in states):
        raise Conflict("bill_exists", number=number)
    return len(states) + 1


def _insert(
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


def _set_against(
    db: Session, actor: Actor, data: ReceiveBill, customer_id: UUID, item_id: UUID, amount_minor: int
) -> None:
    """Sets the credit against what is owed, the oldest due first among those that were meant; the rest stays open."""
    if data.pays == "none":
        return
    if data.pays == "chosen" and not data.item_ids:
        raise RuleBroken("bill_nothing_chosen")
    i = OpenItem
    wanted = (
        sa.select(i.id, i.open_minor)
        .where(
            i.tenant_id == actor.tenant_id,
            i.customer_id == customer_id,
            i.currency == data.currency,
            i.side == 1,
            i.open_minor > 0,
            i.document_on <= actor.today,
        )
        .order_by(i.due_on, i.document_on, i.document_no, i.id)
    )
    if data.pays == "chosen":
        wanted = wanted.where(i.id == sa.any_(sa.cast(list(data.item_ids), sa.ARRAY(sa.Uuid))))
    rows = db.execute(wanted).all()
    if data.pays == "chosen" and len(rows) != len(set(data.item_ids)):
        raise Conflict("bill_chosen_gone")
    left, allocations = amount_minor, []
    for row in rows:
        part = min(left, row.open_minor)
        if part:
            allocations.append(NewAllocation(row.id, item_id, part))
            left -= part
    allocate(db, actor, allocations)
