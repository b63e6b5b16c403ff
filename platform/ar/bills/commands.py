"""What happens to a bill after it came in: pledged, endorsed, discounted, presented, paid, refused, undone.

May import the rules, the ledger's posting, allocation and reversing, and the kernel. Invariants: the customer is
locked first, then the bill; a step is taken only from the state its form showed; entry, history, state and journal
are one transaction; nothing is dated in a closed period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.bills import rules
from ar.bills.inputs import BillStep, Discount, Dishonour, HandOn, TakeBackStep, read_percent
from ar.bills.models import Bill, BillEvent
from ar.bills.rules import State, Step
from ar.ledger.commands import lock_customers, post_entry, require_open, reverse_allocation, reverse_entry, reverse_item
from ar.ledger.models import Allocation
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, parse_amount

# The journal's word for each step; `entry.kind` is the same.
EVENT: Final = "bill_{}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the bank asked for a discount: rate in millionths a year, days, interest in minor units."""

    rate_ppm: int
    days: int
    interest_minor: int


@dataclass(frozen=True, slots=True)
class _Taken:
    """A step about to be written: `entry_id` and `mirror_id` are what it did to the books."""

    step: Step
    to_state: State
    on: date
    booked_on: date
    entry_id: UUID | None = None
    mirror_id: UUID | None = None
    counterparty: str = ""
    note: str = ""
    terms: Terms | None = None


def take_step(db: Session, actor: Actor, bill_id: UUID, step: Step, data: BillStep) -> UUID:
    """Takes one step of a bill; returns the bill's id. The same key again changes nothing.

    Raises NotFound(`bill_not_found`); Conflict(`bill_moved_on`) when it is no longer in the state that was seen;
    RuleBroken for a step that is not possible there, dates out of order, in the future or in a closed period, a
    transfer of what is not transferable, a discount that does not compute.
    """
    request = {"bill": bill_id, "step": step.value, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"bill-step:{data.key}", request, lambda: _take_step(db, actor, bill_id, step, data)
    )


def _take_step(db: Session, actor: Actor, bill_id: UUID, step: Step, data: BillStep) -> UUID:
    bill, last = _hold(db, actor.tenant_id, bill_id)
    state = State(bill.state)
    if state is not data.seen:
        raise Conflict("bill_moved_on", number=bill.number)
    booked_on = _check_days(actor, last, data)
    require_open(db, actor.tenant_id, [booked_on])
    if step is Step.UNDO:
        taken = _undone(db, actor, bill, last, data, booked_on)
    else:
        _check_step(bill, state, step, data)
        taken = _taken(db, actor, bill, state, step, data, booked_on)
    _write(db, actor, bill, state, last.position, taken)
    return bill_id


def write_event(db: Session, actor: Actor, bill_id: UUID, position: int, **values: Any) -> None:
    """One row of a bill's history."""
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


def _hold(db: Session, tenant_id: UUID, bill_id: UUID) -> tuple[Any, Any]:
    """The bill and its last step, under the locks of its customer and of itself. Raises NotFound."""
    b, e = Bill, BillEvent
    customer_id = db.execute(
        sa.select(b.customer_id).where(b.tenant_id == tenant_id, b.id == bill_id)
    ).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("bill_not_found")
    lock_customers(db, tenant_id, [customer_id])
    columns: list[Any] = [
        *(b.id, b.number, b.kind, b.customer_id, b.item_id, b.matures_on, b.currency, b.amount_minor),
        *(b.transferable, b.state, b.notice_by_on, b.notified_on),
    ]
    bill = db.execute(
        sa.select(*columns).where(b.tenant_id == tenant_id, b.id == bill_id).with_for_update(key_share=True)
    ).one()
    last = db.execute(
        sa.select(e.position, e.kind, e.from_state, e.happened_on, e.effective_on, e.entry_id)
        .where(e.tenant_id == tenant_id, e.bill_id == bill_id)
        .order_by(e.position.desc())
        .limit(1)
    ).one()
    return bill, last


def _check_days(actor: Actor, last: Any, data: BillStep) -> date:
    """The day of the books, when both days are possible: not before the last step's, not in the future."""
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


def _check_step(bill: Any, state: State, step: Step, data: BillStep) -> None:
    if rules.after(state, step) is None:
        raise RuleBroken("bill_step_impossible", number=bill.number)
    if step in rules.TRANSFERS and not bill.transferable:
        raise RuleBroken("bill_not_transferable", number=bill.number)
    matures_on, last_on = bill.matures_on, rules.present_by(bill.matures_on)
    if step in (Step.DISCOUNT, Step.DISCOUNT_RECOURSE) and data.on >= matures_on:
        raise RuleBroken("bill_matured", matures_on=matures_on.isoformat())
    if step in rules.TRANSFERS and data.on > last_on:
        raise RuleBroken("bill_too_late_to_hand_on", last_on=last_on.isoformat())
    if step in (Step.PRESENT, Step.HONOUR) and data.on < matures_on:
        raise RuleBroken("bill_not_mature", matures_on=matures_on.isoformat())
    if step is Step.NOTIFY and (bill.notice_by_on is None or bill.notified_on is not None):
        raise RuleBroken("bill_no_notice_due", number=bill.number)


