"""Small differences written off: at once up to the company's limit, above it when others have approved.

May import posting, allocation, documents' numbers, the ledger's tables, tenants and the kernel. Invariants: what is
written off is what was open when it was asked for, never more; it is dated in an open period; the limit is data whose
versions stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, allocate, lock_customers, within_days
from ar.ledger.books.entries import NewItem
from ar.ledger.books.period_lock import first_open_on, hold_open, refuse_locked
from ar.ledger.books.posting import post_items
from ar.ledger.closing.fx.rates import rate_on
from ar.ledger.documents.commands import next_number
from ar.ledger.documents.inputs import ChangeLedgerSettings, WriteOffRest
from ar.ledger.models import FxRate, LedgerSettings, OpenItem
from ar.ledger.rules.conversion import convert
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, exponent, parse_amount
from kernel.views import select_view, value, view
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.models import Approval
from tenants.queries import tenant

KIND: Final = "write_off"
#: In whole units of the company's currency, until it sets its own.
AT_ONCE_UNITS: Final = 10


@dataclass(frozen=True, slots=True)
class Rest:
    """An item with what is left of it, under its customer's lock."""

    id: UUID
    customer_id: UUID
    side: int
    document_no: str
    document_on: date
    currency: str
    open_minor: int


def write_off_rest(db: Session, actor: Actor, item_id: UUID, data: WriteOffRest) -> tuple[UUID, bool]:
    """Writes off what is left of a document: (id of the credit, True), or (id of the approval asked for, False).

    The same key again returns the first answer. Raises NotFound; RuleBroken (`write_off_credit`,
    `write_off_nothing`, `write_off_text_needed`, `period_locked`, `effective_…`, `approval_pending`).
    """
    asked = {"item": item_id, **data.model_dump(exclude={"key"})}
    result = idempotency.once(
        db, actor, f"write_off:{data.key}", asked, lambda: _write_off_rest(db, actor, item_id, data)
    )
    return result, _is_item(db, actor.tenant_id, result)


def _write_off_rest(db: Session, actor: Actor, item_id: UUID, data: WriteOffRest) -> UUID:
    if data.reason == "other" and not data.text:
        raise RuleBroken("write_off_text_needed")
    rest = _locked(db, actor.tenant_id, item_id)
    if waiting := waiting_write_off(db, actor.tenant_id, item_id):
        raise RuleBroken("approval_pending", number=waiting[1])
    on = _day(db, actor, rest, data.effective_on)
    memo = f"{data.reason}: {data.text}" if data.text else data.reason
    worth = weighed_minor(db, actor, rest)
    if worth is not None and worth <= at_once_minor(db, actor.tenant_id):
        return _book(db, actor, rest, rest.open_minor, on, memo)
    facts = {"document_no": rest.document_no, "reason": data.reason, "on": _iso(data.effective_on), "memo": memo}
    ask = ApprovalRequest(KIND, item_id, rest.customer_id, rest.open_minor, rest.currency, facts, data.text, (), worth)
    return request(db, actor, ask)


def write_off_approved(
    db: Session, actor: Actor, item_id: UUID, amount_minor: int, asked_on: date | None, memo: str
) -> UUID:
    """The effect of an approval: the amount that was asked for, on the day asked for or today, in an open period.

    Raises Conflict(`write_off_rest_changed`) when less is open by now, and what `write_off_rest` raises.
    """
    rest = _locked(db, actor.tenant_id, item_id)
    if rest.open_minor < amount_minor:
        raise Conflict("write_off_rest_changed", document_no=rest.document_no)
    return _book(db, actor, rest, amount_minor, _day(db, actor, rest, asked_on), memo)


def waiting_write_off(db: Session, tenant_id: UUID, item_id: UUID) -> tuple[UUID, str] | None:
    """(id, number) of the approval that a document's write-off waits for."""
    a = Approval
    row = db.execute(
        sa.select(a.id, a.number).where(
            a.tenant_id == tenant_id, a.kind == KIND, a.subject_id == item_id, a.state == "pending"
        )
    ).first()
    return (row.id, row.number) if row else None


