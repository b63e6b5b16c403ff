"""Reads the company's credit policy in force, and its versions.

Invariant: a company that never set one has the shipped policy, version 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.policy.inputs import form_values
from ar.credit.policy.models import CreditSettings
from ar.credit.rules.policy import CONTRACT_NOTICE_DAYS, DEFAULT_POLICY, CreditPolicy, Size
from ar.customers.models import Customer
from kernel.binds import TENANT
from kernel.db import columns


def credit_policy(db: Session, tenant_id: UUID) -> CreditPolicy:
    """Returns the credit policy in force."""
    return credit_policy_version(db, tenant_id)[1]


def credit_policy_version(db: Session, tenant_id: UUID) -> tuple[int, CreditPolicy]:
    """Returns the version and the credit policy in force."""
    row = columns(db, _newest_settings(), {"tenant": tenant_id}).first()
    return (0, DEFAULT_POLICY) if row is None else (row.version, CreditPolicy.model_validate(row.data))


@cache
def _newest_settings() -> sa.Select[*tuple[Any, ...]]:
    settings = CreditSettings
    newest = sa.select(settings.version, settings.data).order_by(settings.version.desc()).limit(1)
    return newest.where(settings.tenant_id == TENANT)


def size_of(db: Session, tenant_id: UUID, customer_id: UUID) -> Size | None:
    """Returns the size of a customer's business, which with the grade is its class (R342); None: not classified."""
    customer = Customer
    size = db.execute(
        sa.select(customer.size_class).where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).scalar()
    return Size(size) if size else None


def contract_notice_days(tenant: sa.ColumnElement[UUID]) -> sa.ColumnElement[int]:
    """Returns `contract_notice_days` of the policy in force, for a statement that other slices build."""
    settings = CreditSettings
    chosen = (
        sa.select(settings.data["contract_notice_days"].as_integer())
        .where(settings.tenant_id == tenant)
        .order_by(settings.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(chosen, CONTRACT_NOTICE_DAYS)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A recorded version, with who set it and the fields that differ from the version before: field → (old, new)."""

    version: int
    recorded_at: datetime
    recorded_by: str
    changes: dict[str, tuple[Any, Any]]


def policy_versions(db: Session, tenant_id: UUID, *, limit: int = 20) -> list[PolicyVersion]:
    """Returns the recorded versions, the newest first, each with what it changed."""
    settings = CreditSettings
    rows = db.execute(
        sa.select(settings.version, settings.data, settings.recorded_at, settings.recorded_by)
        .where(settings.tenant_id == tenant_id)
        .order_by(settings.version.desc())
        .limit(limit + 1)
    ).all()
    policies = [CreditPolicy.model_validate(row.data) for row in rows]
    before = [*policies[1:], DEFAULT_POLICY][: len(policies)]
    return [
        PolicyVersion(
            version=row.version,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            changes=_changes(form_values(old), form_values(new)),
        )
        for row, new, old in zip(rows, policies, before, strict=True)
    ][:limit]


def _changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}
