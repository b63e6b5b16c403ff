"""Notes danger signals by hand, and decides on them: keep, cut or freeze (R081, R270).

Invariants: under the customer's lock; a signal is decided once, with a reason; a cut is the general manager's (R070),
so until then it waits; a freeze stops shipments at once.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.holds.commands import stop_shipments
from ar.credit.checks.holds.inputs import StopShipments
from ar.credit.exposure.accounts import CustomerAccount, customer_accounts
from ar.credit.limits.granting import GrantLimit, grant_limit
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.exposure import LimitOnDay
from ar.credit.rules.scoring import Grade
from ar.credit.rules.signals import proposal_for
from ar.credit.signals.inputs import DecideSignal, NoteSignal
from ar.credit.signals.models import DangerSignal
from ar.credit.signals.running import due_day
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from ar.ledger.rules.due_dates import add_months
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, parse_amount
from tenants.approvals.engine import ApprovalRequest, request
from tenants.approvals.kinds import Approved
from tenants.approvals.models import Approval
from tenants.permissions import Role

#: The code of the approval kind.
CUT: Final = "cut_after_signal"


def note_signal(db: Session, actor: Actor, customer_id: UUID, data: NoteSignal) -> UUID:
    """Notes a signal that somebody saw; returns its id. Raises NotFound(`customer_not_found`)."""
    customer = Customer
    seen = db.execute(
        sa.select(customer.id).where(
            customer.tenant_id == actor.tenant_id, customer.id == customer_id, customer.retired_at.is_(None)
        )
    ).first()
    if seen is None:
        raise NotFound("customer_not_found")
    actor = lock_customers(db, actor, [customer_id])
    policy = credit_policy(db, actor.tenant_id)
    account = _account(db, actor, customer_id)
    proposal = proposal_for(
        data.code,
        policy.signals,
        account.limit.total_minor,
        account.limit.term_days,
        exposure_minor=account.exposure_minor if account.limit.unlimited else None,
    )
    signal_id = new_id()
    db.execute(
        sa.insert(DangerSignal).values(
            tenant_id=actor.tenant_id,
            id=signal_id,
            customer_id=customer_id,
            code=data.code.value,
            source="manual",
            raised_on=actor.today,
            raised_by=actor.name,
            raised_by_id=actor.user_id,
            raised_at=actor.now,
            figures={},
            note=data.note,
            due_on=due_day(db, actor.tenant_id, actor.today),
            proposed_limit_minor=proposal.limit_minor,
            proposed_term_days=proposal.term_days,
        )
    )
    facts = {"code": data.code.value, "note": data.note}
    journal.record(db, actor, "signal_noted", customer_id=customer_id, subject_id=signal_id, data=facts)
    return signal_id


def decide_signal(db: Session, actor: Actor, signal_id: UUID, data: DecideSignal) -> bool:
    """Decides on a signal; returns False where a cut waits for the general manager, who cuts at once.

    Raises NotFound(`signal_not_found`), Conflict(`signal_decided`), RuleBroken(`signal_no_limit`, `signal_cut_to`,
    `signal_not_lower`, `amount_unreadable`, `approval_pending`, `approval_nobody`).
    """
    signal = _find(db, actor, signal_id)
    actor = lock_customers(db, actor, [signal.customer_id])
    signal = _require_open(db, actor, signal_id)
    if data.decision == "cut":
        limit_minor, term_days = _require_cut(db, actor, signal, data)
        db.execute(
            sa.update(DangerSignal)
            .where(DangerSignal.tenant_id == actor.tenant_id, DangerSignal.id == signal_id)
            .values(proposed_limit_minor=limit_minor, proposed_term_days=term_days)
        )
        if Role.GENERAL_MANAGER not in actor.roles:
            _ask_for_cut(db, actor, signal, limit_minor, term_days, data.reason)
            return False
        _cut(db, actor, signal, limit_minor, term_days, data.reason, None)
    elif data.decision == "freeze":
        stop = StopShipments(customer_id=signal.customer_id, reason=data.reason)
        stop_shipments(db, actor, stop, kind="signal", source_id=signal_id)
    _decide(db, actor, signal, data.decision, data.reason)
    return True


def cut_approved(db: Session, actor: Actor, approved: Approved) -> None:
    """Cuts the limit as the general manager approved it.

    Raises Conflict(`signal_decided`), RuleBroken(`signal_not_lower`) when the limit is as low by now, and as
    `grant_limit`.
    """
    customer_id = _find(db, actor, approved.subject_id).customer_id
    actor = lock_customers(db, actor, [customer_id])
    signal = _require_open(db, actor, approved.subject_id)
    term_days, limit_minor = approved.facts.get("term_days"), int(approved.amount_minor or 0)
    _require_lower(_account(db, actor, customer_id).limit, approved.currency, limit_minor, term_days)
    _cut(db, actor, signal, limit_minor, term_days, approved.reason, approved.id)
    _decide(db, actor, signal, "cut", approved.reason)


def _find(db: Session, actor: Actor, signal_id: UUID) -> Any:
    s = DangerSignal
    row = db.execute(
        sa.select(s.id, s.customer_id, s.code, s.decision, s.raised_on).where(
            s.tenant_id == actor.tenant_id, s.id == signal_id
        )
    ).first()
    if row is None:
        raise NotFound("signal_not_found")
    return row


def _require_open(db: Session, actor: Actor, signal_id: UUID) -> Any:
    """Returns the signal under the lock; raises Conflict when it is decided, or its cut waits for a decision."""
    row = _find(db, actor, signal_id)
    if row.decision is not None:
        raise Conflict("signal_decided")
    return row


def _account(db: Session, actor: Actor, customer_id: UUID) -> CustomerAccount:
    policy = credit_policy(db, actor.tenant_id)
    return customer_accounts(db, actor.tenant_id, [customer_id], policy, today=actor.today).own[customer_id]


def _require_cut(db: Session, actor: Actor, signal: Any, data: DecideSignal) -> tuple[int, int | None]:
    """Returns the limit and term to cut to: there must be a limit, and the new one is below it, or the term shorter."""
    limit = _account(db, actor, signal.customer_id).limit
    if limit.currency is None:
        raise RuleBroken("signal_no_limit")
    if data.limit is None:
        raise RuleBroken("signal_cut_to")
    try:
        limit_minor = parse_amount(data.limit, limit.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.limit) from None
    term_days = data.term_days if data.term_days is not None else limit.term_days
    _require_lower(limit, limit.currency, limit_minor, term_days)
    return limit_minor, term_days


def _require_lower(limit: LimitOnDay, currency: str | None, limit_minor: int, term_days: int | None) -> None:
    """Raises RuleBroken(`signal_not_lower`) unless one of limit and term becomes less, and neither more."""
    lower = limit.unlimited or limit_minor < (limit.regular_minor or 0)
    shorter = term_days is not None and limit.term_days is not None and term_days < limit.term_days
    raised = not limit.unlimited and limit_minor > (limit.regular_minor or 0)
    longer = term_days is not None and limit.term_days is not None and term_days > limit.term_days
    if currency != limit.currency or limit_minor < 0 or raised or longer or not (lower or shorter):
        raise RuleBroken("signal_not_lower")


def _ask_for_cut(db: Session, actor: Actor, signal: Any, limit_minor: int, term_days: int | None, reason: str) -> None:
    limit = _account(db, actor, signal.customer_id).limit
    request(
        db,
        actor,
        ApprovalRequest(
            CUT,
            signal.id,
            signal.customer_id,
            limit_minor,
            limit.currency,
            facts={
                "code": signal.code,
                "raised_on": signal.raised_on.isoformat(),
                "currency": limit.currency,
                "limit_minor": limit.regular_minor,
                "term_before": limit.term_days,
                "term_days": term_days,
            },
            reason=reason,
        ),
    )


def _cut(
    db: Session,
    actor: Actor,
    signal: Any,
    limit_minor: int,
    term_days: int | None,
    reason: str,
    approval_id: UUID | None,
) -> None:
    """Grants the lower limit from today on, for as long as the one in force would have held, half a year at most."""
    in_force = limits_in_force(db, actor.tenant_id, [signal.customer_id], actor.today).get(signal.customer_id, [])
    limit = next((each for each in in_force if each.kind == "regular"), None)
    if limit is None:
        raise RuleBroken("signal_no_limit")
    longest = add_months(actor.today, credit_policy(db, actor.tenant_id).limit_months)
    grant_limit(
        db,
        actor,
        GrantLimit(
            customer_id=signal.customer_id,
            currency=limit.currency,
            amount_minor=limit_minor,
            term_days=term_days,
            grade=Grade(limit.grade) if limit.grade else None,
            valid_from=actor.today,
            valid_to=min(limit.valid_to or longest, longest),
            source="signal",
            reason=reason,
            approval_id=approval_id,
        ),
    )


def _decide(db: Session, actor: Actor, signal: Any, decision: str, reason: str) -> None:
    s = DangerSignal
    db.execute(
        sa.update(s)
        .where(s.tenant_id == actor.tenant_id, s.id == signal.id)
        .values(decision=decision, decision_reason=reason, decided_by=actor.name, decided_at=actor.now)
    )
    facts = {"code": signal.code, "decision": decision, "reason": reason}
    journal.record(db, actor, "signal_decided", customer_id=signal.customer_id, subject_id=signal.id, data=facts)


def waiting_cut(db: Session, tenant_id: UUID, signal_id: UUID) -> UUID | None:
    """Returns the approval by which a cut waits for the general manager."""
    a = Approval
    return db.execute(
        sa.select(a.id).where(a.tenant_id == tenant_id, a.kind == CUT, a.subject_id == signal_id, a.state == "pending")
    ).scalar_one_or_none()