def at_once_minor(db: Session, tenant_id: UUID) -> int:
    """Up to how much one person writes off alone, in minor units of the company's currency."""
    s = LedgerSettings
    found = db.execute(
        sa.select(s.write_off_at_once_minor)
        .where(s.tenant_id == tenant_id)
        .order_by(s.recorded_at.desc(), s.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return AT_ONCE_UNITS * 10 ** exponent(tenant(db, tenant_id).currency) if found is None else int(found)


def change_settings(db: Session, actor: Actor, data: ChangeLedgerSettings) -> None:
    """A new version of the ledger's settings. Raises RuleBroken(`amount_unreadable`, `amount_below_zero`)."""
    currency = tenant(db, actor.tenant_id).currency
    try:
        minor = parse_amount(data.write_off_at_once, currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.write_off_at_once) from None
    if minor < 0:
        raise RuleBroken("amount_below_zero")
    before = at_once_minor(db, actor.tenant_id)
    if minor == before:
        return
    db.execute(
        sa.insert(LedgerSettings).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            write_off_at_once_minor=minor,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"currency": currency, "amount_minor": minor, "before_minor": before}
    journal.record(db, actor, "ledger_settings_changed", data=facts)


def weighed_minor(db: Session, actor: Actor, rest: Any) -> int | None:
    """What is held against the limits: the rest, and what of the same document was written off before and stands.

    Else a large debt would be written off by many small rests, each made by moving money away and back again. None
    when nobody knows what it is worth: without a rate, or by a rate that the actor typed.
    """
    tenant_id = actor.tenant_id
    i, mirror = OpenItem, sa.orm.aliased(OpenItem)
    before = db.execute(
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(i.amount_minor), 0), sa.BigInteger)).where(
            i.tenant_id == tenant_id,
            i.customer_id == rest.customer_id,
            i.kind == KIND,
            i.currency == rest.currency,
            i.reference == rest.document_no,
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == i.id),
        )
    ).scalar_one()
    if typed_rate(db, actor, rest.currency):
        return None
    return in_company_currency(db, tenant_id, before + rest.open_minor, rest.currency, actor.today)


def typed_rate(db: Session, actor: Actor, currency: str) -> bool:
    """Whether the rate that holds today was recorded by the actor: nobody sets the measure of their own write-off."""
    f = FxRate
    recorded_by = db.execute(
        sa.select(f.recorded_by)
        .where(f.tenant_id == actor.tenant_id, f.currency == currency, f.rate_on <= actor.today)
        .order_by(f.rate_on.desc(), f.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return recorded_by == actor.name


def in_company_currency(db: Session, tenant_id: UUID, minor: int, currency: str, on: date) -> int | None:
    """What an amount is worth in the company's currency at the last rate by `on`; None without a rate."""
    own = tenant(db, tenant_id).currency
    rate = rate_on(db, tenant_id, currency, on)
    return None if rate is None else convert(minor, currency, own, rate)


def _locked(db: Session, tenant_id: UUID, item_id: UUID) -> Rest:
    """The item under its customer's lock, when something of it can be written off."""
    item = OpenItem
    statement = select_view(
        Rest,
        id=value(item.id),
        customer_id=value(item.customer_id),
        side=value(item.side),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        currency=value(item.currency),
        open_minor=value(item.open_minor),
    ).where(item.tenant_id == tenant_id, item.id == item_id)
    row = db.execute(statement).first()
    if row is None:
        raise NotFound("item_not_found")
    lock_customers(db, tenant_id, [row.customer_id])
    rest = view(Rest, db.execute(statement).one())
    if rest.side < 0:
        raise RuleBroken("write_off_credit")
    if not rest.open_minor:
        raise RuleBroken("write_off_nothing", document_no=rest.document_no)
    return rest


def _day(db: Session, actor: Actor, rest: Rest, asked_on: date | None) -> date:
    """The day of the write-off: as asked for, else today; never before the document nor in a closed period."""
    open_from = first_open_on(hold_open(db, actor.tenant_id))
    refuse_locked(asked_on, open_from)
    since = max(rest.document_on, open_from)
    until = max(actor.today, since)
    return within_days(asked_on or until, since, until)


def _book(db: Session, actor: Actor, rest: Rest, amount_minor: int, on: date, memo: str) -> UUID:
    item = NewItem(
        customer_id=rest.customer_id,
        kind=KIND,
        document_no=next_number(db, actor, KIND, "WO", on.year),
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=rest.currency,
        amount_minor=amount_minor,
        reference=rest.document_no,
    )
    credit_id = post_items(db, actor, [item], memo=memo)[0]
    allocate(db, actor, [NewAllocation(rest.id, credit_id, amount_minor)])
    return credit_id


def _is_item(db: Session, tenant_id: UUID, some_id: UUID) -> bool:
    i = OpenItem
    return bool(db.execute(sa.select(sa.exists().where(i.tenant_id == tenant_id, i.id == some_id))).scalar_one())


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
