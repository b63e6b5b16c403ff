"""Loads and locks the rows of approvals for the engine, the mails and the pages.

Invariant: an approval is decided only on a row loaded by `lock`, in a statement of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.errors import NotFound
from kernel.views import DbRow
from tenants.approvals.kinds import Approved
from tenants.approvals.models import Approval, ApprovalDecision


def load_approval(db: Session, tenant_id: UUID, approval_id: UUID, *only: sa.ColumnElement[bool]) -> DbRow:
    """Returns all columns of an approval that meets the conditions. Raises NotFound(`approval_not_found`)."""
    return _one(db, _select(tenant_id, approval_id).where(*only))


def lock_approval(db: Session, tenant_id: UUID, approval_id: UUID) -> DbRow:
    """Locks an approval until COMMIT; returns all its columns. Raises NotFound(`approval_not_found`)."""
    return _one(db, _select(tenant_id, approval_id).with_for_update())


def decisions(db: Session, tenant_id: UUID, approval_id: UUID) -> list[DbRow]:
    """Returns the decisions, in the order of the chain."""
    d = ApprovalDecision
    statement = sa.select(*d.__table__.columns).where(d.tenant_id == tenant_id, d.approval_id == approval_id)
    return list(db.execute(statement.order_by(d.step)))


def used_by(decisions_made: Iterable[DbRow]) -> set[UUID]:
    """Returns who can decide no further step: deciders, and the people they represented."""
    return {
        person
        for decision in decisions_made
        for person in (decision.decided_by_id, decision.on_behalf_of_id)
        if person is not None
    }


def approved_of(row: DbRow, state: str = "", closing_reason: str | None = None) -> Approved:
    """Returns a row of `approval` as kinds see it; `state` and `closing_reason` override the stored ones."""
    return Approved(
        id=row.id,
        number=row.number,
        kind=row.kind,
        subject_id=row.subject_id,
        customer_id=row.customer_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        facts=row.facts,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_by_id=row.requested_by_id,
        requested_at=row.requested_at,
        state=state or row.state,
        closing_reason=(row.closed_reason or "") if closing_reason is None else closing_reason,
    )


def _select(tenant_id: UUID, approval_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    a = Approval
    return sa.select(*a.__table__.columns).where(a.tenant_id == tenant_id, a.id == approval_id)


def _one(db: Session, statement: sa.Select[*tuple[Any, ...]]) -> DbRow:
    row = db.execute(statement).first()
    if row is None:
        raise NotFound("approval_not_found")
    return row
