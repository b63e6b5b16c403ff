"""A company with one of everything that an address can name, and a digest of all it holds."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.models import TENANT_TABLES
from ar.cases.commands import place_block, run_day
from ar.cases.inputs import PlaceBlock
from ar.cases.models import Action
from ar.customers.commands import upsert_customers
from ar.customers.inputs import CustomerRow
from ar.customers.models import Contact
from ar.customers.queries import find_numbers
from ar.imports.commands import upload
from ar.imports.inputs import ImportFile
from ar.ledger.allocation import NewAllocation, allocate
from ar.ledger.posting import NewItem, post_items
from ar.statements.commands import issue_statement
from ar.statements.inputs import IssueStatement
from kernel.mail import MailMessage
from tests.support.companies import TestCompany

MONDAY = date(2026, 11, 16)


def furnish(company: TestCompany) -> dict[str, UUID]:
    """Makes a customer with contact, documents, allocation, letter, statement, hold and import; ids by name."""
    actor, due = company.actor(MONDAY), MONDAY - timedelta(days=20)
    with company.transaction() as db:
        row = CustomerRow(number="00001", name="鑫晟", contact_name="李娜", contact_email="lina@xinsheng.example")
        upsert_customers(db, actor, [row])
        customer = find_numbers(db, company.tenant_id, ["00001"])["00001"].id
        debit, credit = post_items(
            db,
            actor,
            [
                NewItem(customer, "invoice", "INV-1", due - timedelta(days=30), due, due, "CNY", 100_00),
                NewItem(customer, "receipt", "RC-1", due, due, due, "CNY", 40_00),
            ],
        )
        (allocation,) = allocate(db, actor, [NewAllocation(debit, credit, 40_00)])
    with company.transaction() as db:
        run_day(db, actor)
        action = db.execute(sa.select(Action.id).where(Action.tenant_id == company.tenant_id)).scalars().first()
        contact = db.execute(sa.select(Contact.id).where(Contact.tenant_id == company.tenant_id)).scalar_one()
        block = place_block(db, actor, PlaceBlock(customer_id=customer, item_id=debit, kind="block", reason="核对中"))
        statement = issue_statement(
            db,
            actor,
            IssueStatement(
                customer_id=customer, currency="CNY", period_from=date(2026, 10, 1), period_to=date(2026, 10, 31)
            ),
        )
        mail = db.execute(
            sa.select(MailMessage.id).where(
                MailMessage.tenant_id == company.tenant_id, MailMessage.subject_id == statement
            )
        ).scalar_one()
        job = upload(db, actor, ImportFile("customers", "客户.csv", "客户编码,客户名称\n1,甲\n".encode()))
    assert action is not None
    return {
        "customer_id": customer,
        "contact_id": contact,
        "item_id": debit,
        "allocation_id": allocation,
        "action_id": action,
        "block_id": block,
        "statement_id": statement,
        "mail_id": mail,
        "job_id": job,
        "user_id": company.owner_id,
    }


def digest(company: TestCompany) -> dict[str, str | None]:
    """Everything a company holds, table by table, as one hash each."""
    with company.reading() as db:
        return {
            table: db.execute(
                sa.text(
                    f"SELECT md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT t::text AS r FROM {table} t "
                    "WHERE t.tenant_id = :tenant) AS rows"
                ),
                {"tenant": company.tenant_id},
            ).scalar_one()
            for table in sorted(TENANT_TABLES)
        }
