"""What the pages of refunds show. May import the tables below, this slice and the kernel.

Invariant: frozen views in a fixed number of statements; nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.receipts.models import BankAccount, Refund
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund with the names of what it touches."""

    id: UUID
    state: str
    customer_id: UUID
    customer_no: str
    customer_name: str
    credit_item_id: UUID
    credit_no: str
    credit_open_minor: int
    currency: str
    amount_minor: int
    payee_name: str
    payee_account: str
    payee_bank: str
    account: str | None
    reason: str
    approval_id: UUID | None
    refund_item_id: UUID | None
    refund_no: str | None
    asked_by: str
    asked_at: datetime
    settled_by: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundList:
    """A page of refunds, and how many there are by state."""

    rows: list[RefundView]
    counts: dict[str, int]
    total: int


def refund_list(db: Session, tenant_id: UUID, *, state: str = "all", offset: int = 0, limit: int = 50) -> RefundList:
    """Refunds, the newest first; two statements."""
    r = Refund
    found = db.execute(sa.select(r.state, sa.func.count()).where(r.tenant_id == tenant_id).group_by(r.state))
    counts = {row[0]: row[1] for row in found}
    limits = [] if state == "all" else [r.state == state]
    rows = db.execute(_views(tenant_id).where(*limits).order_by(r.asked_at.desc(), r.id).offset(offset).limit(limit))
    total = sum(counts.values()) if state == "all" else counts.get(state, 0)
    return RefundList([RefundView(*row) for row in rows], counts, total)


def refund_page(db: Session, tenant_id: UUID, refund_id: UUID) -> RefundView:
    """One refund. Raises NotFound."""
    row = db.execute(_views(tenant_id).where(Refund.id == refund_id)).first()
    if row is None:
        raise NotFound("refund_not_found")
    return RefundView(*row)


def _views(tenant_id: UUID) -> sa.Select[Any]:
    r, c, a, credit, booked = Refund, Customer, BankAccount, aliased(OpenItem), aliased(OpenItem)
    columns: list[Any] = [
        r.id,
        r.state,
        r.customer_id,
        c.number,
        c.name,
        r.credit_item_id,
        credit.document_no,
        credit.open_minor,
        r.currency,
        r.amount_minor,
        r.payee_name,
        r.payee_account,
        r.payee_bank,
        a.name,
        r.reason,
        r.approval_id,
        r.refund_item_id,
        booked.document_no,
        r.asked_by,
        r.asked_at,
        r.settled_by,
        r.settled_at,
    ]
    return (
        sa.select(*columns)
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == r.customer_id))
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == r.credit_item_id))
        .outerjoin(booked, sa.and_(booked.tenant_id == tenant_id, booked.id == r.refund_item_id))
        .outerjoin(a, sa.and_(a.tenant_id == tenant_id, a.id == r.bank_account_id))
        .where(r.tenant_id == tenant_id)
    )
