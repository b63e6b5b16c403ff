"""Fills the header of a new assessment with what is known: the last assessment, the customer, accounts it paid from.

Invariant: read-only; the author changes whatever is no longer true.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.assessments.messages import HEADER_LABELS
from ar.credit.assessments.models import Assessment
from ar.customers.models import Contact, Customer
from ar.receipts.models import PayerAccount
from tenants.models import User


def prefilled_header(db: Session, tenant_id: UUID, customer_id: UUID) -> dict[str, Any]:
    """Returns the header by field (`HEADER_LABELS`), with `name` and `number` of the customer (R040)."""
    customer, owner = Customer, User
    row = db.execute(
        sa.select(customer.number, customer.name, customer.tax_id, owner.name.label("owner_name"))
        .outerjoin(owner, owner.id == customer.owner_id)
        .where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).one()
    contact = Contact
    telephone = db.execute(
        sa.select(contact.phone)
        .where(contact.tenant_id == tenant_id, contact.customer_id == customer_id, contact.active, contact.phone != "")
        .order_by(contact.created_at, contact.id)
        .limit(1)
    ).scalar()
    account = PayerAccount
    paid_from = db.execute(
        sa.select(account.bank, account.account_key)
        .where(account.tenant_id == tenant_id, account.customer_id == customer_id)
        .order_by(account.confirmed_at.is_(None), account.first_seen_on.desc())
        .limit(1)
    ).first()
    known = {
        "telephone": telephone,
        "taxpayer_no": row.tax_id,
        "sales_representative": row.owner_name,
        "main_bank": paid_from.bank if paid_from else None,
        "bank_account": paid_from.account_key if paid_from else None,
    }
    before = _last_header(db, tenant_id, customer_id)
    lines = {name: before.get(name) or known.get(name) or "" for name in HEADER_LABELS}
    if row.owner_name:
        lines["sales_representative"] = row.owner_name
    return {"name": row.name, "number": row.number, **lines}


def _last_header(db: Session, tenant_id: UUID, customer_id: UUID) -> dict[str, Any]:
    assessment = Assessment
    found = db.execute(
        sa.select(assessment.header)
        .where(assessment.tenant_id == tenant_id, assessment.customer_id == customer_id)
        .order_by(assessment.prepared_at.desc())
        .limit(1)
    ).scalar()
    return found or {}
