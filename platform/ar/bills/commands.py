"""Takes the steps of a bill received: pledge, endorse, discount, present, honour, dishonour, reverse, cancel.

Invariants: the customer is locked first, then the bill; a step is taken only from the state its form showed; entry,
history, state and journal are one transaction; nothing is dated in a locked period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.bills import rules
from ar.bills.inputs import BillStep, Discount, Dishonour, ReverseStep, Transfer, parse_annual_rate
from ar.bills.models import Bill, BillEvent
from ar.bills.rules import State, StepKind
from ar.ledger.commands import (
    lock_customers,
    post_entry,
    record_coming,
    require_open,
    reverse_allocation,
    reverse_entry,
    reverse_item,
    withdraw_unearned_discounts,
)
from ar.ledger.models import Allocation
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, parse_amount

# Journal kind of a step; `entry.kind` is the same.
JOURNAL_KIND: Final = "bill_{}"


@dataclass(frozen=True, slots=True)
class DiscountTerms:
    """The bank's terms of a discount: yearly rate in millionths, days, interest in minor units."""

    rate_ppm: int
    days: int
    interest_minor: int


@dataclass(frozen=True, slots=True)
class _StepRecord:
    """A step to be recorded; `entry_id`: its entry, `mirror_id`: the item that reverses the bill's credit."""

    step: StepKind
    to_state: State
    on: date
    booked_on: date
    entry_id: UUID | None = None
    mirror_id: UUID | None = None
    counterparty: str = ""
    note: str = ""
    terms: DiscountTerms | None = None


def take_step(db: Session, actor: Actor, bill_id: UUID, step: StepKind, data: BillStep) -> UUID:
    """Takes one step of a bill; returns the bill's id. The same key again changes nothing.

    Raises NotFound(`bill_not_found`); Conflict(`bill_moved_on`) when the bill has left the state the form showed;
    RuleBroken for a step not possible in the state, dates out of order, in the future or in a locked period, the
    transfer of a non-transferable bill, a discount that does not compute.
    """
    request = {"bill": bill_id, "step": step.value, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"bill-step:{data.key}", request, lambda: _take_step(db, actor, bill_id, step, data)
    )


def _take_step(db: Session, actor: Actor, bill_id: UUID, step: StepKind, data: BillStep) -> UUID:
    actor, bill, last = _lock_bill(db, actor, bill_id)
    state = State(bill.state)
    if state is not data.seen:
        raise Conflict("bill_moved_on", number=bill.number)
    booked_on = _require_dates_in_order(actor, last, data)
    require_open(db, actor.tenant_id, [booked_on])
    if step is StepKind.REVERSE:
        record = _reverse_last_step(db, actor, bill, last, data, booked_on)
    else:
        _require_possible(bill, state, step, data)
        record = _post_step(db, actor, bill, state, step, data, booked_on)
    _record_step(db, actor, bill, state, last.position, record)
    _record_coming(db, actor, bill, state, record)
    return bill_id


def insert_event(db: Session, actor: Actor, bill_id: UUID, position: int, **values: Any) -> None:
    """Inserts one row of a bill's history."""
    row: dict[str, Any] = {
        "tenant_id": actor.tenant_id,
        "id": new_id(),
        "bill_id": bill_id,
        "position": position,
        "entry_id": None,
        "mirror_id": None,
        "counterparty": "",
        "rate_ppm": None,
        "days": None,
        "interest_minor": None,
        "note": "",
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }
    db.execute(sa.insert(BillEvent).values(row | values))


