"""Makes papers of the demo's credit and sales: customer files, contracts, delivery notes, what somebody approves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.seeds.cast import WEIYE, Debtor
from app.seeds.story import Story
from ar.customers.file.documents import upload_document, verify_document
from ar.customers.file.inputs import UploadDocument, VerifyDocument
from ar.customers.rules.customer_file import DEFAULT_FILE_POLICY
from ar.sales.contracts.commands import register_contract
from ar.sales.contracts.inputs import EnterQuotation, RegisterContract, SealContract
from ar.sales.contracts.quotations import enter_quotation, submit_quotation
from ar.sales.contracts.reviewing import seal_contract, submit_contract
from ar.sales.deliveries.inputs import PlanDelivery, ShipDelivery
from ar.sales.deliveries.planning import plan_delivery, remaining_lines
from ar.sales.deliveries.shipping import ship_delivery
from ar.sales.rules.checklist import BEFORE_REVIEW, BEFORE_SEALING
from kernel.actor import Actor
from kernel.uploads import UploadedFile
from tenants.approvals.engine import decide
from tenants.approvals.kinds import STEPS_MAX
from tenants.approvals.models import Approval
from tenants.permissions import Role

PAPER: Final = UploadedFile("扫描件.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
_DAY: Final = timedelta(days=1)


def paper_of(story: Story) -> UploadedFile:
    """Returns a scan as the company calls it."""
    return PAPER if story.cast is WEIYE else UploadedFile("Scan.pdf", PAPER.content)


def complete_file(story: Story, db: Session, actor: Actor, number: str) -> None:
    """Uploads and verifies every document that a debtor's legal form asks for, once."""
    if number in story.filed:
        return
    story.filed.add(number)
    form = next(debtor.entity_type for debtor in story.cast.debtors if debtor.number == number)
    customer_id = story.customers[number].id
    seller, checker = story.person(actor, "salesperson"), story.person(actor, "accountant")
    for asked in DEFAULT_FILE_POLICY.requirements_of(form):
        if asked.required:
            data = UploadDocument(kind=asked.kind, issued_on=actor.today - 400 * _DAY, no_end=True)
            document_id = upload_document(db, seller, customer_id, data, paper_of(story))
            verify_document(db, checker, customer_id, document_id, VerifyDocument(original_seen=True))


def framework(story: Story, db: Session, actor: Actor, debtor: Debtor) -> UUID | None:
    """Returns the debtor's framework contract, which is made and sealed when it is first needed."""
    if story.cast is not WEIYE:
        return None
    known = story.contracts.get(debtor.number)
    if known is None:
        known = _contract(story, db, actor, debtor, title="年度供货框架合同", ends_in=300)
    return known


def _contract(
    story: Story, db: Session, actor: Actor, debtor: Debtor, *, title: str, ends_in: int, **more: Any
) -> UUID:
    data = RegisterContract.model_validate(
        {
            "customer_id": story.customers[debtor.number].id,
            "title": title,
            "currency": debtor.currency,
            "starts_on": actor.today - 30 * _DAY,
            "ends_on": actor.today + ends_in * _DAY,
            "checklist": list(BEFORE_REVIEW),
            **more,
        }
    )
    contract_id = register_contract(db, story.person(actor, "order-follow-up"), data, PAPER)
    submit_contract(db, story.person(actor, "order-follow-up"), contract_id)
    approve(story, db, actor, contract_id)
    seal_contract(db, story.person(actor, "gm-office"), contract_id, SealContract(checklist=list(BEFORE_SEALING)))
    story.contracts.setdefault(debtor.number, contract_id)
    return contract_id


def priced_contract(story: Story, db: Session, actor: Actor, number: str) -> UUID:
    """Returns a contract for 500 pieces at the price of an approved quotation, ending in three weeks."""
    debtor = next(each for each in story.cast.debtors if each.number == number)
    line = {"line_no": 1, "product": "蓝牙音箱 T8", "unit": "台", "unit_price": "128.00"}
    quoted = EnterQuotation.model_validate(
        {"customer_id": story.customers[number].id, "quoted_on": actor.today, "currency": "CNY", "lines": [line]}
    )
    quotation_id = enter_quotation(db, story.person(actor, "salesperson"), quoted)
    submit_quotation(db, story.person(actor, "salesperson"), quotation_id)
    approve(story, db, actor, quotation_id)
    priced = {"quotation_id": quotation_id, "lines": [line | {"quantity": "500"}], "term_days": 60}
    return _contract(story, db, actor, debtor, title="蓝牙音箱年度合同", ends_in=21, **priced)


def approve(story: Story, db: Session, actor: Actor, subject_id: UUID) -> None:
    """Has every step of what was asked for a subject approved by somebody of the role that it waits for."""
    asked = Approval
    for _step in range(STEPS_MAX):
        waiting = db.execute(
            sa.select(asked.id, asked.waits_for).where(
                asked.tenant_id == story.tenant_id, asked.subject_id == subject_id, asked.state == "pending"
            )
        ).first()
        if waiting is None:
            return
        key = next(person.key for person in story.cast.people if Role(waiting.waits_for) in person.roles)
        decide(db, story.person(actor, key), waiting.id, approve=True, reason="同意")


def plan_note(story: Story, db: Session, actor: Actor, order_id: UUID, *, goes: bool = True) -> UUID:
    """Plans a note of all that is left of an order; `goes`: with the driver. Returns its id."""
    data = PlanDelivery(
        mode="direct",
        planned_on=actor.today,
        driver_id=story.people.get("driver") if goes else None,
        lines=remaining_lines(db, story.tenant_id, order_id),
    )
    return plan_delivery(db, story.person(actor, "order-follow-up"), order_id, data)


def ship_note(story: Story, db: Session, actor: Actor, order_id: UUID) -> UUID:
    """Plans a note and ships it; returns its id."""
    note_id = plan_note(story, db, actor, order_id)
    ship_delivery(db, story.person(actor, "warehouse"), note_id, ShipDelivery())
    return note_id
