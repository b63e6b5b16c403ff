"""Reads the company's credit policy in force.

Invariant: a company that never set one has the shipped policy, version 0.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.policy.models import CreditSettings
from ar.credit.rules.policy import DEFAULT_POLICY, CreditPolicy


def credit_policy(db: Session, tenant_id: UUID) -> CreditPolicy:
    """Returns the credit policy in force."""
    return credit_policy_version(db, tenant_id)[1]


def credit_policy_version(db: Session, tenant_id: UUID) -> tuple[int, CreditPolicy]:
    """Returns the version and the credit policy in force."""
    settings = CreditSettings
    row = db.execute(
        sa.select(settings.version, settings.data)
        .where(settings.tenant_id == tenant_id)
        .order_by(settings.version.desc())
        .limit(1)
    ).first()
    return (0, DEFAULT_POLICY) if row is None else (row.version, CreditPolicy.model_validate(row.data))
