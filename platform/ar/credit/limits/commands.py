"""Asks for limits and carries out what the general manager decided (R063, R070); takes over limits of an import.

Invariants: nothing is granted before the last decision; a cut is never refused for what is owed already, and
takes effect at once when the general manager asks for it; an import's limits are decided by one act.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.granting import GrantLimit, grant_limit, require_credit_allowed
from ar.credit.limits.inputs import RequestLimit
from ar.credit.limits.models import LimitChange
from ar.credit.limits.queries import limits_in_force
from ar.credit.rules.exposure import LimitOnDay, limit_on
from ar.ledger.commands import lock_customers
from ar.ledger.lookups import company_currency, total_of
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import BadAmount, parse_amount
from tenants.approvals.engine import ApprovalRequest, request, withdraw
from tenants.approvals.kinds import Approved
from tenants.permissions import Role

KIND: Final = "limit_change"
#: The largest limit, in minor units.
LIMIT_MINOR_MAX: Final = 10**15


def request_limit(db: Session, actor: Actor, customer_id: UUID, data: RequestLimit) -> UUID:
    """Asks the general manager for a limit; returns the id of the request. Idempotent by `data.key`.

    A cut that the general manager asks for takes effect at once. Raises NotFound(`customer_not_found`),
    RuleBroken(`limit_starts_past`, `limit_too_large`, `limit_pending`, `limit_blacklisted`, `limit_file_gaps`), what
    parsing an amount and requesting an approval raise.
    """
    asked = {"customer": customer_id, **data.model_dump(exclude={"key"})}
    return idempotency.once(db, actor, f"limit:{data.key}", asked, lambda: _request(db, actor, customer_id, data))


def _request(db: Session, actor: Actor, customer_id: UUID, data: RequestLimit) -> UUID:
    actor = lock_customers(db, actor, [customer_id])
    if data.valid_from < actor.today:
        raise RuleBroken("limit_starts_past", today=actor.today.isoformat())
    amount_minor = _amount_minor(data)
    before = limit_on(
        limits_in_force(db, actor.tenant_id, [customer_id], actor.today).get(customer_id, ()), actor.today
    )
    cut = _is_cut(before, data, amount_minor)
    change_id = new_id()
    at_once = cut and Role.GENERAL_MANAGER in actor.roles
    if not at_once:
        # Nobody keeps the general manager from a cut by asking first: what waits is then out of date.
        _require_none_pending(db, actor.tenant_id, customer_id, data.kind)
    db.execute(
        sa.insert(LimitChange).values(
            tenant_id=actor.tenant_id,
            id=change_id,
            customer_id=customer_id,
            kind=data.kind,
            source="change",
            currency=data.currency,
            amount_minor=amount_minor,
            unlimited=amount_minor is None,
            term_days=before.term_days if data.term_days is None else data.term_days,
            grade=before.grade,
            valid_from=data.valid_from,
            valid_to=data.valid_to,
            reason=data.reason,
            state="requested",
            requested_by=actor.name,
            requested_by_id=actor.user_id,
            requested_at=actor.now,
        )
    )
    grant = _grant(_change(db, actor, change_id), None)
    if at_once:
        limit_id = grant_limit(db, actor, grant)
        _update(db, actor, change_id, state="approved", limit_id=limit_id, decided_at=actor.now)
        return change_id
    if not cut:
        require_credit_allowed(db, actor, grant, data.valid_from)
    facts = _facts(before, data, amount_minor)
    approval_id = request(
        db,
        actor,
        ApprovalRequest(
            KIND,
            change_id,
            customer_id,
            amount_minor,
            data.currency if amount_minor is not None else None,
            facts,
            data.reason,
            compare_minor=_worth(db, actor, amount_minor, data.currency),
        ),
    )
    _update(db, actor, change_id, approval_id=approval_id)
    journal.record(db, actor, "limit_requested", customer_id=customer_id, subject_id=change_id, data=facts)
    return change_id


def grant_requested(db: Session, actor: Actor, approved: Approved) -> None:
    """Grants the limit that was asked for; runs on final approval.

    Raises Conflict (`limit_settled`, `limit_moved_on` when the limit in force is another than the decider was shown),
    RuleBroken(`limit_over`, `limit_blacklisted`, `limit_file_gaps`): the decision is then refused and nothing is
    granted.
    """
    row = _change(db, actor, approved.subject_id)
    actor = lock_customers(db, actor, [row.customer_id])
    row = _change(db, actor, approved.subject_id)
    if row.state != "requested":
        raise Conflict("limit_settled")
    _require_as_shown(db, actor, row.customer_id, approved.facts)
    limit_id = grant_limit(db, actor, _grant(row, approved.id))
    _update(db, actor, approved.subject_id, state="approved", limit_id=limit_id, decided_at=actor.now)


def refuse_requested(db: Session, actor: Actor, approved: Approved) -> None:
    """Closes a request that was rejected or withdrawn; the limit stays as it is."""
    state = "withdrawn" if approved.state == "withdrawn" else "rejected"
    _update(db, actor, approved.subject_id, state=state, decided_at=actor.now)
    facts = {**approved.facts, "state": state, "reason": approved.closing_reason}
    journal.record(
        db, actor, "limit_refused", customer_id=approved.customer_id, subject_id=approved.subject_id, data=facts
    )


def withdraw_request(db: Session, actor: Actor, change_id: UUID, reason: str) -> UUID:
    """Withdraws a request that waits; returns the customer's id.

    Raises NotFound(`limit_change_not_found`), Conflict(`limit_settled`), what withdrawing an approval raises.
    """
    row = _change(db, actor, change_id)
    if row.state != "requested" or row.approval_id is None:
        raise Conflict("limit_settled")
    withdraw(db, actor, row.approval_id, reason)
    return UUID(str(row.customer_id))


def _amount_minor(data: RequestLimit) -> int | None:
    """Returns the amount asked for in minor units, None for unlimited; blank is zero."""
    if data.size == "unlimited":
        return None
    try:
        minor = parse_amount(data.amount or "0", data.currency)
    except BadAmount:
        raise RuleBroken("amount_unreadable", amount=data.amount) from None
    if not 0 <= minor <= LIMIT_MINOR_MAX:
        raise RuleBroken("limit_too_large")
    return minor


def _is_cut(before: LimitOnDay, data: RequestLimit, amount_minor: int | None) -> bool:
    """Whether a regular limit asks for no more than there is: neither amount nor term grows."""
    if data.kind != "regular" or before.is_absent or amount_minor is None:
        return False
    if data.term_days is not None and data.term_days > (before.term_days or 0):
        return False
    if before.regular_minor is None:
        return True
    return data.currency == before.currency and amount_minor <= before.regular_minor


def _facts(before: LimitOnDay, data: RequestLimit, amount_minor: int | None) -> dict[str, Any]:
    return {
        "limit_kind": data.kind,
        "currency": data.currency,
        "amount_minor": amount_minor,
        "before_minor": before.regular_minor,
        "before_currency": before.currency,
        "before_unlimited": before.unlimited,
        "term_days": before.term_days if data.term_days is None else data.term_days,
        "before_term_days": before.term_days,
        "valid_from": data.valid_from.isoformat(),
        "valid_to": data.valid_to.isoformat() if data.valid_to else None,
        "reason": data.reason,
    }


def _require_as_shown(db: Session, actor: Actor, customer_id: UUID, facts: dict[str, Any]) -> None:
    """Refuses a decision on a limit that was changed since it was asked for; one that only ended may be renewed."""
    now = limit_on(limits_in_force(db, actor.tenant_id, [customer_id], actor.today).get(customer_id, ()), actor.today)
    shown = tuple(facts.get(name) for name in ("before_currency", "before_minor", "before_unlimited"))
    if not now.is_absent and shown != (now.currency, now.regular_minor, now.unlimited):
        raise Conflict("limit_moved_on")


def _worth(db: Session, actor: Actor, amount_minor: int | None, currency: str) -> int | None:
    if amount_minor is None:
        return None
    own = company_currency(db, actor.tenant_id)
    return total_of(db, actor.tenant_id, {currency: amount_minor}, own, actor.today).minor


def _require_none_pending(db: Session, tenant_id: UUID, customer_id: UUID, kind: str) -> None:
    change = LimitChange
    found = db.execute(
        sa.select(change.id).where(
            change.tenant_id == tenant_id,
            change.customer_id == customer_id,
            change.kind == kind,
            change.source == "change",
            change.state == "requested",
        )
    ).first()
    if found is not None:
        raise RuleBroken("limit_pending")


def _change(db: Session, actor: Actor, change_id: UUID) -> Any:
    change = LimitChange
    row = db.execute(
        sa.select(change.__table__).where(change.tenant_id == actor.tenant_id, change.id == change_id)
    ).first()
    if row is None:
        raise NotFound("limit_change_not_found")
    return row


def _grant(row: Any, approval_id: UUID | None) -> GrantLimit:
    return GrantLimit(
        customer_id=row.customer_id,
        kind=row.kind,
        currency=row.currency,
        amount_minor=row.amount_minor,
        term_days=row.term_days,
        grade=row.grade,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
        reason=row.reason,
        approval_id=approval_id,
    )


def _update(db: Session, actor: Actor, change_id: UUID, **values: object) -> None:
    change = LimitChange
    db.execute(sa.update(change).where(change.tenant_id == actor.tenant_id, change.id == change_id).values(**values))
