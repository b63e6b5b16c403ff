"""Customers, documents and mails for the tests of statements and portal, made by the product's own commands."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from ar.customers.commands import upsert_customers
from ar.customers.inputs import CustomerRow
from ar.customers.queries import find_numbers
from ar.ledger.posting import NewItem, post_items
from ar.statements.inputs import IssueStatement
from kernel.db import TenantSession
from kernel.mail import MailMessage
from tests.support.companies import TestCompany

MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def add_customer(
    company: TestCompany,
    number: str,
    *,
    name: str = "深圳鑫晟电子有限公司",
    language: str = "zh_CN",
    email: str | None = "lina@xinsheng.example",
    contact: str = "李娜",
    owner_email: str | None = None,
) -> UUID:
    """A customer with one contact (none when `email` is None)."""
    row = CustomerRow(
        number,
        name,
        owner_email=owner_email,
        contact_name=contact if email else None,
        contact_email=email,
        term_days=30,
        language=language,
    )
    with company.transaction() as db:
        upsert_customers(db, company.actor(date(2026, 1, 1)), [row])
    with company.reading() as db:
        return find_numbers(db, company.tenant_id, [number])[number].id


def post(
    db: TenantSession, company: TestCompany, customer_id: UUID, *documents: tuple[str, str, date, int]
) -> list[UUID]:
    """Books (kind, number, date, minor) in CNY at net 30 days."""
    items = [
        NewItem(
            customer_id=customer_id,
            kind=kind,
            document_no=number,
            document_on=on,
            due_on=on if kind == "receipt" else on + timedelta(days=30),
            collection_end_on=on if kind == "receipt" else on + timedelta(days=30),
            currency="CNY",
            amount_minor=minor,
        )
        for kind, number, on, minor in documents
    ]
    return post_items(db, company.actor(max(item.document_on for item in items)), items)


def march(customer_id: UUID, *, send: bool = True) -> IssueStatement:
    """The statement of March 2026 in CNY."""
    return IssueStatement(customer_id=customer_id, currency="CNY", period_from=MARCH[0], period_to=MARCH[1], send=send)


def mails(company: TestCompany, purpose: str) -> list[MailMessage]:
    """The company's mails of a purpose, oldest first."""
    m = MailMessage
    with company.reading() as db:
        return list(
            db.execute(
                sa.select(m).where(m.tenant_id == company.tenant_id, m.purpose == purpose).order_by(m.id)
            ).scalars()
        )
