"""Quotations and contracts: priced, reviewed, sealed, kept, ended."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.sales.contracts.commands import attach_file, edit_contract, register_contract
from ar.sales.contracts.inputs import (
    EditContract,
    EditQuotation,
    EndContract,
    EnterQuotation,
    KeepCopy,
    RegisterContract,
    SealContract,
)
from ar.sales.contracts.quotations import edit_quotation, enter_quotation, submit_quotation
from ar.sales.contracts.reviewing import end_contract, keep_copy, seal_contract, submit_contract
from ar.sales.models import Contract, ContractCopy, ContractLine, Quotation
from ar.sales.rules.checklist import BEFORE_REVIEW, BEFORE_SEALING
from kernel.errors import Conflict, RuleBroken
from kernel.uploads import UploadedFile
from tenants.approvals.engine import decide
from tests.support.approvals import person
from tests.support.world import World

SCAN = UploadedFile("contract.pdf", b"%PDF-1.4 contract")
VALVE = {"line_no": 1, "product": "valve", "unit_price": "9.00"}


class Office:
    """The people who decide on prices and contracts, and what they do."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sales = person(world, "salesperson")
        self.manager = person(world, "sales_manager")
        self.director = person(world, "finance_director")
        self.accountant = person(world, "cost_accountant")

    def quotation(self, customer_id: UUID, *, approved: bool = True, price: str = "9.00") -> UUID:
        with self.world.transaction() as db:
            lines = [VALVE | {"unit_price": price}]
            data = {"customer_id": customer_id, "quoted_on": self.world.today, "currency": "CNY", "lines": lines}
            quotation_id = enter_quotation(db, self.sales, EnterQuotation.model_validate(data))
            approval_id = submit_quotation(db, self.sales, quotation_id)
        if approved:
            self.approve(approval_id, self.accountant, self.director)
        return quotation_id

    def contract(self, customer_id: UUID, **more: Any) -> UUID:
        given = {
            "customer_id": customer_id,
            "currency": "CNY",
            "term_days": 30,
            "starts_on": date(2026, 1, 1),
            "checklist": list(BEFORE_REVIEW),
        }
        with self.world.transaction() as db:
            return register_contract(db, self.sales, RegisterContract.model_validate(given | more), SCAN)

    def submit(self, contract_id: UUID) -> UUID:
        with self.world.transaction() as db:
            return submit_contract(db, self.sales, contract_id)

    def approve(self, approval_id: UUID, *deciders: Any) -> None:
        for each in deciders:
            with self.world.transaction() as db:
                decide(db, each, approval_id, approve=True)

    def seal(self, contract_id: UUID, items: tuple[str, ...] = BEFORE_SEALING) -> None:
        with self.world.transaction() as db:
            seal_contract(db, self.manager, contract_id, SealContract(checklist=list(items)))

    def sealed(self, customer_id: UUID, **more: Any) -> UUID:
        contract_id = self.contract(customer_id, **more)
        self.approve(self.submit(contract_id), self.manager)
        self.seal(contract_id)
        return contract_id

    def state(self, contract_id: UUID) -> str:
        with self.world.reading() as db:
            found = sa.select(Contract.state).where(
                Contract.tenant_id == self.world.tenant_id, Contract.id == contract_id
            )
            return str(db.execute(found).scalar_one())


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_a_contract_names_the_prices_of_its_approved_quotation(world: World, office: Office) -> None:
    customer = world.customer()
    bare = office.contract(customer, lines=[VALVE])
    with pytest.raises(RuleBroken, match="contract_quotation_missing"):
        office.submit(bare)
    waiting = office.quotation(customer, approved=False)
    with pytest.raises(RuleBroken, match="contract_quotation_missing"):
        office.submit(office.contract(customer, lines=[VALVE], quotation_id=waiting))
    quotation = office.quotation(customer)
    for price in ("8.99", "9.01"):
        off = office.contract(customer, lines=[VALVE | {"unit_price": price}], quotation_id=quotation)
        with pytest.raises(RuleBroken, match="contract_price_off"):
            office.submit(off)
    office.submit(office.contract(customer, lines=[VALVE], quotation_id=quotation))


def test_an_approved_quotation_is_not_changed_and_a_refused_one_is_asked_again(world: World, office: Office) -> None:
    customer = world.customer()
    quotation = office.quotation(customer)
    data = EditQuotation.model_validate({"quoted_on": world.today, "currency": "CNY", "lines": [VALVE]})
    with pytest.raises(Conflict, match="quotation_settled"), world.transaction() as db:
        edit_quotation(db, office.sales, quotation, data)
    refused = office.quotation(customer, approved=False)
    with world.reading() as db:
        found = sa.select(Quotation.approval_id).where(Quotation.tenant_id == world.tenant_id, Quotation.id == refused)
        approval_id = db.execute(found).scalar_one()
    assert approval_id is not None
    with world.transaction() as db:
        decide(db, office.accountant, approval_id, approve=False, reason="below cost")
    with world.transaction() as db:
        edit_quotation(db, office.sales, refused, data)
        submit_quotation(db, office.sales, refused)


@pytest.mark.parametrize("item", BEFORE_REVIEW)
def test_a_contract_goes_to_review_with_every_item_on_it(world: World, office: Office, item: str) -> None:
    contract = office.contract(world.customer(), checklist=[each for each in BEFORE_REVIEW if each != item])
    with pytest.raises(RuleBroken, match="contract_checklist"):
        office.submit(contract)


