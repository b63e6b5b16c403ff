"""Requests refunds out of unapplied credits, withdraws requests, and posts approved refunds.

Invariants: a refund never exceeds what is unapplied when it is posted, whatever was open at the request; pending
requests reduce what can be requested; the requester does not decide.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import NewAllocation, NewItem, allocate, lock_customers, post_items
from ar.ledger.models import OpenItem
from ar.receipts.bank.accounts import ledger_account
from ar.receipts.models import Refund
from ar.receipts.refunds.inputs import RequestRefund
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import parse_positive_amount
from kernel.views import DbRow
from tenants.approvals.engine import ApprovalRequest, request, withdraw
from tenants.approvals.kinds import Approved

KIND: Final = "refund"


def request_refund(db: Session, actor: Actor, credit_id: UUID, data: RequestRefund) -> UUID:
    """Requests a refund out of an unapplied credit; returns the refund's id. The same key returns the first result.

    Nothing is posted before it is approved. Raises NotFound(`item_not_found`), RuleBroken (`refund_of_debit`,
    `refund_too_much`, `receipt_account_unknown`, `receipt_account_currency`, `amount_unreadable`) and what requesting
    an approval raises.
    """
    request_facts = {"item": credit_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"refund:{data.key}", request_facts, lambda: _request_refund(db, actor, credit_id, data)
    )


def _request_refund(db: Session, actor: Actor, credit_id: UUID, data: RequestRefund) -> UUID:
    actor, credit = _lock_credit(db, actor, credit_id)
    amount = parse_positive_amount(data.amount, credit.currency)
    left = credit.open_minor - _requested_minor(db, actor.tenant_id, credit_id)
    if amount > left:
        raise RuleBroken("refund_too_much", open_minor=max(left, 0), currency=credit.currency)
    ledger_account(db, actor.tenant_id, data.bank_account_id, credit.currency, "bank")
    refund_id = new_id()
    db.execute(
        sa.insert(Refund).values(
            tenant_id=actor.tenant_id,
            id=refund_id,
            customer_id=credit.customer_id,
            credit_item_id=credit_id,
            currency=credit.currency,
            amount_minor=amount,
            payee_name=data.payee_name,
            payee_account=data.payee_account,
            payee_bank=data.payee_bank,
            bank_account_id=data.bank_account_id,
            reason=data.reason,
            state="asked",
            asked_by=actor.name,
            asked_at=actor.now,
        )
    )
    facts = {"credit_no": credit.document_no, "payee": data.payee_name, "account": data.payee_account}
    ask = ApprovalRequest(KIND, refund_id, credit.customer_id, amount, credit.currency, facts, data.reason)
    approval_id = request(db, actor, ask)
    _update_refund(db, actor, refund_id, approval_id=approval_id)
    return refund_id


def withdraw_refund(db: Session, actor: Actor, refund_id: UUID, reason: str) -> None:
    """Withdraws the request.

    Raises NotFound(`refund_not_found`), Conflict(`refund_settled`) and what withdrawing an approval raises.
    """
    r = Refund
    row = db.execute(sa.select(r.state, r.approval_id).where(r.tenant_id == actor.tenant_id, r.id == refund_id)).first()
    if row is None:
        raise NotFound("refund_not_found")
    if row.state != "asked" or row.approval_id is None:
        raise Conflict("refund_settled")
    withdraw(db, actor, row.approval_id, reason)


def pay_refund(db: Session, actor: Actor, approved: Approved) -> None:
    """Posts an approved refund, dated today, and allocates it to its credit.

    Raises Conflict (`refund_settled`, `refund_credit_gone`) when the credit has since been applied otherwise,
    RuleBroken(`period_locked`): the decision is then refused and nothing is posted.
    """
    r = Refund
    found = db.execute(
        sa.select(r.credit_item_id).where(r.tenant_id == actor.tenant_id, r.id == approved.subject_id)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("refund_not_found")
    actor, credit = _lock_credit(db, actor, found)
    refund = db.execute(
        sa.select(r.state, r.amount_minor, r.payee_name, r.bank_account_id)
        .where(r.tenant_id == actor.tenant_id, r.id == approved.subject_id)
        .with_for_update()
    ).one()
    if refund.state != "asked":
        raise Conflict("refund_settled")
    if refund.amount_minor > credit.open_minor:
        raise Conflict(
            "refund_credit_gone",
            document_no=credit.document_no,
            open_minor=credit.open_minor,
            currency=credit.currency,
        )
    item_id, number = _post_refund_document(db, actor, credit, refund, approved.reason)
    allocate(db, actor, [NewAllocation(item_id, found, refund.amount_minor)])
    _update_refund(
        db,
        actor,
        approved.subject_id,
        state="paid",
        refund_item_id=item_id,
        settled_by=actor.name,
        settled_at=actor.now,
    )
    facts = {
        "number": number,
        "credit_no": credit.document_no,
        "payee": refund.payee_name,
        "currency": credit.currency,
        "amount_minor": refund.amount_minor,
        "approval": approved.number,
    }
    journal.record(db, actor, "refund_paid", customer_id=credit.customer_id, subject_id=item_id, data=facts)


def _post_refund_document(db: Session, actor: Actor, credit: DbRow, refund: DbRow, memo: str) -> tuple[UUID, str]:
    """Posts the refund document, dated today; returns its item id and number."""
    today, year = actor.today, actor.today.year
    number = document_number("RF", year, take_numbers(db, actor.tenant_id, f"refund:{year}")[0])
    item = NewItem(
        credit.customer_id,
        "refund",
        number,
        today,
        today,
        today,
        credit.currency,
        refund.amount_minor,
        reference=credit.document_no,
        contra=ledger_account(db, actor.tenant_id, refund.bank_account_id, credit.currency, "bank"),
    )
    return post_items(db, actor, [item], memo=memo)[0], number


def close_unapproved_refund(db: Session, actor: Actor, approved: Approved) -> None:
    """Closes a refund whose approval was rejected or withdrawn: the credit can be used again."""
    state = "withdrawn" if approved.state == "withdrawn" else "refused"
    _update_refund(db, actor, approved.subject_id, state=state, settled_by=actor.name, settled_at=actor.now)


def _lock_credit(db: Session, actor: Actor, credit_id: UUID) -> tuple[Actor, DbRow]:
    """Locks the customer; returns the actor after it, and the credit.

    Raises NotFound(`item_not_found`), RuleBroken(`refund_of_debit`).
    """
    i = OpenItem
    where = (i.tenant_id == actor.tenant_id, i.id == credit_id)
    customer_id = db.execute(sa.select(i.customer_id).where(*where)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("item_not_found")
    actor = lock_customers(db, actor, [customer_id])
    credit = db.execute(
        sa.select(i.customer_id, i.side, i.kind, i.document_no, i.currency, i.open_minor).where(*where)
    ).one()
    if credit.side > 0 or credit.kind not in ("receipt", "credit_note", "goods_return"):
        raise RuleBroken("refund_of_debit", document_no=credit.document_no)
    return actor, credit


def _requested_minor(db: Session, tenant_id: UUID, credit_id: UUID) -> int:
    """Returns the sum of the undecided requests on this credit, in minor units."""
    r = Refund
    return int(
        db.execute(
            sa.select(sa.func.coalesce(sa.func.sum(r.amount_minor), 0)).where(
                r.tenant_id == tenant_id, r.credit_item_id == credit_id, r.state == "asked"
            )
        ).scalar_one()
    )


def _update_refund(db: Session, actor: Actor, refund_id: UUID, **values: object) -> None:
    r = Refund
    db.execute(sa.update(r).where(r.tenant_id == actor.tenant_id, r.id == refund_id).values(**values))
