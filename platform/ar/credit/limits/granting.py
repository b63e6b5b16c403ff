"""Grants a credit limit: by an approved assessment, change, review or danger signal, or one that was taken over.

Invariants: under the customer's lock a regular limit ends the one before it on the day before, so that there is one for
each day; a temporary one leaves the regular limit alone; nothing is granted before today but what is taken over.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import Session

from ar.credit.limits.models import CreditLimit
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.exposure import limit_on
from ar.credit.rules.policy import CheckCode
from ar.credit.rules.scoring import Grade
from ar.customers.lookups import blacklisted_since, file_gaps, gap_sentences
from ar.ledger.commands import lock_customers
from kernel import journal
from kernel.actor import Actor
from kernel.errors import RuleBroken
from kernel.field_types import Currency
from kernel.ids import new_id
from kernel.inputs import CommandInput


class GrantLimit(CommandInput):
    """A limit that was decided: minor units of `currency`, None is unlimited; both days count, no end is open.

    `kind` temporary adds to the regular limit of its days. `term_days` None leaves the term to contract and order.
    """

    customer_id: UUID
    kind: Literal["regular", "temporary"] = "regular"
    currency: Currency
    amount_minor: int | None = Field(ge=0)
    term_days: int | None = Field(default=None, ge=0, le=3650)
    grade: Grade | None = None
    valid_from: date
    valid_to: date | None = None
    source: Literal["assessment", "change", "review", "signal", "taken_over"]
    reason: str = Field(min_length=1, max_length=2000)
    approval_id: UUID | None = None
    assessment_id: UUID | None = None


def grant_limit(db: Session, actor: Actor, data: GrantLimit) -> UUID:
    """Writes the limit and ends the regular one before it; returns the limit's id (R060, R063, R070).

    One decided later than its first day begins today. Raises NotFound(`customer_not_found`),
    RuleBroken(`limit_over`, `limit_temporary_ends`, `limit_blacklisted`,
    `limit_file_gaps`).
    """
    actor = lock_customers(db, actor, [data.customer_id])
    starts_on = data.valid_from if data.source == "taken_over" else max(data.valid_from, actor.today)
    if data.valid_to is not None and data.valid_to < starts_on:
        raise RuleBroken("limit_over", valid_to=data.valid_to.isoformat())
    if data.kind == "temporary" and (data.valid_to is None or data.amount_minor is None):
        raise RuleBroken("limit_temporary_ends")
    require_credit_allowed(db, actor, data, starts_on)
    if data.kind == "regular":
        _end_regular(db, actor.tenant_id, data.customer_id, starts_on, data.valid_to)
    limit_id = new_id()
    db.execute(
        sa.insert(CreditLimit).values(
            tenant_id=actor.tenant_id,
            id=limit_id,
            customer_id=data.customer_id,
            kind=data.kind,
            currency=data.currency,
            amount_minor=data.amount_minor,
            unlimited=data.amount_minor is None,
            term_days=data.term_days,
            grade=data.grade,
            valid_from=starts_on,
            valid_to=data.valid_to,
            source=data.source,
            assessment_id=data.assessment_id,
            approval_id=data.approval_id,
            reason=data.reason,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {
        "limit_kind": data.kind,
        "currency": data.currency,
        "amount_minor": data.amount_minor,
        "term_days": data.term_days,
        "grade": data.grade,
        "valid_from": starts_on.isoformat(),
        "valid_to": data.valid_to.isoformat() if data.valid_to else None,
        "source": data.source,
        "reason": data.reason,
    }
    journal.record(db, actor, "credit_limit_granted", customer_id=data.customer_id, subject_id=limit_id, data=facts)
    return limit_id


def require_credit_allowed(db: Session, actor: Actor, data: GrantLimit, starts_on: date) -> None:
    """Asks for a complete customer file that is on no blacklist before a limit above zero (R025, R079).

    Passes what was taken over, a cut of the limit in force, and a company that has the check of files off. Raises
    RuleBroken(`limit_blacklisted`, `limit_file_gaps`), naming every gap.
    """
    if data.source == "taken_over" or data.amount_minor == 0:
        return
    since = blacklisted_since(db, actor.tenant_id, [data.customer_id], actor.timezone).get(data.customer_id)
    if since is not None and not _is_cut(db, actor.tenant_id, data, starts_on):
        raise RuleBroken("limit_blacklisted", since=since.isoformat())
    if CheckCode.FILE in credit_policy(db, actor.tenant_id).checks_off:
        return
    gaps = file_gaps(db, actor.tenant_id, [data.customer_id], actor.today).get(data.customer_id)
    if gaps and not _is_cut(db, actor.tenant_id, data, starts_on):
        raise RuleBroken("limit_file_gaps", gaps="; ".join(gap_sentences(gaps)))


def _is_cut(db: Session, tenant_id: UUID, data: GrantLimit, starts_on: date) -> bool:
    """Whether a regular limit takes away from the one in force on its first day, in the same currency."""
    limits = limits_in_force(db, tenant_id, [data.customer_id], starts_on).get(data.customer_id, ())
    before = limit_on(limits, starts_on)
    if data.kind != "regular" or data.amount_minor is None or before.is_absent:
        return False
    if before.regular_minor is None:
        return True
    return before.currency == data.currency and data.amount_minor < before.regular_minor


def _end_regular(db: Session, tenant_id: UUID, customer_id: UUID, starts_on: date, ends_on: date | None) -> None:
    """Ends every regular limit that reaches into the days of a new one on the day before it."""
    limit = CreditLimit
    day_before = starts_on - timedelta(days=1)
    db.execute(
        sa.update(limit)
        .where(
            limit.tenant_id == tenant_id,
            limit.customer_id == customer_id,
            limit.kind == "regular",
            sa.or_(limit.valid_to.is_(None), limit.valid_to > day_before),
            sa.true() if ends_on is None else limit.valid_from <= ends_on,
        )
        .values(valid_to=day_before)
    )
