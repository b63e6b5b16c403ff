"""A customer blacklisted after an order was released: no way round it ships or orders; money and goods come in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from ar.customers.blacklist.commands import propose_entry
from ar.customers.blacklist.inputs import ProposeListing
from ar.customers.file.models import BlacklistEntry
from ar.imports import commands as imports
from ar.imports.inputs import ImportFile
from ar.sales.contracts.commands import register_contract
from ar.sales.contracts.inputs import RegisterContract, SealContract
from ar.sales.contracts.reviewing import seal_contract, submit_contract
from ar.sales.models import Contract, Delivery
from ar.sales.rules.checklist import BEFORE_SEALING
from kernel.clock import fixed_clock, moment_on
from kernel.sheets.mapping import ColumnMapping
from kernel.uploads import UploadedFile
from tests.support.approvals import approve_all, everybody, person
from tests.support.world import TODAY, World
from tests.support.world.sales import held_by

TEN = ("阀门", "10", "100.00")
ORDERS = "order_no,customer_no,order_date,currency,term_days,line_no,product,quantity,unit,unit_price,tax_rate"
DELIVERIES = "delivery_no,order_no,shipped_on,mode,line_no,quantity"

pytestmark = pytest.mark.usefixtures("_on_today")


@pytest.fixture(name="_on_today")
def on_today() -> Iterator[None]:
    """The pages and the command line live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def blacklist(world: World, customer: UUID) -> None:
    """Puts a customer on the blacklist by its two decisions."""
    everybody(world)
    collector = person(world, "collector", today=world.today)
    with world.transaction() as db:
        entry = propose_entry(db, collector, customer, ProposeListing(reason="欠款两年，三次失约"))
        found = sa.select(BlacklistEntry.approval_id).where(
            BlacklistEntry.tenant_id == world.tenant_id, BlacklistEntry.id == entry
        )
        approval = db.execute(found).scalar_one()
    assert approval is not None
    approve_all(world, approval, world.today)


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    return world.buyer(100_000_00)


@pytest.fixture(name="picked")
def note_being_picked(world: World, customer: UUID) -> tuple[UUID, UUID]:
    """An order that was released and whose picking began when its customer was blacklisted: order, note."""
    order = world.released_order(customer, TEN, number="SO-1")
    note = world.note(order, number="DL-1")
    assert world.pick(note).passes
    blacklist(world, customer)
    return order, note


def test_a_note_being_picked_does_not_ship(world: World, picked: tuple[UUID, UUID]) -> None:
    order, note = picked
    assert held_by(world.ship(note)) == ["blacklist"]
    assert held_by(world.confirm(order)) == ["blacklist"]
    assert (world.delivery(note).state, world.order_state(order)) == ("picked", "released")


def test_a_copy_of_an_old_order_is_held(world: World, customer: UUID, picked: tuple[UUID, UUID]) -> None:
    client, base = world.client("order_follow_up"), world.url("/orders/")
    form = client.get(f"{base}new?copy={picked[0]}").text
    contract = re.search(r'<option value="([0-9a-f-]{36})" selected', form)
    assert contract is not None
    typed: dict[str, Any] = {
        "customer_no": "00001",
        "contract_id": contract[1],
        "ordered_on": "2026-11-20",
        "currency": "CNY",
        "term_days": "30",
        "action": "confirm",
        "line_no": [""],
        "line_offer": [""],
        "line_product": [TEN[0]],
        "line_quantity": [TEN[1]],
        "line_unit": [""],
        "line_price": [TEN[2]],
        "line_tax": [""],
    }
    made = client.post(base, data=typed)
    assert made.status_code == 303, made.text
    assert "on the blacklist since" in client.get(made.location).text
    copied = UUID(made.location.rstrip("/").rsplit("/", 1)[1])
    assert (world.order_state(copied), world.commits(copied)) == ("held", (0, 0, 0))


def test_files_bring_no_order_and_no_delivery_in_silence(
    world: World, customer: UUID, picked: tuple[UUID, UUID]
) -> None:
    def bring(kind: Any, head: str, *rows: str) -> Any:
        content = "\n".join([head, *rows]).encode()
        with world.transaction() as db:
            return imports.import_now(db, world.actor(), ImportFile(kind, "file.csv", content, ColumnMapping()))[1]

    refused = bring("orders", ORDERS, "SO-9,00001,2026-11-19,CNY,30,1,阀门,6,pc,10.00,13%")
    assert [error.code for error in refused.errors] == ["customer_blacklisted"]
    history = bring("deliveries", DELIVERIES, "DL-9,SO-1,2026-11-20,,1,6")
    assert [warning.code for warning in history.warnings] == ["delivery_would_be_held"]
    with world.reading() as db:
        found = sa.select(Delivery.id).where(Delivery.tenant_id == world.tenant_id, Delivery.number == "DL-9")
        note = db.execute(found).scalar_one()
    assert "blacklist" in world.delivery(note).held_codes


def test_the_command_line_ships_nothing(world: World, picked: tuple[UUID, UUID]) -> None:
    for deed, status in (("check", 0), ("ship", 1)):
        done = CliRunner().invoke(main, ["order", deed, "--tenant", world.slug, "--order", "SO-1", "--json"])
        assert done.exit_code == status, done.output
        answer = json.loads(done.output)
        assert (answer["decision"], [reason["code"] for reason in answer["reasons"]]) == ("held", ["blacklist"])
    assert world.delivery(picked[1]).state == "picked"


def test_an_order_after_a_supplement_is_held(world: World, customer: UUID) -> None:
    contract = world.contract(customer)
    sales, manager = person(world, "salesperson"), person(world, "sales_manager")
    with world.transaction() as db:
        data = RegisterContract(
            customer_id=customer,
            form="supplement",
            supplements_id=contract,
            clauses="Delivery by rail.",
            currency="CNY",
            starts_on=date(2026, 1, 1),
        )
        supplement = register_contract(db, sales, data, UploadedFile("s.pdf", b"%PDF-1.4 supplement"))
        approval = submit_contract(db, sales, supplement)
    approve_all(world, approval)
    with world.transaction() as db:
        seal_contract(db, manager, supplement, SealContract(checklist=list(BEFORE_SEALING)))
        found = sa.select(Contract.state).where(Contract.tenant_id == world.tenant_id, Contract.id == supplement)
        assert db.execute(found).scalar_one() == "sealed"
    blacklist(world, customer)
    order = world.order(customer, TEN, contract_id=contract)
    assert held_by(world.confirm(order)) == ["blacklist"]
    assert world.order_state(order) == "held"


def test_a_tap_on_a_page_opened_before_ships_nothing(world: World, customer: UUID) -> None:
    note = world.note(world.released_order(customer, TEN))
    client, page = world.client("warehouse"), world.url("/warehouse/")
    assert "May go" in client.get(page).text
    blacklist(world, customer)
    tapped = client.post(f"{page}{note}/shipment", data={"seen": "none"}, follow_redirects=True)
    assert "Since this page was opened: The customer is on the blacklist." in tapped.text
    assert world.delivery(note).state == "planned"


def test_money_and_goods_still_come_in(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    world.sign(note, (1, "8"))
    debt = world.invoice_note(note)
    blacklist(world, customer)
    world.take_back(note, (1, "2"))
    assert world.delivery(note).state == "signed"
    world.pay(debt, minor=800_00)
    assert world.open_minor_of(debt) == 0
