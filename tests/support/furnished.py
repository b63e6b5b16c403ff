"""A company with one of everything that an address can name, and a digest of all it holds."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.models import TENANT_TABLES
from ar.bills.inputs import ReceiveBill
from ar.bills.receiving import receive_bill
from ar.cases.commands import place_block, run_day
from ar.cases.inputs import PlaceBlock
from ar.cases.models import Action
from ar.customers.commands import upsert_customers
from ar.customers.inputs import CustomerRow
from ar.customers.models import Contact
from ar.customers.queries import find_numbers
from ar.imports.commands import upload
from ar.imports.inputs import ImportFile
from ar.interest.commands import post_run, preview
from ar.interest.inputs import PostInterest, WaiveInterest
from ar.interest.models import InterestCharge
from ar.interest.waiving import waive
from ar.ledger.allocation import NewAllocation, allocate
from ar.ledger.document_inputs import SentDocument
from ar.ledger.drafts import save_draft
from ar.ledger.models import OpenItem
from ar.ledger.posting import NewItem, post_items
from ar.losses import bad_debts, provision, recovering
from ar.losses.evidence import SentFile
from ar.losses.inputs import PostProvision, ProposeBadDebt, RecoverMoney, SetPolicy
from ar.losses.models import BadDebtCase
from ar.receipts import bank_files, banks
from ar.receipts.bank_inputs import BankUpload, SaveBankAccount
from ar.receipts.models import BankLine
from ar.receipts.receipt_inputs import AskRefund
from ar.receipts.refunds import ask_refund
from ar.statements.commands import issue_statement
from ar.statements.inputs import IssueStatement
from kernel.mail import MailMessage
from kernel.money import decimal_text
from tenants.approvals import kinds
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.substitutes import set_substitute
from tests.support.approvals import PROBE, approve_all, ask_probe, person
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
        draft = save_draft(db, actor, "invoice", SentDocument(customer="00001", key="furnished-draft-1"))
        (allocation,) = allocate(db, actor, [NewAllocation(debit, credit, 40_00)])
        entry = db.execute(
            sa.select(OpenItem.entry_id).where(OpenItem.tenant_id == company.tenant_id, OpenItem.id == debit)
        ).scalar_one()
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
        bank_account = banks.add_account(db, actor, SaveBankAccount(name="工行", account_no="6222000011112222"))
        statement_file = "交易日期,收入,支出,对方户名\n2026-11-02,40.00,,鑫晟\n".encode()
        bank_file, _new = bank_files.upload(
            db, actor, BankUpload("流水.csv", statement_file, bank_account), schedule=False
        )
        bank_files.read(db, actor, bank_file)
        bank_line = db.execute(sa.select(BankLine.id).where(BankLine.tenant_id == company.tenant_id)).scalar_one()
    assert action is not None
    asker, stands_in = person(company, "accountant", today=MONDAY), person(company, "general_manager", today=MONDAY)
    with kinds.also(PROBE):
        approval = ask_probe(company, asker, customer_id=customer)
    assert stands_in.user_id is not None
    with company.transaction() as db:
        stand_in = NewSubstitute(
            substitute_id=stands_in.user_id, from_on=MONDAY, to_on=MONDAY + timedelta(days=9), key="k" * 16
        )
        substitute = set_substitute(db, actor, stand_in)
    run, charge, waiver = _interest(company)
    return {
        "approval_id": approval,
        "substitute_id": substitute,
        "customer_id": customer,
        "contact_id": contact,
        "item_id": debit,
        "entry_id": entry,
        "draft_id": draft,
        "allocation_id": allocation,
        "bill_id": _bill(company),
        "action_id": action,
        "block_id": block,
        "statement_id": statement,
        "mail_id": mail,
        "job_id": job,
        "bank_account_id": bank_account,
        "bank_file_id": bank_file,
        "bank_line_id": bank_line,
        "credit_id": credit,
        "refund_id": _refund(company, customer),
        "run_id": run,
        "charge_id": charge,
        "waiver_id": waiver,
        **_losses(company, customer),
        "user_id": company.owner_id,
    }


def _refund(company: TestCompany, customer: UUID) -> UUID:
    """A refund that waits for somebody's word."""
    person(company, "finance_director", today=MONDAY)
    facts = {"amount": "5.00", "payee_name": "鑫晟", "reason": "多付", "key": "furnished-refund-1"}
    with company.transaction() as db:
        actor = company.actor(MONDAY)
        paid = NewItem(customer, "receipt", "RC-2", MONDAY, MONDAY, MONDAY, "CNY", 10_00)
        return ask_refund(db, actor, post_items(db, actor, [paid])[0], AskRefund.model_validate(facts))