def test_it_is_sealed_after_the_sales_manager_with_date_signature_and_seal(world: World, office: Office) -> None:
    contract = office.contract(world.customer())
    with pytest.raises(RuleBroken, match="contract_not_reviewed"):
        office.seal(contract)
    office.approve(office.submit(contract), office.manager)
    with pytest.raises(RuleBroken, match="contract_checklist"):
        office.seal(contract, ("date", "signature"))
    office.seal(contract)
    assert office.state(contract) == "sealed"


def test_a_photo_that_only_phones_show_is_refused_with_what_to_do(world: World, office: Office) -> None:
    contract = office.contract(world.customer())
    with pytest.raises(RuleBroken, match="contract_file_heic"), world.transaction() as db:
        attach_file(db, office.sales, contract, UploadedFile("IMG_1.HEIC", b"\x00\x00\x00\x18ftypheic"))


def test_a_sealed_contract_stays_as_it_is(world: World, office: Office) -> None:
    customer = world.customer()
    contract = office.sealed(customer, lines=[VALVE], quotation_id=office.quotation(customer))
    data = EditContract.model_validate({"currency": "CNY", "starts_on": date(2026, 1, 1), "term_days": 90})
    with pytest.raises(Conflict, match="contract_not_draft"), world.transaction() as db:
        edit_contract(db, office.sales, contract, data)
    with pytest.raises(Conflict, match="contract_sealed"), world.transaction() as db:
        attach_file(db, office.sales, contract, SCAN)
    for statement in (
        sa.update(Contract).where(Contract.tenant_id == world.tenant_id, Contract.id == contract).values(term_days=90),
        sa.update(ContractLine).where(ContractLine.tenant_id == world.tenant_id).values(unit_price=8),
    ):
        with pytest.raises(sa.exc.IntegrityError, match="sealed contract"), world.transaction() as db:
            db.execute(statement)


def test_a_customers_form_goes_past_the_finance_director_first(world: World, office: Office) -> None:
    contract = office.contract(world.customer(), form="customer")
    approval_id = office.submit(contract)
    office.approve(approval_id, office.director)
    assert office.state(contract) == "submitted"
    office.approve(approval_id, office.manager)
    assert office.state(contract) == "reviewed"


def test_one_deal_has_one_contract(world: World, office: Office) -> None:
    customer = world.customer()
    first = office.contract(customer, deal_ref="2026 spring")
    with pytest.raises(RuleBroken, match="contract_deal_taken"):
        office.contract(customer, deal_ref="2026 spring", form="customer")
    with world.transaction() as db:
        end_contract(db, office.sales, first, EndContract(reason="theirs instead"))
    office.contract(customer, deal_ref="2026 spring", form="customer")


def test_a_clause_changes_by_a_supplement_and_a_price_by_a_new_contract(world: World, office: Office) -> None:
    customer = world.customer()
    old = office.sealed(customer, deal_ref="spring", lines=[VALVE], quotation_id=office.quotation(customer))
    supplement = office.contract(
        customer, form="supplement", supplements_id=old, clauses="Delivery by rail.", checklist=[]
    )
    office.approve(office.submit(supplement), office.manager)
    office.seal(supplement)
    assert (office.state(supplement), office.state(old)) == ("sealed", "sealed")
    with pytest.raises(RuleBroken, match="contract_supplement_prices"):
        office.contract(customer, form="supplement", supplements_id=old, lines=[VALVE])
    dearer = office.quotation(customer, price="10.00")
    new = office.sealed(
        customer,
        deal_ref="spring",
        replaces_id=old,
        lines=[VALVE | {"unit_price": "10.00"}],
        quotation_id=dearer,
    )
    assert (office.state(new), office.state(old)) == ("sealed", "ended")
    with pytest.raises(RuleBroken, match="contract_deal_taken"):
        office.contract(customer, deal_ref="spring")


def test_orders_of_before_stand_on_the_old_price_and_later_ones_on_the_new(world: World, office: Office) -> None:
    customer = world.buyer(1_000_00)
    old = office.sealed(customer, lines=[VALVE], quotation_id=office.quotation(customer))
    before = world.order(customer, ("valve", "1", "9.00"), contract_id=old)
    with world.transaction() as db:
        end_contract(db, office.manager, old, EndContract(reason="new prices"))
    assert world.confirm(before).passes
    with pytest.raises(RuleBroken, match="order_contract_unknown"):
        world.order(customer, ("valve", "1", "9.00"), contract_id=old)


def test_three_copies_have_their_places(world: World, office: Office) -> None:
    contract = office.sealed(world.customer())
    for place, holder in (("gm_office", "Wang"), ("finance", "Li"), ("customer", "Zhao"), ("finance", "Sun")):
        with world.transaction() as db:
            copy = KeepCopy.model_validate({"place": place, "holder": holder, "received_on": world.today})
            keep_copy(db, office.sales, contract, copy)
    with world.reading() as db:
        rows = db.execute(
            sa.select(ContractCopy.place, ContractCopy.holder)
            .where(ContractCopy.tenant_id == world.tenant_id)
            .order_by(ContractCopy.place)
        ).all()
    assert [tuple(row) for row in rows] == [("customer", "Zhao"), ("finance", "Sun"), ("gm_office", "Wang")]


def test_a_purchase_order_with_all_it_must_say_stands_for_a_contract(world: World, office: Office) -> None:
    customer = world.buyer(100_00)
    paper = office.sealed(customer, form="purchase_order", their_number="PO-77")
    assert world.confirm(world.order(customer, ("valve", "1", "30"), contract_id=paper)).passes
