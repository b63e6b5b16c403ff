"""Writes off small differences: at once up to the company's limit, above it after approval.

Invariants: never more is written off than was open at the request; the date lies in an open period; the limit is data
with all its versions kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.books.allocation import NewAllocation, allocate, require_day_between
from ar.ledger.books.entries import NewItem
from ar.ledger.books.locks import lock_customers
from ar.ledger.books.period_lock import first_open_on, lock_open_period, require_unlocked
from ar.ledger.books.posting import post_items
from ar.ledger.closing.fx.models import FxRate
from ar.ledger.closing.fx.rates import rate_on
from ar.ledger.documents.commands import next_document_number
from ar.ledger.models import OpenItem
from ar.ledger.receivables.settlement.inputs import ChangeLedgerSettings, WriteOffRemainder
from ar.ledger.receivables.settlement.ledger_settings import credits_netted
from ar.ledger.receivables.settlement.models import LedgerSettings
from ar.ledger.rules.conversion import convert
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, decimal_text, exponent, parse_amount
from kernel.versions import check_version
from kernel.views import select_view, value, view
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.models import Approval
from tenants.queries import tenant

KIND: Final = "write_off"
#: Limit in whole units of the company's currency, until the company sets its own.
DEFAULT_LIMIT_UNITS: Final = 10


@dataclass(frozen=True, slots=True)
class Remainder:
    """An item with its open amount; the caller has the customer's lock."""

    id: UUID
    customer_id: UUID
    side: int
    document_no: str
    document_on: date
    currency: str
    open_minor: int


def write_off_remainder(db: Session, actor: Actor, item_id: UUID, data: WriteOffRemainder) -> tuple[UUID, bool]:
    """Writes off a document's open amount or requests approval; returns (credit's id, True) or (approval's id, False).

    The same key again returns the first result. Raises NotFound(`item_not_found`); RuleBroken (`write_off_credit`,
    `write_off_nothing`, `write_off_text_needed`, `period_locked`, `effective_…`, `approval_pending`).
    """
    values = {"item": item_id, **data.model_dump(exclude={"key"})}
    result_id = idempotency.once(
        db, actor, f"write_off:{data.key}", values, lambda: _write_off_remainder(db, actor, item_id, data)
    )
    return result_id, _is_item(db, actor.tenant_id, result_id)


def _write_off_remainder(db: Session, actor: Actor, item_id: UUID, data: WriteOffRemainder) -> UUID:
    if data.reason == "other" and not data.text:
        raise RuleBroken("write_off_text_needed")
    actor, remainder = _lock_remainder(db, actor, item_id)
    if pending := pending_write_off(db, actor.tenant_id, item_id):
        raise RuleBroken("approval_pending", number=pending[1])
    on = _effective_on(db, actor, remainder, data.effective_on)
    memo = f"{data.reason}: {data.text}" if data.text else data.reason
    counted_minor = amount_for_limit_minor(db, actor, remainder)
    if counted_minor is not None and counted_minor <= write_off_limit_minor(db, actor.tenant_id):
        return _post_write_off(db, actor, remainder, remainder.open_minor, on, memo)
    facts = {"document_no": remainder.document_no, "reason": data.reason, "on": _iso(data.effective_on), "memo": memo}
    ask = ApprovalRequest(
        KIND,
        item_id,
        remainder.customer_id,
        remainder.open_minor,
        remainder.currency,
        facts,
        data.text,
        (),
        counted_minor,
    )
    return request(db, actor, ask)


def write_off_approved(
    db: Session, actor: Actor, item_id: UUID, amount_minor: int, requested_on: date | None, memo: str
) -> UUID:
    """Posts an approved write-off of the requested amount, on the requested day (None: today), in an open period.

    Raises Conflict(`write_off_rest_changed`) when less than the amount is open, and what `write_off_remainder` raises.
    """
    actor, remainder = _lock_remainder(db, actor, item_id)
    if remainder.open_minor < amount_minor:
        raise Conflict("write_off_rest_changed", document_no=remainder.document_no)
    return _post_write_off(db, actor, remainder, amount_minor, _effective_on(db, actor, remainder, requested_on), memo)


def pending_write_off(db: Session, tenant_id: UUID, item_id: UUID) -> tuple[UUID, str] | None:
    """Returns (id, number) of the pending approval of a document's write-off; None when there is none."""
    approval = Approval
    row = db.execute(
        sa.select(approval.id, approval.number).where(
            approval.tenant_id == tenant_id,
            approval.kind == KIND,
            approval.subject_id == item_id,
            approval.state == "pending",
        )
    ).first()
    return (row.id, row.number) if row else None