def _lock_bill(db: Session, actor: Actor, bill_id: UUID) -> tuple[Actor, Any, Any]:
    """Locks the bill's customer, then the bill; returns the actor after it, the bill, its last step."""
    tenant_id = actor.tenant_id
    this_bill = (Bill.tenant_id == tenant_id, Bill.id == bill_id)
    customer_id = db.execute(sa.select(Bill.customer_id).where(*this_bill)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("bill_not_found")
    actor = lock_customers(db, actor, [customer_id])
    names = (
        *("id", "number", "kind", "customer_id", "item_id", "matures_on", "currency", "amount_minor"),
        *("transferable", "state", "notice_by_on", "notified_on", "received_on"),
    )
    columns: list[Any] = [getattr(Bill, name) for name in names]
    bill = db.execute(sa.select(*columns).where(*this_bill).with_for_update(key_share=True)).one()
    event = BillEvent
    last = db.execute(
        sa.select(event.position, event.kind, event.from_state, event.happened_on, event.effective_on, event.entry_id)
        .where(event.tenant_id == tenant_id, event.bill_id == bill_id)
        .order_by(event.position.desc())
        .limit(1)
    ).one()
    return actor, bill, last


def _require_dates_in_order(actor: Actor, last: Any, data: BillStep) -> date:
    """Returns the posting date. Raises RuleBroken for a date before the last step's or in the future."""
    booked_on = data.booked_on or max(data.on, last.effective_on)
    if data.on > actor.today:
        raise RuleBroken("bill_step_ahead", until_on=actor.today.isoformat())
    if data.on < last.happened_on:
        raise RuleBroken("bill_step_before_last", since_on=last.happened_on.isoformat())
    if booked_on > actor.today:
        raise RuleBroken("bill_booked_ahead", until_on=actor.today.isoformat())
    if booked_on < max(data.on, last.effective_on):
        raise RuleBroken("bill_booked_before", since_on=max(data.on, last.effective_on).isoformat())
    return booked_on


def _require_possible(bill: Any, state: State, step: StepKind, data: BillStep) -> None:
    if rules.next_state(state, step) is None:
        raise RuleBroken("bill_step_impossible", number=bill.number)
    if step in rules.TRANSFERS and not bill.transferable:
        raise RuleBroken("bill_not_transferable", number=bill.number)
    matures_on, last_on = bill.matures_on, rules.present_by(bill.matures_on)
    if step in (StepKind.DISCOUNT, StepKind.DISCOUNT_RECOURSE) and data.on >= matures_on:
        raise RuleBroken("bill_matured", matures_on=matures_on.isoformat())
    if step in rules.TRANSFERS and data.on > last_on:
        raise RuleBroken("bill_too_late_to_hand_on", last_on=last_on.isoformat())
    if step in (StepKind.PRESENT, StepKind.HONOUR) and data.on < matures_on:
        raise RuleBroken("bill_not_mature", matures_on=matures_on.isoformat())
    if step is StepKind.NOTIFY and (bill.notice_by_on is None or bill.notified_on is not None):
        raise RuleBroken("bill_no_notice_due", number=bill.number)


def _post_step(
    db: Session, actor: Actor, bill: Any, state: State, step: StepKind, data: BillStep, booked_on: date
) -> _StepRecord:
    """Posts the step's entry and returns the step to be recorded."""
    terms = _discount_terms(bill, data) if isinstance(data, Discount) else None
    legs = rules.entry_legs(state, step, bill.amount_minor, terms.interest_minor if terms else 0)
    memo = f"{bill.number} {data.note}".strip()
    entry_id = None
    if legs:
        kind = JOURNAL_KIND.format(step.value)
        postings = [(leg.account, bill.currency, leg.debit_minor, leg.credit_minor) for leg in legs]
        entry_id = post_entry(db, actor, kind, booked_on, postings, memo=memo)
    note = data.note
    if isinstance(data, Dishonour):
        note = data.proof
    if isinstance(data, ReverseStep):
        note = data.reason
    mirror_id = _reverse_credit(db, actor, bill, booked_on, note) if rules.reopens_receivable(state, step) else None
    return _StepRecord(
        step,
        rules.TRANSITIONS[state, step],
        data.on,
        booked_on,
        entry_id,
        mirror_id,
        data.counterparty if isinstance(data, Transfer | Discount) else "",
        note,
        terms,
    )


def _discount_terms(bill: Any, data: Discount) -> DiscountTerms:
    rate_ppm = parse_annual_rate(data.rate)
    if rate_ppm is None:
        raise RuleBroken("bill_rate_unreadable", rate=data.rate)
    days = rules.discount_days(data.on, bill.matures_on, data.adjust_days)
    interest = rules.discount_interest(bill.amount_minor, rate_ppm, days)
    if interest >= bill.amount_minor:
        raise RuleBroken("bill_rate_eats_face", rate=data.rate)
    if data.proceeds:
        try:
            proceeds_minor = parse_amount(data.proceeds, bill.currency)
        except BadAmount:
            raise RuleBroken("bill_proceeds_unreadable", amount=data.proceeds) from None
        if proceeds_minor != bill.amount_minor - interest:
            raise RuleBroken(
                "bill_proceeds_differ",
                proceeds_minor=bill.amount_minor - interest,
                interest_minor=interest,
                currency=bill.currency,
                days=days,
            )
    return DiscountTerms(rate_ppm, days, interest)


def _reverse_credit(db: Session, actor: Actor, bill: Any, on: date, memo: str) -> UUID:
    """Reverses the allocations of the bill's credit, then the credit; returns the reversing item's id.

    The documents it paid are open again from `on` with their original due dates, and what discount it earned is taken
    back; before `on` nothing changes.
    """
    paid = _allocations_in_force(db, actor.tenant_id, bill.item_id)
    for allocation_id in paid:
        reverse_allocation(db, actor, allocation_id, effective_on=on)
    withdraw_unearned_discounts(db, actor, dict.fromkeys(paid.values()), on, memo=memo)
    return reverse_item(db, actor, bill.item_id, effective_on=on, memo=memo)


def _record_coming(db: Session, actor: Actor, bill: Any, state: State, record: _StepRecord) -> None:
    """Records when the bill became money: when it was honoured, or sold so that its loss is the buyer's (ADR 0028).

    Undone, it is a promise again, and takes back the discount that it had earned.
    """
    before, after = rules.is_money(state), rules.is_money(record.to_state)
    if after and not before:
        record_coming(db, actor, bill.item_id, record.on, conditional=False)
    if before and record.step is StepKind.REVERSE and not after:
        record_coming(db, actor, bill.item_id, bill.received_on, conditional=True)
        paid = _allocations_in_force(db, actor.tenant_id, bill.item_id)
        memo = f"{bill.number} {record.note}".strip()
        withdraw_unearned_discounts(db, actor, dict.fromkeys(paid.values()), record.booked_on, memo=memo)


def _allocations_in_force(db: Session, tenant_id: UUID, item_id: UUID) -> dict[UUID, UUID]:
    """Returns allocation → document of what a bill's credit pays."""
    allocation, reversal = Allocation, aliased(Allocation)
    rows = db.execute(
        sa.select(allocation.id, allocation.debit_item_id)
        .where(
            allocation.tenant_id == tenant_id,
            allocation.credit_item_id == item_id,
            allocation.reverses_id.is_(None),
            ~sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == allocation.id),
        )
        .order_by(allocation.id)
    )
    return {row.id: row.debit_item_id for row in rows}


