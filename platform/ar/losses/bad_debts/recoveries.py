"""Posts recoveries of written-off debts, reverses them, and records events of the debt (R234).

Invariants: recoveries never exceed what was written off; a recovery and the receipt that pays it are posted together
or not at all; events are only added.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import (
    NewAllocation,
    NewItem,
    allocate,
    first_open_on,
    lock_open_period,
    next_document_number,
    post_items,
    posting_day,
    reverse_allocation,
    reverse_item,
)
from ar.ledger.models import OpenItem
from ar.losses.bad_debts.commands import lock_case, unreversed_allocations
from ar.losses.bad_debts.inputs import AddEvent, RecoverCredit, RecoverMoney
from ar.losses.bad_debts.totals import not_reversed, recovered_minor, written_off_minor
from ar.losses.inputs import ReverseLoss
from ar.losses.models import BadDebtEvent, BadDebtRecovery
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import decimal_text, parse_positive_amount

KIND: Final = "recovery"
RECEIPT: Final = "receipt"


def recover_money(db: Session, actor: Actor, case_id: UUID, data: RecoverMoney) -> UUID:
    """Posts money for a written-off debt: a recovery, and a receipt allocated to it; returns the recovery's id.

    Idempotent by `data.key`. Raises NotFound, RuleBroken (`bad_debt_not_written_off`, `recovery_too_much`,
    `recovery_day`, `amount_…`, `period_locked`).
    """
    asked = {"case": case_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"recovery:{data.key}", asked, lambda: _recover_money(db, actor, case_id, data))


def _recover_money(db: Session, actor: Actor, case_id: UUID, data: RecoverMoney) -> UUID:
    actor, case = _written_off(db, actor, case_id)
    amount = parse_positive_amount(data.amount, data.currency)
    _require_rest(db, actor.tenant_id, case_id, data.currency, amount)
    on = data.received_on
    if not case.written_off_on <= on <= actor.today:
        raise RuleBroken("recovery_day", first=case.written_off_on.isoformat(), last=actor.today.isoformat())
    day = posting_day(db, actor, on)
    numbers = next_document_number(db, actor, KIND, "RV", day.year), _receipt_number(db, actor.tenant_id, day.year)
    items = [
        NewItem(
            case.customer_id,
            kind,
            number,
            day,
            day,
            day,
            data.currency,
            amount,
            reference=case.number,
            contra=contra,
            came_on=on,
        )
        for kind, number, contra in zip((KIND, RECEIPT), numbers, (None, data.account), strict=True)
    ]
    recovery_item, receipt_item = post_items(db, actor, items, memo=data.note or case.number)
    allocate(db, actor, [NewAllocation(recovery_item, receipt_item, amount)])
    return _store(db, actor, case, data.currency, amount, recovery_item, receipt_item, on, data.note)


def recover_credit(db: Session, actor: Actor, case_id: UUID, data: RecoverCredit) -> UUID:
    """Applies an unapplied receipt of the customer to a written-off debt; returns the recovery's id.

    Dated today. Raises what `recover_money` raises, RuleBroken(`recovery_credit`), Conflict(`allocation_exceeds_open`).
    """
    asked = {"case": case_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"recovery:{data.key}", asked, lambda: _recover_credit(db, actor, case_id, data))


def _recover_credit(db: Session, actor: Actor, case_id: UUID, data: RecoverCredit) -> UUID:
    actor, case = _written_off(db, actor, case_id)
    item = OpenItem
    credit = db.execute(
        sa.select(item.customer_id, item.side, item.kind, item.currency, item.open_minor, item.document_on).where(
            item.tenant_id == actor.tenant_id, item.id == data.from_credit
        )
    ).first()
    rest = _rest(db, actor.tenant_id, case_id)
    if credit is None or credit.customer_id != case.customer_id or credit.side > 0 or credit.kind != RECEIPT:
        raise RuleBroken("recovery_credit")
    if not credit.open_minor or credit.currency not in rest:
        raise RuleBroken("recovery_credit")
    amount = (
        parse_positive_amount(data.amount, credit.currency)
        if data.amount
        else min(credit.open_minor, rest[credit.currency])
    )
    _require_rest(db, actor.tenant_id, case_id, credit.currency, amount)
    on = max(actor.today, credit.document_on, first_open_on(lock_open_period(db, actor.tenant_id)))
    number = next_document_number(db, actor, KIND, "RV", on.year)
    new_recovery = NewItem(case.customer_id, KIND, number, on, on, on, credit.currency, amount, reference=case.number)
    recovery_item = post_items(db, actor, [new_recovery], memo=data.note or case.number)[0]
    allocate(db, actor, [NewAllocation(recovery_item, data.from_credit, amount)])
    return _store(db, actor, case, credit.currency, amount, recovery_item, data.from_credit, on, data.note)


def reverse_recovery(db: Session, actor: Actor, recovery_id: UUID, data: ReverseLoss) -> None:
    """Reverses a recovery: the debt is written off as before, the money stays as an unapplied credit.

    Raises NotFound(`recovery_not_found`), Conflict(`recovery_taken_back`) and what reversing raises.
    """
    recovery = BadDebtRecovery
    row = db.execute(
        sa.select(recovery.case_id, recovery.recovery_item_id, recovery.currency, recovery.amount_minor).where(
            recovery.tenant_id == actor.tenant_id, recovery.id == recovery_id
        )
    ).first()
    if row is None:
        raise NotFound("recovery_not_found")
    actor, case = lock_case(db, actor, row.case_id)
    if not db.execute(sa.select(not_reversed(actor.tenant_id, row.recovery_item_id))).scalar_one():
        raise Conflict("recovery_taken_back")
    item_id = row.recovery_item_id
    for allocation_id in unreversed_allocations(db, actor.tenant_id, item_id):
        reverse_allocation(db, actor, allocation_id, item_id=item_id, effective_on=data.effective_on)
    reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
    facts = {
        "number": case.number,
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "reason": data.reason,
    }
    journal.record(
        db, actor, "bad_debt_recovery_undone", customer_id=case.customer_id, subject_id=row.case_id, data=facts
    )


def add_event(db: Session, actor: Actor, case_id: UUID, data: AddEvent) -> UUID:
    """Records an event of a written-off debt; returns its id. Idempotent by `data.key`.

    Raises NotFound, RuleBroken (`bad_debt_not_written_off`, `event_in_future`, `promise_day_needed`,
    `promise_currency_needed`, `amount_…`).
    """
    asked = {"case": case_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"bad_debt_event:{data.key}", asked, lambda: _add_event(db, actor, case_id, data)
    )


def _add_event(db: Session, actor: Actor, case_id: UUID, data: AddEvent) -> UUID:
    actor, case = _written_off(db, actor, case_id)
    on = data.happened_on or actor.today
    if on > actor.today:
        raise RuleBroken("event_in_future")
    promise = data.kind == "promise"
    if promise and data.promised_on is None:
        raise RuleBroken("promise_day_needed")
    if promise and data.promised and data.promised_currency is None:
        raise RuleBroken("promise_currency_needed")
    minor = parse_positive_amount(data.promised, data.promised_currency or "") if promise and data.promised else None
    event_id = new_id()
    db.execute(
        sa.insert(BadDebtEvent).values(
            tenant_id=actor.tenant_id,
            id=event_id,
            case_id=case_id,
            kind=data.kind,
            happened_on=on,
            text=data.text,
            promised_on=data.promised_on if promise else None,
            promised_minor=minor,
            promised_currency=data.promised_currency if minor is not None else None,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"number": case.number, "event": data.kind, "text": data.text}
    journal.record(db, actor, "bad_debt_event", customer_id=case.customer_id, subject_id=case_id, data=facts)
    return event_id


def _written_off(db: Session, actor: Actor, case_id: UUID) -> tuple[Actor, Any]:
    actor, case = lock_case(db, actor, case_id)
    if case.state != "written_off":
        raise RuleBroken("bad_debt_not_written_off", number=case.number)
    return actor, case


def _rest(db: Session, tenant_id: UUID, case_id: UUID) -> dict[str, int]:
    """Returns per currency what was written off and not recovered."""
    recovered = recovered_minor(db, tenant_id, case_id)
    written = written_off_minor(db, tenant_id, case_id)
    return {currency: minor - recovered.get(currency, 0) for currency, minor in written.items()}


def _require_rest(db: Session, tenant_id: UUID, case_id: UUID, currency: str, amount: int) -> None:
    rest = _rest(db, tenant_id, case_id).get(currency, 0)
    if amount > rest:
        raise RuleBroken("recovery_too_much", rest=decimal_text(rest, currency), currency=currency)


def _receipt_number(db: Session, tenant_id: UUID, year: int) -> str:
    """Returns the next free receipt number of the receipts' own counter, skipping imported numbers."""
    item = OpenItem
    while True:
        number = document_number("RC", year, take_numbers(db, tenant_id, f"{RECEIPT}:{year}")[0])
        taken = sa.exists().where(item.tenant_id == tenant_id, item.kind == RECEIPT, item.document_no == number)
        if not db.execute(sa.select(taken)).scalar_one():
            return number


def _store(
    db: Session,
    actor: Actor,
    case: Any,
    currency: str,
    amount: int,
    recovery_item: UUID,
    credit_item: UUID,
    on: date,
    note: str,
) -> UUID:
    recovery_id = new_id()
    db.execute(
        sa.insert(BadDebtRecovery).values(
            tenant_id=actor.tenant_id,
            id=recovery_id,
            case_id=case.id,
            currency=currency,
            amount_minor=amount,
            recovery_item_id=recovery_item,
            credit_item_id=credit_item,
            recovered_on=on,
            note=note,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"number": case.number, "currency": currency, "amount_minor": amount, "recovered_on": on.isoformat()}
    journal.record(db, actor, "bad_debt_recovery", customer_id=case.customer_id, subject_id=case.id, data=facts)
    return recovery_id