def write_off_limit_minor(db: Session, tenant_id: UUID) -> int:
    """Returns the limit of write-offs without approval, in minor units of the company's currency."""
    settings = LedgerSettings
    found = db.execute(
        sa.select(settings.write_off_at_once_minor)
        .where(settings.tenant_id == tenant_id)
        .order_by(settings.recorded_at.desc(), settings.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return DEFAULT_LIMIT_UNITS * 10 ** exponent(tenant(db, tenant_id).currency) if found is None else int(found)


def settings_values(db: Session, tenant_id: UUID) -> dict[str, str]:
    """Returns the ledger's settings as their form shows them, field → value."""
    limit_minor = write_off_limit_minor(db, tenant_id)
    return {
        "write_off_at_once": decimal_text(limit_minor, tenant(db, tenant_id).currency),
        "receivables": "net" if credits_netted(db, tenant_id) else "gross",
    }


def change_settings(db: Session, actor: Actor, data: ChangeLedgerSettings) -> None:
    """Saves a new version of the ledger's settings.

    Raises RuleBroken (`amount_unreadable`, `amount_below_zero`), Conflict(`changed_meanwhile`).
    """
    currency = tenant(db, actor.tenant_id).currency
    try:
        minor = parse_amount(data.write_off_at_once, currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.write_off_at_once) from None
    if minor < 0:
        raise RuleBroken("amount_below_zero")
    actor = lock_counter(db, actor, "ledger_settings")
    check_version(data, settings_values(db, actor.tenant_id))
    before, netted = write_off_limit_minor(db, actor.tenant_id), data.receivables == "net"
    if minor == before and netted == credits_netted(db, actor.tenant_id):
        return
    db.execute(
        sa.insert(LedgerSettings).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            write_off_at_once_minor=minor,
            credits_netted=netted,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"currency": currency, "amount_minor": minor, "before_minor": before, "receivables": data.receivables}
    journal.record(db, actor, "ledger_settings_changed", data=facts)


def amount_for_limit_minor(db: Session, actor: Actor, remainder: Any) -> int | None:
    """Returns the amount compared with the limits, in the company's currency: the remainder and earlier write-offs.

    Unreversed write-offs of the same document count, or a large debt could be written off in many small parts. Returns
    None when there is no rate, or the actor recorded it.
    """
    tenant_id = actor.tenant_id
    credit, reversal = OpenItem, aliased(OpenItem)
    before_minor = db.execute(
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(credit.amount_minor), 0), sa.BigInteger)).where(
            credit.tenant_id == tenant_id,
            credit.customer_id == remainder.customer_id,
            credit.kind == KIND,
            credit.currency == remainder.currency,
            credit.reference == remainder.document_no,
            ~sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == credit.id),
        )
    ).scalar_one()
    if rate_recorded_by_actor(db, actor, remainder.currency):
        return None
    minor = before_minor + remainder.open_minor
    return _in_company_currency(db, tenant_id, minor, remainder.currency, actor.today)


def rate_recorded_by_actor(db: Session, actor: Actor, currency: str) -> bool:
    """Returns True when the actor recorded the rate in force today, which must not measure their own write-off."""
    rate = FxRate
    recorded_by = db.execute(
        sa.select(rate.recorded_by)
        .where(rate.tenant_id == actor.tenant_id, rate.currency == currency, rate.rate_on <= actor.today)
        .order_by(rate.rate_on.desc(), rate.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return recorded_by == actor.name


def _in_company_currency(db: Session, tenant_id: UUID, minor: int, currency: str, on: date) -> int | None:
    """Converts an amount at the last rate by `on`; None without a rate."""
    company_currency = tenant(db, tenant_id).currency
    rate = rate_on(db, tenant_id, currency, on)
    return None if rate is None else convert(minor, currency, company_currency, rate)


def _lock_remainder(db: Session, actor: Actor, item_id: UUID) -> tuple[Actor, Remainder]:
    """Locks the item's customer; returns the actor after it, and the item.

    Raises NotFound, RuleBroken when nothing can be written off.
    """
    item = OpenItem
    statement = select_view(
        Remainder,
        id=value(item.id),
        customer_id=value(item.customer_id),
        side=value(item.side),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        currency=value(item.currency),
        open_minor=value(item.open_minor),
    ).where(item.tenant_id == actor.tenant_id, item.id == item_id)
    row = db.execute(statement).first()
    if row is None:
        raise NotFound("item_not_found")
    actor = lock_customers(db, actor, [row.customer_id])
    remainder = view(Remainder, db.execute(statement).one())
    if remainder.side < 0:
        raise RuleBroken("write_off_credit")
    if not remainder.open_minor:
        raise RuleBroken("write_off_nothing", document_no=remainder.document_no)
    return actor, remainder


def _effective_on(db: Session, actor: Actor, remainder: Remainder, requested_on: date | None) -> date:
    """Returns the requested day, else today; not before the document nor in a locked period. Raises RuleBroken."""
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(requested_on, open_from)
    since = max(remainder.document_on, open_from)
    until = max(actor.today, since)
    return require_day_between(requested_on or until, since, until)


def _post_write_off(db: Session, actor: Actor, remainder: Remainder, amount_minor: int, on: date, memo: str) -> UUID:
    item = NewItem(
        customer_id=remainder.customer_id,
        kind=KIND,
        document_no=next_document_number(db, actor, KIND, "WO", on.year),
        document_on=on,
        due_on=on,
        collection_end_on=on,
        currency=remainder.currency,
        amount_minor=amount_minor,
        reference=remainder.document_no,
    )
    credit_id = post_items(db, actor, [item], memo=memo)[0]
    allocate(db, actor, [NewAllocation(remainder.id, credit_id, amount_minor)])
    return credit_id


def _is_item(db: Session, tenant_id: UUID, some_id: UUID) -> bool:
    item = OpenItem
    return bool(db.execute(sa.select(sa.exists().where(item.tenant_id == tenant_id, item.id == some_id))).scalar_one())


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
