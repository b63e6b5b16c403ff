"""Asks to let one held order pass over limit or term, and carries out the decision (Annex 2, R064, R301).

Invariants: a request names the order, its amount, its term and a last day, and an approval serves nothing else; its
figures are those of the decision that held the order; who decides follows from the excess (A18).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.deciding import check_order, lock_credit
from ar.credit.checks.models import OverLimitRequest
from ar.credit.checks.reasons import reasons_json
from ar.credit.checks.requests.inputs import RequestOverLimit
from ar.credit.exposure.accounts import CustomerAccount, customer_accounts
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.decision import APPROVABLE, OrderFacts
from ar.credit.rules.excess import deciders_of, excess_of, most_bps
from ar.ledger.commands import lock_customers
from kernel import idempotency, journal, outbox
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.visibility import everything
from tenants.approvals.engine import ApprovalRequest, request, withdraw
from tenants.approvals.kinds import Approved, ChainStep

KIND: Final = "over_limit"
#: News for who keeps the orders: one may pass now.
ORDER_APPROVED: Final = "credit.order_approved"


def request_over_limit(db: Session, actor: Actor, customer_id: UUID, order: OrderFacts, data: RequestOverLimit) -> UUID:
    """Asks to let a held order pass; returns the id of the request. Idempotent by `data.key`.

    `order` is the order as it is now, all that it would commit. Raises NotFound(`customer_not_found`),
    RuleBroken(`over_limit_not_needed`, `over_limit_pending`, `over_limit_until_past`), what requesting an approval
    raises.
    """
    asked = {
        "order": order.order_id,
        "minor": order.total_minor,
        "term_days": order.term_days,
        **data.model_dump(exclude={"key"}),
    }
    return idempotency.once(
        db, actor, f"over_limit:{data.key}", asked, lambda: _request(db, actor, customer_id, order, data)
    )


def _request(db: Session, actor: Actor, customer_id: UUID, order: OrderFacts, data: RequestOverLimit) -> UUID:
    actor = lock_credit(db, actor, [customer_id])
    if data.valid_until_on < actor.today:
        raise RuleBroken("over_limit_until_past")
    _require_none_pending(db, actor.tenant_id, order.order_id)
    reasons = [reason for reason in check_order(db, actor, customer_id, order).reasons if reason.code in APPROVABLE]
    if not reasons:
        raise RuleBroken("over_limit_not_needed", order_no=order.order_no)
    excess, policy = excess_of(reasons), credit_policy(db, actor.tenant_id)
    deciders = deciders_of(excess, policy)
    accounts = customer_accounts(db, actor.tenant_id, [customer_id], policy, today=actor.today)
    request_id, year = new_id(), actor.today.year
    number = document_number("OL", year, take_numbers(db, actor.tenant_id, f"over_limit:{year}")[0])
    facts = _figures(accounts.own[customer_id], order) | {
        "number": number,
        "reasons": reasons_json(reasons),
        "excess_minor": excess.minor,
        "excess_currency": excess.currency,
        "excess_bps": excess.bps,
        "excess_days": excess.days,
        "most_bps": most_bps(deciders, policy),
        "valid_until_on": data.valid_until_on.isoformat(),
        "payment_expected_on": data.payment_expected_on.isoformat() if data.payment_expected_on else None,
        "guarantee": data.guarantee,
        "reason": data.reason,
    }
    db.execute(
        sa.insert(OverLimitRequest).values(
            tenant_id=actor.tenant_id,
            id=request_id,
            number=number,
            customer_id=customer_id,
            order_id=order.order_id,
            order_no=order.order_no,
            currency=order.currency,
            order_minor=order.total_minor,
            order_term_days=0 if order.prepaid else order.term_days,
            reasons=reasons_json(reasons),
            facts=facts,
            excess_minor=excess.minor,
            excess_bps=excess.bps,
            excess_days=excess.days,
            reason=data.reason,
            payment_expected_on=data.payment_expected_on,
            guarantee=data.guarantee,
            valid_until_on=data.valid_until_on,
            state="requested",
            conditions="",
            requested_by=actor.name,
            requested_by_id=actor.user_id,
            requested_at=actor.now,
        )
    )
    approval_id = request(
        db,
        actor,
        ApprovalRequest(
            KIND,
            request_id,
            customer_id,
            order.total_minor,
            order.currency,
            facts,
            data.reason,
            steps=[ChainStep(role) for role in deciders],
        ),
    )
    _update(db, actor, request_id, approval_id=approval_id)
    said = {"number": number, "order_no": order.order_no, "reason": data.reason}
    journal.record(db, actor, "over_limit_requested", customer_id=customer_id, subject_id=request_id, data=said)
    return request_id


def let_pass(db: Session, actor: Actor, approved: Approved) -> None:
    """Lets the order pass up to its amount and through its day; runs on final approval.

    The last decider's words are the conditions. Raises Conflict(`over_limit_settled`, `over_limit_until_past`).
    """
    row = _row(db, actor, approved.subject_id)
    actor = lock_customers(db, actor, [row.customer_id])
    row = _row(db, actor, approved.subject_id)
    if row.state != "requested":
        raise Conflict("over_limit_settled", number=row.number)
    if row.valid_until_on < actor.today:
        raise Conflict("over_limit_until_past")
    _update(db, actor, approved.subject_id, state="approved", conditions=approved.closing_reason, decided_at=actor.now)
    _record(db, actor, "over_limit_approved", row, approved.closing_reason)
    outbox.put(db, actor, ORDER_APPROVED, {"order_id": str(row.order_id)})


def keep_held(db: Session, actor: Actor, approved: Approved) -> None:
    """Closes a request that was rejected or withdrawn; the order stays held."""
    row = _row(db, actor, approved.subject_id)
    state = "withdrawn" if approved.state == "withdrawn" else "rejected"
    _update(db, actor, approved.subject_id, state=state, conditions=approved.closing_reason, decided_at=actor.now)
    _record(db, actor, "over_limit_refused", row, approved.closing_reason)


def withdraw_over_limit(db: Session, actor: Actor, request_id: UUID, reason: str) -> None:
    """Withdraws a request that waits for a decision.

    Raises NotFound(`over_limit_not_found`), Conflict(`over_limit_settled`), what withdrawing an approval raises.
    """
    row = _row(db, actor, request_id)
    if row.state != "requested" or row.approval_id is None:
        raise Conflict("over_limit_settled", number=row.number)
    withdraw(db, actor, row.approval_id, reason)


def withdraw_requests_of_order(db: Session, actor: Actor, order_id: UUID, reason: str) -> int:
    """Withdraws every request of an order that was cancelled, also what was approved; returns how many.

    The product does it for whoever cancelled the order.
    """
    asked = OverLimitRequest
    with everything(db):
        rows = db.execute(
            sa.select(asked.id, asked.state, asked.approval_id, asked.customer_id, asked.number, asked.order_no)
            .where(
                asked.tenant_id == actor.tenant_id,
                asked.order_id == order_id,
                asked.state.in_(("requested", "approved")),
            )
            .order_by(asked.id)
        ).all()
        for row in rows:
            if row.state == "requested" and row.approval_id is not None:
                withdraw(db, replace(actor, kind="system"), row.approval_id, reason)
            else:
                _update(db, actor, row.id, state="withdrawn")
                _record(db, actor, "over_limit_refused", row, reason)
    return len(rows)


def _figures(account: CustomerAccount, order: OrderFacts) -> dict[str, Any]:
    """Returns what the deciders see: limit, term, exposure and what is past due, as of now (minor units)."""
    limit, parts = account.limit, account.parts
    return {
        "order_no": order.order_no,
        "order_minor": order.total_minor,
        "order_currency": order.currency,
        "term_days": order.term_days,
        "grade": limit.grade,
        "currency": account.currency,
        "limit_minor": limit.regular_minor,
        "limit_unlimited": limit.unlimited,
        "temporary_minor": limit.temporary_minor,
        "limit_term_days": limit.term_days,
        "receivables_minor": None if parts is None else parts.open_receivables_minor,
        "exposure_minor": account.exposure_minor,
        "past_due_items": account.past_due_items,
        "past_due_minor": sum(each.past_due_minor for each in account.by_currency.values())
        if len(account.by_currency) == 1
        else None,
    }


def _require_none_pending(db: Session, tenant_id: UUID, order_id: UUID) -> None:
    asked = OverLimitRequest
    number = db.execute(
        sa.select(asked.number).where(
            asked.tenant_id == tenant_id, asked.order_id == order_id, asked.state == "requested"
        )
    ).scalar()
    if number is not None:
        raise RuleBroken("over_limit_pending", number=number)


def _row(db: Session, actor: Actor, request_id: UUID) -> Any:
    asked = OverLimitRequest
    row = db.execute(
        sa.select(
            asked.id,
            asked.number,
            asked.customer_id,
            asked.order_id,
            asked.order_no,
            asked.state,
            asked.approval_id,
            asked.valid_until_on,
        ).where(asked.tenant_id == actor.tenant_id, asked.id == request_id)
    ).first()
    if row is None:
        raise NotFound("over_limit_not_found")
    return row


def _record(db: Session, actor: Actor, event: str, row: Any, reason: str) -> None:
    facts = {"number": row.number, "order_no": row.order_no, "reason": reason}
    journal.record(db, actor, event, customer_id=row.customer_id, subject_id=row.id, data=facts)


def _update(db: Session, actor: Actor, request_id: UUID, **values: object) -> None:
    asked = OverLimitRequest
    db.execute(sa.update(asked).where(asked.tenant_id == actor.tenant_id, asked.id == request_id).values(**values))
