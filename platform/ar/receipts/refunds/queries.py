"""Queries of the refund pages: the list and one refund.

Invariant: read only; frozen views in a fixed number of statements.
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
from kernel.views import select_view, value, view, views


@dataclass(frozen=True, slots=True)
class RefundView:
    """A refund with its customer, credit, bank account and refund document.

    `state`: as stored, or `returned` where it was paid and the bank sent the money back.
    """

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
    """A page of refunds, with counts by state."""

    rows: list[RefundView]
    counts: dict[str, int]
    total: int


def refund_list(db: Session, tenant_id: UUID, *, state: str = "all", offset: int = 0, limit: int = 50) -> RefundList:
    """Returns refunds, the newest first; two statements."""
    r = Refund
    shown = _shown_state(tenant_id)
    states = sa.select(shown.label("state")).where(r.tenant_id == tenant_id).subquery()
    found = db.execute(sa.select(states.c.state, sa.func.count().label("number")).group_by(states.c.state))
    counts: dict[str, int] = {row.state: row.number for row in found}
    limits = [] if state == "all" else [shown == state]
    rows = db.execute(_views(tenant_id).where(*limits).order_by(r.asked_at.desc(), r.id).offset(offset).limit(limit))
    total = sum(counts.values()) if state == "all" else counts.get(state, 0)
    return RefundList(views(RefundView, rows), counts, total)


def refund_page(db: Session, tenant_id: UUID, refund_id: UUID) -> RefundView:
    """Returns a refund. Raises NotFound(`refund_not_found`)."""
    row = db.execute(_views(tenant_id).where(Refund.id == refund_id)).first()
    if row is None:
        raise NotFound("refund_not_found")
    return view(RefundView, row)


def _shown_state(tenant_id: UUID) -> sa.ColumnElement[str]:
    """Returns the state of a refund, `returned` where its document was reversed."""
    mirror = aliased(OpenItem)
    came_back = sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == Refund.refund_item_id)
    return sa.case((sa.and_(Refund.state == "paid", came_back), "returned"), else_=Refund.state)


def _views(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    refund, customer, account, credit, document = Refund, Customer, BankAccount, aliased(OpenItem), aliased(OpenItem)
    return (
        select_view(
            RefundView,
            id=value(refund.id),
            state=value(_shown_state(tenant_id)),
            customer_id=value(refund.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            credit_item_id=value(refund.credit_item_id),
            credit_no=value(credit.document_no),
            credit_open_minor=value(credit.open_minor),
            currency=value(refund.currency),
            amount_minor=value(refund.amount_minor),
            payee_name=value(refund.payee_name),
            payee_account=value(refund.payee_account),
            payee_bank=value(refund.payee_bank),
            account=value(account.name),
            reason=value(refund.reason),
            approval_id=value(refund.approval_id),
            refund_item_id=value(refund.refund_item_id),
            refund_no=value(document.document_no),
            asked_by=value(refund.asked_by),
            asked_at=value(refund.asked_at),
            settled_by=value(refund.settled_by),
            settled_at=value(refund.settled_at),
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == refund.customer_id))
        .join(credit, sa.and_(credit.tenant_id == tenant_id, credit.id == refund.credit_item_id))
        .outerjoin(document, sa.and_(document.tenant_id == tenant_id, document.id == refund.refund_item_id))
        .outerjoin(account, sa.and_(account.tenant_id == tenant_id, account.id == refund.bank_account_id))
        .where(refund.tenant_id == tenant_id)
    )