def _reverse_last_step(db: Session, actor: Actor, bill: Any, last: Any, data: BillStep, booked_on: date) -> _StepRecord:
    """Reverses the last step's entry; returns the step back to the state before. Raises RuleBroken."""
    if last.kind not in rules.REVERSIBLE:
        raise RuleBroken("bill_nothing_to_undo", number=bill.number)
    reason = data.reason if isinstance(data, ReverseStep) else data.note
    entry_id = None
    if last.entry_id is not None:
        entry_id = reverse_entry(db, actor, last.entry_id, booked_on, memo=f"{bill.number} {reason}".strip())
    return _StepRecord(StepKind.REVERSE, State(last.from_state), data.on, booked_on, entry_id, note=reason)


def _record_step(db: Session, actor: Actor, bill: Any, state: State, position: int, record: _StepRecord) -> None:
    """Writes the step's history row, the bill's state and the journal event."""
    terms = record.terms
    insert_event(
        db,
        actor,
        bill.id,
        position + 1,
        kind=record.step.value,
        from_state=state.value,
        to_state=record.to_state.value,
        happened_on=record.on,
        effective_on=record.booked_on,
        entry_id=record.entry_id,
        mirror_id=record.mirror_id,
        counterparty=record.counterparty,
        note=record.note,
        rate_ppm=terms.rate_ppm if terms else None,
        days=terms.days if terms else None,
        interest_minor=terms.interest_minor if terms else None,
    )
    changes: dict[str, Any] = {"notified_on": record.on}
    if record.step is not StepKind.NOTIFY:
        notice_by_on = rules.notice_by(record.on) if record.step is StepKind.DISHONOUR and record.mirror_id else None
        changes = {"state": record.to_state.value, "state_on": record.on, "notice_by_on": notice_by_on}
    db.execute(sa.update(Bill).where(Bill.tenant_id == actor.tenant_id, Bill.id == bill.id).values(changes))
    facts: dict[str, Any] = {
        "number": bill.number,
        "currency": bill.currency,
        "amount_minor": bill.amount_minor,
        "happened_on": record.on.isoformat(),
        "effective_on": record.booked_on.isoformat(),
        "party": record.counterparty,
        "note": record.note,
        "from": state.value,
        "to": record.to_state.value,
    }
    if terms:
        facts |= {"rate_ppm": terms.rate_ppm, "days": terms.days, "interest_minor": terms.interest_minor}
    kind = JOURNAL_KIND.format(record.step.value)
    journal.record(db, actor, kind, customer_id=bill.customer_id, subject_id=bill.id, data=facts)
