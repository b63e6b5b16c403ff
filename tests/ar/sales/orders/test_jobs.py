"""What orders hear from below: an invoice that names one, an invoice reversed, an approval that lets one pass."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.commands import RequestOverLimit, request_over_limit
from ar.credit.lookups import reason_sentences
from ar.ledger.commands import reverse_item
from ar.sales.lookups import order_facts
from ar.sales.models import Delivery
from kernel.errors import NotFound
from kernel.i18n import use_language
from tenants.approvals.engine import decide
from tenants.approvals.models import Approval
from tests.support.approvals import person
from tests.support.delivery import drain
from tests.support.world import World
from tests.support.world.base import fresh_key
from tests.support.world.sales import held_by


def test_an_invoice_whose_reference_names_the_order_takes_from_it(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "1", "60"), number="SO-77")
    type_invoice(world, "SO-77", 60_00)
    assert world.commits(order) == (0, 0, 0)
    assert world.credit_account(customer).exposure_minor == 60_00


@pytest.mark.parametrize("reference", ["DN-900", "DN-900; DN-901", "SO-77 DN-900", "DN-900、DN-901"])
def test_an_invoice_that_names_delivery_notes_takes_from_their_orders(world: World, reference: str) -> None:
    customer = world.buyer(200_00)
    first = world.released_order(customer, ("valve", "2", "30"), number="SO-77")
    second = world.released_order(customer, ("pump", "1", "40"), number="SO-78")
    notes = [world.shipped_note(first, number="DN-900"), world.shipped_note(second, number="DN-901")]
    for note in notes:
        world.sign(note)
    minor = 100_00 if "901" in reference else 60_00
    type_invoice(world, reference, minor)
    assert world.credit_account(customer).exposure_minor == 100_00
    assert world.commits(first) == (0, 0, 0)
    assert world.to_invoice([first, second]) == 100_00 - minor, "and what is invoiced waits for no second invoice"


def test_the_invoice_that_went_with_the_goods_bills_them_however_it_gets_into_the_books(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "1", "60"))
    note = world.shipped_note(order)
    world.invoice_with_goods(note, "0440-1")
    type_invoice(world, "", 60_00, number="0440-1")
    assert (world.commits(order), world.credit_account(customer).exposure_minor) == ((0, 0, 0), 60_00)


def test_an_invoice_bills_no_more_of_a_note_than_it_holds_and_nothing_of_another_s(world: World) -> None:
    customer, other = world.buyer(500_00), world.buyer(500_00, "00002")
    order = world.released_order(customer, ("valve", "10", "10"))
    world.shipped_note(order, (1, "3"), number="DN-1")
    foreign = world.released_order(other, ("valve", "10", "10"))
    world.shipped_note(foreign, (1, "3"), number="DN-2")
    type_invoice(world, "DN-1 DN-2", 50_00)
    assert world.commits(order) == (70_00, 0, 0)
    assert world.commits(foreign) == (70_00, 30_00, 0)
    item = world.invoice(customer, number="BY-HAND", minor=30_00)
    with world.reading() as db:
        note_of_other = db.execute(
            sa.select(Delivery.id).where(Delivery.tenant_id == world.tenant_id, Delivery.number == "DN-2")
        ).scalar_one()
    with pytest.raises(NotFound, match="delivery_not_found"):
        world.bill_order(order, item, delivery_id=note_of_other)


def type_invoice(world: World, reference: str, minor: int, **more: str) -> None:
    """Types an invoice of customer 00001 on its page, and lets the work that follows be done."""
    client = world.client("accountant")
    data = {
        "customer": "00001",
        "document_on": "2026-11-20",
        "amount": f"{minor / 100:.2f}",
        "currency": "CNY",
        "reference": reference,
        "action": "post",
    }
    answer = client.post(f"/c/{world.slug}/receivables/documents/new/invoice", data=data | more)
    assert answer.status_code == 303, answer.text
    drain(world.tenant_id)


def test_an_order_counts_again_when_its_invoice_is_reversed(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.released_order(customer, ("valve", "1", "60"))
    invoice = world.invoice(customer, number="REV-1", minor=60_00)
    world.bill_order(order, invoice)
    with world.transaction() as db:
        reverse_item(db, world.actor(), invoice)
    assert world.commits(order) == (60_00, 0, 0), "in the same commit: no order passes on room that goods take"
    assert world.credit_account(customer).exposure_minor == 60_00
    assert held_by(world.confirm(world.order(customer, ("valve", "1", "60")))) == ["limit"]


def _let_pass(world: World, customer: UUID, order: UUID) -> None:
    """Has a held order approved through the end of the year, which releases it."""
    asker, manager = person(world, "salesperson"), person(world, "sales_manager")
    with world.transaction() as db:
        data = RequestOverLimit(reason="old customer", valid_until_on=date(2026, 12, 31), key=fresh_key())
        request_over_limit(db, asker, customer, order_facts(db, world.tenant_id, order), data)
    with world.transaction() as db:
        found = sa.select(Approval.id).where(Approval.tenant_id == world.tenant_id, Approval.kind == "over_limit")
        decide(db, manager, db.execute(found).scalar_one(), approve=True)
    drain(world.tenant_id)


def test_an_approved_order_is_released_without_anybodys_hand(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.order(customer, ("valve", "1", "105"))
    assert not world.confirm(order).passes
    _let_pass(world, customer, order)
    assert world.order_state(order) == "released"
    assert world.commits(order) == (105_00, 0, 0)
    other = world.order(customer, ("valve", "1", "1"))
    assert not world.confirm(other).passes, "the approval serves its own order alone"
    decision = world.change_order(order, ("valve", "1", "105"), ("seal", "1", "0.01"))
    assert decision is not None
    assert not decision.passes, "and not a larger one"
    assert world.on(date(2027, 1, 1)).answer(order) == ["limit"], "nor after its day"


def test_an_approved_order_may_give_a_shorter_term_and_no_longer_one(world: World) -> None:
    customer = world.buyer(100_00)
    order = world.order(customer, ("valve", "1", "105"), term_days=20)
    assert not world.confirm(order).passes
    _let_pass(world, customer, order)
    assert world.order_state(order) == "released"
    shorter = world.change_order(order, ("valve", "1", "105"), term_days=10)
    assert shorter is not None
    assert shorter.passes
    longer = world.change_order(order, ("valve", "1", "105"), term_days=21)
    assert longer is not None
    assert not longer.passes
    assert world.order_state(order) == "held"
    with use_language("en"):
        (sentence,) = reason_sentences(longer.reasons)
        assert sentence.startswith("Over the credit limit of 100.00 CNY by 5.00. Approval OL-2026-000001 was given for")
        assert sentence.endswith("a term of 20 days, the order gives 21.")
    with use_language("zh_CN"):
        assert reason_sentences(longer.reasons)[0].endswith("审批 OL-2026-000001 批准的账期为 20 天，订单现为 21 天。")
    back = world.change_order(order, ("valve", "1", "105"), term_days=20)
    assert back is not None
    assert back.passes, "as it was approved"