def _taken(db: Session, actor: Actor, bill: Any, state: State, step: Step, data: BillStep, booked_on: date) -> _Taken:
    """Books what the step does and says what is to be written of it."""
    terms = _discount_terms(bill, data) if isinstance(data, Discount) else None
    legs = rules.legs(state, step, bill.amount_minor, terms.interest_minor if terms else 0)
    memo = f"{bill.number} {data.note}".strip()
    entry_id = None
    if legs:
        kind = EVENT.format(step.value)
        booked = [(leg.account, bill.currency, leg.debit_minor, leg.credit_minor) for leg in legs]
        entry_id = post_entry(db, actor, kind, booked_on, booked, memo=memo)
    note = data.note
    if isinstance(data, Dishonour):
        note = data.proof
    if isinstance(data, TakeBackStep):
        note = data.reason
    mirror_id = _reopen(db, actor, bill, booked_on, note) if rules.reopens(state, step) else None
    return _Taken(
        step,
        rules.TRANSITIONS[state, step],
        data.on,
        booked_on,
        entry_id,
        mirror_id,
        data.counterparty if isinstance(data, HandOn | Discount) else "",
        note,
        terms,
    )


def _discount_terms(bill: Any, data: Discount) -> Terms:
    rate_ppm = read_percent(data.rate)
    if rate_ppm is None:
        raise RuleBroken("bill_rate_unreadable", rate=data.rate)
    days = rules.discount_days(data.on, bill.matures_on, data.adjust_days)
    interest = rules.discount_interest(bill.amount_minor, rate_ppm, days)
    if interest >= bill.amount_minor:
        raise RuleBroken("bill_rate_eats_face", rate=data.rate)
    if data.proceeds:
        try:
            told = parse_amount(data.proceeds, bill.currency)
        except BadAmount:
            raise RuleBroken("bill_proceeds_unreadable", amount=data.proceeds) from None
        if told != bill.amount_minor - interest:
            raise RuleBroken(
                "bill_proceeds_differ",
                proceeds_minor=bill.amount_minor - interest,
                interest_minor=interest,
                currency=bill.currency,
                days=days,
            )
    return Terms(rate_ppm, days, interest)


def _reopen(db: Session, actor: Actor, bill: Any, on: date, memo: str) -> UUID:
    """Takes back whatever the bill's credit stands against, then the credit itself; returns the mirror's id.

    The documents it paid are open again from `on` with the due dates they always had; before `on` nothing changes.
    """
    a, back = Allocation, sa.orm.aliased(Allocation)
    standing = db.execute(
        sa.select(a.id)
        .where(
            a.tenant_id == actor.tenant_id,
            a.credit_item_id == bill.item_id,
            a.reverses_id.is_(None),
            ~sa.exists().where(back.tenant_id == actor.tenant_id, back.reverses_id == a.id),
        )
        .order_by(a.id)
    ).scalars()
    for allocation_id in list(standing):
        reverse_allocation(db, actor, allocation_id, effective_on=on)
    return reverse_item(db, actor, bill.item_id, effective_on=on, memo=memo)


def _undone(db: Session, actor: Actor, bill: Any, last: Any, data: BillStep, booked_on: date) -> _Taken:
    """Leads back to the state before the last step and takes its entry back."""
    if last.kind not in rules.UNDOABLE:
        raise RuleBroken("bill_nothing_to_undo", number=bill.number)
    reason = data.reason if isinstance(data, TakeBackStep) else data.note
    entry_id = None
    if last.entry_id is not None:
        entry_id = reverse_entry(db, actor, last.entry_id, booked_on, memo=f"{bill.number} {reason}".strip())
    return _Taken(Step.UNDO, State(last.from_state), data.on, booked_on, entry_id, note=reason)


def _write(db: Session, actor: Actor, bill: Any, state: State, position: int, taken: _Taken) -> None:
    """History, projection and journal of the step."""
    terms = taken.terms
    write_event(
        db,
        actor,
        bill.id,
        position + 1,
        kind=taken.step.value,
        from_state=state.value,
        to_state=taken.to_state.value,
        happened_on=taken.on,
        effective_on=taken.booked_on,
        entry_id=taken.entry_id,
        mirror_id=taken.mirror_id,
        counterparty=taken.counterparty,
        note=taken.note,
        rate_ppm=terms.rate_ppm if terms else None,
        days=terms.days if terms else None,
        interest_minor=terms.interest_minor if terms else None,
    )
    changes: dict[str, Any] = {"notified_on": taken.on}
    if taken.step is not Step.NOTIFY:
        told = rules.notice_by(taken.on) if taken.step is Step.DISHONOUR and taken.mirror_id else None
        changes = {"state": taken.to_state.value, "state_on": taken.on, "notice_by_on": told}
    b = Bill
    db.execute(sa.update(b).where(b.tenant_id == actor.tenant_id, b.id == bill.id).values(changes))
    facts: dict[str, Any] = {
        "number": bill.number,
        "currency": bill.currency,
        "amount_minor": bill.amount_minor,
        "happened_on": taken.on.isoformat(),
        "effective_on": taken.booked_on.isoformat(),
        "party": taken.counterparty,
        "note": taken.note,
        "from": state.value,
        "to": taken.to_state.value,
    }
    if terms:
        facts |= {"rate_ppm": terms.rate_ppm, "days": terms.days, "interest_minor": terms.interest_minor}
    kind = EVENT.format(taken.step.value)
    journal.record(db, actor, kind, customer_id=bill.customer_id, subject_id=bill.id, data=facts)
