"""A company with one of everything that an address can name, and a digest of all it holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.models import TENANT_TABLES
from ar.credit.checks.holds.commands import grant_override
from ar.credit.checks.holds.inputs import GrantOverride
from ar.credit.commands import ProofOrder, RequestOverLimit, UploadProof, request_over_limit, upload_proof
from ar.credit.limits.guarantees.commands import register_guarantee
from ar.credit.limits.inputs import RegisterGuarantee
from ar.credit.rules.decision import OrderFacts
from ar.customers.models import Contact
from ar.imports.commands import upload
from ar.imports.inputs import ImportFile
from ar.ledger.documents.drafts import save_draft
from ar.ledger.documents.inputs import SubmittedDocument
from ar.receipts.matching.batches import post_shown_lines
from ar.receipts.matching.inputs import PostShownLines, ShownLine
from ar.receipts.refunds.commands import request_refund
from ar.receipts.refunds.inputs import RequestRefund
from ar.sales.contracts.inputs import EnterQuotation
from ar.sales.contracts.quotations import enter_quotation
from kernel.ids import new_id
from kernel.money import decimal_text
from kernel.uploads import UploadedFile
from tenants.approvals import kinds
from tenants.approvals.inputs import NewSubstitute
from tenants.approvals.substitutes import set_substitute
from tests.support.approvals import PROBE, ask_probe, person
from tests.support.companies import TestCompany
from tests.support.world import World, world_of
from tests.support.world.base import fresh_key

MONDAY = date(2026, 11, 16)
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def furnish(company: TestCompany) -> dict[str, Any]:
    """Makes one of everything for customer 00001; returns the ids by the names that routes give them."""
    world = world_of(company, MONDAY)
    due_on = MONDAY - timedelta(days=20)
    customer = world.customer(name="鑫晟", contact_name="李娜", contact_email="lina@xinsheng.example")
    invoice = world.invoice(customer, number="INV-1", due_on=due_on, minor=100_00)
    receipt = world.receipt(customer, number="RC-1", on=due_on, minor=40_00)
    allocation = world.allocate(invoice, receipt, minor=40_00)
    world.run_day(on=MONDAY)
    block = world.hold(customer, on=MONDAY, item=invoice)
    statement = world.statement(customer, period=OCTOBER).statement_id
    bank_line = world.find_bank_line(world.bank_line(on=date(2026, 11, 2), amount="40.00", payer="鑫晟", match=False))
    return {
        "customer_id": customer,
        "contact_id": _contact(world),
        "item_id": invoice,
        "document_id": world.file_document(customer),
        "entry_id": world.open_item(invoice).entry_id,
        "credit_id": receipt,
        "allocation_id": allocation,
        "action_id": world.actions()[0].id,
        "block_id": block,
        "statement_id": statement,
        "mail_id": world.mails("statement")[0].id,
        "bank_account_id": bank_line.bank_account_id,
        "bank_file_id": bank_line.file_id,
        "bank_line_id": bank_line.id,
        "batch_id": _batch(world),
        "draft_id": _draft(world),
        "job_id": _import_job(world),
        **_approvals(world, customer),
        "bill_id": _matured_bill(world),
        "assessment_id": world.draft_assessment(customer),
        "refund_id": _refund_asked(world, customer),
        **_interest(world, customer, invoice),
        **_losses(world, customer),
        **_credit(world, customer),
        **_sales(world, customer),
        **_delivery(world),
        "user_id": company.owner_id,
    }


def _credit(world: World, customer: UUID) -> dict[str, UUID]:
    """Fills the credit of a customer: limit and change, signal, review, stop, override, guarantee, request, proof."""
    world.limit(customer, 1_000_00)
    for role in ("sales_manager", "finance_director"):
        person(world, role)
    change = world.request_limit(customer, "500", term_days=30)
    order, until = new_id(), world.today + timedelta(days=30)
    facts = OrderFacts(order, "SO-F", "CNY", 5_000_00, 5_000_00, term_days=30)
    guarantee = {"kind": "deposit", "provider": "bank", "currency": "CNY", "amount": "10", "valid_from": world.today}
    proof = UploadProof(kind="cheque", amount="10", key=fresh_key())
    with world.transaction() as db:
        actor = world.actor()
        override = GrantOverride(customer_id=customer, code="file", until_on=until, reason="promised")
        asked = RequestOverLimit(reason="peak season", valid_until_on=until, key=fresh_key())
        made = {
            "override_id": grant_override(db, actor, override),
            "guarantee_id": register_guarantee(
                db, actor, customer, RegisterGuarantee.model_validate(guarantee | {"key": fresh_key()})
            ),
            "request_id": request_over_limit(db, actor, customer, facts, asked),
            "proof_id": upload_proof(
                db, actor, ProofOrder(customer, order, "SO-F", "CNY"), proof, UploadedFile("p.pdf", b"%PDF-1.7\n%x\n")
            ),
        }
    signal, review, stop = world.note_signal(customer), world.open_review(), world.stop_shipments(customer)
    return {**made, "signal_id": signal, "campaign_id": review, "change_id": change, "stop_id": stop}


def _sales(world: World, customer: UUID) -> dict[str, UUID]:
    """Enters a quotation and a contract."""
    contract = world.contract(customer)
    with world.transaction() as db:
        lines = [{"line_no": 1, "product": "valve", "unit_price": "9"}]
        data = {"customer_id": customer, "quoted_on": world.today, "currency": "CNY", "lines": lines}
        quotation = enter_quotation(db, world.actor(), EnterQuotation.model_validate(data))
    return {"contract_id": contract, "quotation_id": quotation}


def _delivery(world: World) -> dict[str, Any]:
    """Ships a note of a customer of its own and has half of it signed for."""
    buyer = world.buyer(100_000_00, "00088")
    order = world.released_order(buyer, ("阀门", "10", "10.00"))
    note = world.shipped_note(order)
    signed = world.sign(note, (1, "5"))
    return {"order_id": order, "delivery_id": note, "sign_off_id": signed, "sha256": "0" * 64}


def _contact(world: World) -> UUID:
    """Returns the one contact."""
    with world.reading() as db:
        return db.execute(sa.select(Contact.id).where(Contact.tenant_id == world.tenant_id)).scalar_one()


def _batch(world: World) -> UUID:
    """A batch of one bank line that was not sure any more."""
    line = world.bank_line(on=date(2026, 11, 3), amount="41.00", match=False)
    with world.transaction() as db:
        data = PostShownLines(lines=(ShownLine(line_id=line, proof="0" * 16),), key=fresh_key())
        return post_shown_lines(db, world.actor(), data)


def _draft(world: World) -> UUID:
    """Saves the draft of an invoice."""
    with world.transaction() as db:
        return save_draft(db, world.actor(), "invoice", SubmittedDocument(customer="00001", key=fresh_key()))


def _import_job(world: World) -> UUID:
    """Uploads a file of customers."""
    with world.transaction() as db:
        file = ImportFile("customers", "客户.csv", "客户编码,客户名称\n1,甲\n".encode())
        return upload(db, world.actor(), file)


def _approvals(world: World, customer: UUID) -> dict[str, UUID]:
    """Asks for an approval, and names a substitute."""
    asker, stands_in = (person(world, role, today=MONDAY) for role in ("accountant", "general_manager"))
    with kinds.installed_for_test(PROBE):
        approval = ask_probe(world, asker, customer_id=customer)
    assert stands_in.user_id is not None
    data = NewSubstitute(
        substitute_id=stands_in.user_id, from_on=MONDAY, to_on=MONDAY + timedelta(days=9), key=fresh_key()
    )
    with world.transaction() as db:
        substitute = set_substitute(db, world.actor(), data)
    return {"approval_id": approval, "substitute_id": substitute}


def _matured_bill(world: World) -> UUID:
    """Takes a bill that has just matured and stands against nothing."""
    return world.bill(
        "B-1",
        issued_on=MONDAY - timedelta(days=90),
        tenor_months=None,
        matures_on=MONDAY,
        received_on=MONDAY,
        amount="1.00",
        pays="none",
    )


def _refund_asked(world: World, customer: UUID) -> UUID:
    """Asks for a refund, which waits for somebody's word."""
    person(world, "finance_director", today=MONDAY)
    credit = world.receipt(customer, number="RC-2", minor=10_00)
    data = RequestRefund.model_validate({"amount": "5.00", "payee_name": "鑫晟", "reason": "多付", "key": fresh_key()})
    with world.transaction() as db:
        return request_refund(db, world.actor(), credit, data)


def _interest(world: World, customer: UUID, held: UUID) -> dict[str, UUID]:
    """Charges interest, of a document on hold too, and waives the whole of it, so that the balance is what it was."""
    world.reference_rate("lpr_1y", date(2026, 7, 20), "3.0", through_on=world.today)
    page = world.post_interest(everyone=False, customers=[customer], include=[held])
    (charge,) = page.charges
    waiver = world.waive_interest(charge.id, decimal_text(charge.amount_minor, "CNY"))
    assert waiver is not None
    return {"run_id": page.run.id, "charge_id": charge.id, "waiver_id": waiver}


def _losses(world: World, customer: UUID) -> dict[str, UUID]:
    """Writes a debt off, part of which came back, and posts a provision. The balance is what it was."""
    lost = world.invoice(customer, number="INV-LOST", due_on=MONDAY, on=MONDAY, minor=10_00)
    case = world.bad_debt(customer, lost)
    recovery = world.recover_money(case, "4.00")
    world.provision_policy(through=["0", ""], rate=["1", "10"])
    return {"bad_debt_id": case, "recovery_id": recovery, "provision_id": world.post_provision().run.id}


def digest(company: TestCompany) -> dict[str, str | None]:
    """Returns everything a company holds, table by table, as one hash each."""
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
