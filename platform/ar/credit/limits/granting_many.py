"""Grants many regular limits that were decided together, in a handful of statements (R070).

Invariants: as `granting.grant_limit`: under the customers' locks each new limit ends the one before it on the day
before; a limit above zero asks for a complete customer file, and whoever lacks it is left as it is and told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.limits.granting import GrantLimit
from ar.credit.limits.models import CreditLimit
from ar.credit.limits.queries import limits_in_force
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.exposure import limit_on
from ar.credit.rules.policy import CheckCode
from ar.customers.lookups import file_gaps
from ar.ledger.commands import lock_customers
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_id

_END: Final = sa.text("""
    UPDATE credit_limit SET valid_to = :day_before
    WHERE tenant_id = :tenant AND customer_id = ANY(CAST(:customers AS uuid[])) AND kind = 'regular'
        AND (valid_to IS NULL OR valid_to > :day_before) AND valid_from <= :last_on
""")


def grant_limits(db: Session, actor: Actor, limits: Sequence[GrantLimit]) -> set[UUID]:
    """Grants regular limits from today on, one a customer, all to the same last day; returns whose file has gaps.

    Those are not granted; a cut of the limit in force, and a limit of zero, needs no complete file.
    """
    customers = sorted({each.customer_id for each in limits})
    actor = lock_customers(db, actor, customers)
    lacking = _lacking(db, actor, limits)
    granted = [each for each in limits if each.customer_id not in lacking]
    if not granted:
        return lacking
    last_on = max(each.valid_to or date.max for each in granted)
    db.connection().execute(
        _END,
        {
            "tenant": actor.tenant_id,
            "customers": array_text(each.customer_id for each in granted),
            "day_before": actor.today - timedelta(days=1),
            "last_on": last_on,
        },
    )
    ids = [new_id() for _ in granted]
    db.execute(
        sa.insert(CreditLimit),
        [
            {
                "tenant_id": actor.tenant_id,
                "id": limit_id,
                "customer_id": each.customer_id,
                "kind": "regular",
                "currency": each.currency,
                "amount_minor": each.amount_minor,
                "unlimited": each.amount_minor is None,
                "term_days": each.term_days,
                "grade": each.grade,
                "valid_from": actor.today,
                "valid_to": each.valid_to,
                "source": each.source,
                "approval_id": each.approval_id,
                "assessment_id": each.assessment_id,
                "reason": each.reason,
                "recorded_at": actor.now,
                "recorded_by": actor.name,
            }
            for limit_id, each in zip(ids, granted, strict=True)
        ],
    )
    journal.record_many(
        db,
        actor,
        [
            journal.NewEvent("credit_limit_granted", each.customer_id, limit_id, _facts(actor, each))
            for limit_id, each in zip(ids, granted, strict=True)
        ],
    )
    return lacking


def _lacking(db: Session, actor: Actor, limits: Sequence[GrantLimit]) -> set[UUID]:
    """Returns the customers whose file has gaps and whose limit is neither zero nor cut (R025)."""
    if CheckCode.FILE in credit_policy(db, actor.tenant_id).checks_off:
        return set()
    asked = {each.customer_id: each for each in limits if each.amount_minor != 0}
    gaps = {each for each, found in file_gaps(db, actor.tenant_id, sorted(asked), actor.today).items() if found}
    before = limits_in_force(db, actor.tenant_id, gaps, actor.today) if gaps else {}
    return {each for each in gaps if not _is_cut(asked[each], limit_on(before.get(each, ()), actor.today).regular_minor)}


def _is_cut(asked: GrantLimit, before_minor: int | None) -> bool:
    return asked.amount_minor is not None and before_minor is not None and asked.amount_minor < before_minor


def _facts(actor: Actor, each: GrantLimit) -> dict[str, object]:
    return {
        "limit_kind": "regular",
        "currency": each.currency,
        "amount_minor": each.amount_minor,
        "term_days": each.term_days,
        "grade": each.grade,
        "valid_from": actor.today.isoformat(),
        "valid_to": each.valid_to.isoformat() if each.valid_to else None,
        "source": each.source,
        "reason": each.reason,
    }