def _bill(company: TestCompany) -> UUID:
    """A bill that has just matured and stands against nothing."""
    facts = {"customer_no": "00001", "number": "B-1", "kind": "bank", "drawer": "鑫晟", "acceptor": "工行"}
    days = {"issued_on": MONDAY - timedelta(days=90), "matures_on": MONDAY, "received_on": MONDAY}
    terms = {"payee": "我司", "currency": "CNY", "amount": "1.00", "pays": "none", "key": "furnished-bill-1"}
    with company.transaction() as db:
        return receive_bill(db, company.actor(MONDAY), ReceiveBill.model_validate(facts | days | terms))


def _interest(company: TestCompany) -> tuple[UUID, UUID, UUID]:
    """A run, its document and a waiver of the whole of it, so that the balance is what it was."""
    actor = company.actor(MONDAY)
    with company.transaction() as db:
        seen = preview(db, actor, MONDAY)
        posting = PostInterest(
            through_on=MONDAY, document_on=MONDAY, fingerprint=seen.fingerprint, key="furnished-interest"
        )
        run = post_run(db, actor, posting)
        charge = db.execute(
            sa.select(InterestCharge.id).where(InterestCharge.tenant_id == company.tenant_id)
        ).scalar_one()
        whole = decimal_text(seen.totals["CNY"], "CNY")
        waiver = waive(db, actor, charge, WaiveInterest(amount=whole, reason="和解", key="furnished-waiver-1"))
    assert waiver is not None
    return run, charge, waiver


def _losses(company: TestCompany, customer: UUID) -> dict[str, UUID]:
    """A provision run; a debt written off with approval, part of which came back. The balance is what it was."""
    actor = company.actor(MONDAY)
    person(company, "finance_director", today=MONDAY)
    with company.transaction() as db:
        lost = NewItem(customer, "invoice", "INV-LOST", MONDAY, MONDAY, MONDAY, "CNY", 10_00)
        part = {"item_id": post_items(db, actor, [lost])[0]}
        asked = {"parts": [part], "cause": "bankrupt", "reason": "破产", "key": "furnished-bad-debt"}
        proof = SentFile("裁定书.pdf", b"%PDF-1.7 furnished")
        case = bad_debts.propose(db, actor, customer, ProposeBadDebt.model_validate(asked), [proof])
        approval = db.execute(
            sa.select(BadDebtCase.approval_id).where(BadDebtCase.tenant_id == company.tenant_id, BadDebtCase.id == case)
        ).scalar_one()
    assert approval is not None
    approve_all(company, approval, MONDAY)
    with company.transaction() as db:
        money = RecoverMoney(amount="4.00", currency="CNY", received_on=MONDAY, key="furnished-recovery")
        recovery = recovering.recover_money(db, actor, case, money)
        provision.set_policy(db, actor, SetPolicy(method="matrix", through=["0", ""], rate=["1", "10"]))
    with company.transaction() as db:
        seen = provision.preview(db, actor, MONDAY)
        posting = PostProvision(as_of=MONDAY, fingerprint=seen.fingerprint, key="furnished-provision")
        run = provision.post_run(db, actor, posting)
    return {"bad_debt_id": case, "recovery_id": recovery, "provision_id": run}


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
