"""Signatures, counter-entries, returns and invoices of deliveries, and what each leaves in exposure and books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from ar.ledger.closing.commands import lock_through
from ar.sales.deliveries.inputs import ReturnedLine, ReturnGoods
from ar.sales.deliveries.returns import return_goods
from ar.sales.deliveries.signing.commands import sign_off
from ar.sales.deliveries.signing.inputs import SignOffDelivery
from ar.sales.deliveries.unsigned.commands import explain_unsigned
from ar.sales.deliveries.unsigned.inputs import ExplainUnsigned
from ar.sales.models import SignOff
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.ids import new_id
from kernel.uploads import UploadedFile
from tests.support.world import World

TEN = ("阀门", "10", "100.00")


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 10_000_00)
    return customer


def test_a_short_signature_leaves_the_rest_out_until_a_second_one(world: World, customer: UUID) -> None:
    note = world.shipped_note(order := world.released_order(customer, TEN))
    world.sign(note, (1, "8"), short="2 破损")
    assert world.exposed(customer) == (0, 800_00, 200_00, 0)
    assert world.to_invoice([order]) == 800_00
    assert world.delivery(note).state == "shipped"
    world.sign(note)
    assert world.exposed(customer) == (0, 1_000_00, 0, 0)
    assert world.delivery(note).state == "signed"


def test_a_short_signature_leaves_the_rest_out_until_a_return(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    world.sign(note, (1, "8"), short="2 破损")
    assert world.take_back(note, (1, "2")) is None
    assert world.exposed(customer) == (0, 800_00, 0, 200_00)
    assert world.delivery(note).state == "signed"


def test_less_than_shipped_wants_a_reason_and_more_is_refused(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    for parts, short, code in (
        ((1, "8"), "", "sign_off_short_reason"),
        ((1, "11"), "", "sign_off_too_much"),
        ((2, "1"), "", "sign_off_too_much"),
        ((1, "0"), "refused", "sign_off_nothing"),
    ):
        with pytest.raises(RuleBroken) as refused:
            world.sign(note, parts, short=short)
        assert refused.value.code == code
    assert world.count_rows(SignOff) == 0


def test_a_signature_is_countered_and_never_edited(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    signed = world.sign(note, (1, "8"))
    world.counter(signed)
    assert world.exposed(customer) == (0, 0, 1_000_00, 0)
    with pytest.raises(Conflict) as twice:
        world.counter(signed)
    assert twice.value.code == "sign_off_countered"
    world.sign(note)
    assert world.exposed(customer) == (0, 1_000_00, 0, 0)
    assert world.count_rows(SignOff) == 3


def test_what_was_invoiced_is_not_countered(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    signed = world.sign(note)
    world.invoice_note(note)
    with pytest.raises(RuleBroken) as refused:
        world.counter(signed)
    assert refused.value.code == "sign_off_invoiced"


def test_an_invoice_before_the_signature_is_due_from_the_signature(world: World) -> None:
    world = world.on(date(2026, 6, 25))
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 10_000_00)
    note = world.shipped_note(world.released_order(customer, TEN, term_days=30))
    world.invoice_with_goods(note, "FP-0625")
    assert world.exposed(customer) == (0, 0, 1_000_00, 0)
    assert world.count_documents("invoice") == 0
    later = world.on(date(2026, 7, 3))
    later.sign(note)
    item = later.item_numbered("FP-0625")
    assert (item.document_on, item.due_on) == (date(2026, 7, 3), date(2026, 8, 2))
    assert later.exposed(customer) == (1_000_00, 0, 0, 0)


def test_a_second_signature_is_left_to_invoice(world: World, customer: UUID) -> None:
    note = world.shipped_note(order := world.released_order(customer, TEN))
    world.invoice_with_goods(note, "FP-1")
    world.sign(note, (1, "8"))
    assert world.item_numbered("FP-1").amount_minor == 800_00
    world.sign(note)
    assert world.to_invoice([order]) == 200_00
    world.invoice_note(note, "FP-2")
    assert world.exposed(customer) == (1_000_00, 0, 0, 0)


def test_a_down_payment_is_taken_off_the_invoice_of_the_delivery(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    down = world.invoice(customer, number="DOWN", minor=300_00)
    world.bill_order(order, down)
    note = world.shipped_note(order)
    world.sign(note)
    assert world.to_invoice([order]) == 700_00
    world.pay(down, minor=300_00)
    world.invoice_note(note)
    assert world.exposed(customer) == (700_00, 0, 0, 0)
    assert world.to_invoice([order]) == 0


def test_a_later_credit_note_for_the_price_leaves_the_pieces_invoiced(world: World, customer: UUID) -> None:
    note = world.shipped_note(order := world.released_order(customer, ("泵", "1", "2000.00")))
    world.sign(note)
    item = world.invoice_note(note)
    world.allocate(item, world.credit_note(customer, number="CN-1", minor=2_000_00), minor=2_000_00)
    assert world.exposed(customer) == (0, 0, 0, 0)
    assert world.to_invoice([order]) == 0
    with pytest.raises(RuleBroken) as refused:
        world.invoice_note(note)
    assert refused.value.code == "delivery_nothing_to_invoice"


def test_stock_kept_at_the_customers_is_signed_for_by_its_settlements(world: World, customer: UUID) -> None:
    order = world.released_order(customer, ("泵", "10", "10.00"))
    note = world.shipped_note(order, mode="consignment")
    for quantity in ("4", "6"):
        world.sign(note, (1, quantity), short="")
        world.invoice_note(note)
        assert sum(world.exposed(customer)) == 100_00
    assert world.exposed(customer) == (100_00, 0, 0, 0)


def test_goods_that_were_invoiced_are_given_back_by_the_ledger(world: World, customer: UUID) -> None:  # R100
    note = world.shipped_note(order := world.released_order(customer, TEN))
    world.sign(note)
    world.invoice_note(note, "FP-9")
    credit = world.take_back(note, (1, "3"))
    assert credit is not None
    assert (world.open_item(credit).kind, world.open_item(credit).amount_minor) == ("goods_return", 300_00)
    assert world.open_minor_of(credit) == 0
    assert world.exposed(customer) == (700_00, 0, 0, 0)
    assert world.to_invoice([order]) == 0
    assert world.ledger_findings() == []


def test_who_sells_takes_back_what_was_not_invoiced_and_credits_nobody(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    back = ReturnGoods(returned_on=world.today, reason="damaged", lines=[ReturnedLine(position=1, quantity=Decimal(1))])
    seller = replace(world.actor(roles=("salesperson",)), user_id=new_id())
    with world.transaction() as db:
        assert return_goods(db, seller, note, back) == ()
    world.sign(note)
    world.invoice_note(note, "FP-9")
    with world.transaction() as db, pytest.raises(Forbidden, match="delivery_return_credits"):
        return_goods(db, seller, note, back)
    assert world.exposed(customer) == (900_00, 0, 0, 100_00)
    with world.transaction() as db:
        both = replace(world.actor(roles=("salesperson", "warehouse")), user_id=new_id())
        assert len(return_goods(db, both, note, back)) == 1
    assert world.exposed(customer) == (800_00, 0, 0, 100_00)


def test_each_line_that_comes_back_gives_back_the_tax_of_its_own_rate(world: World, customer: UUID) -> None:
    """Faults F7: of 100.01 at 13 per cent and 50.02 at 9 the tax is 11.51 and 4.13, not the share of the sum."""
    mixed = ("阀门", "1", "100.01", 1300), ("大米", "1", "50.02", 900), ("图书", "1", "20.00")
    note = world.shipped_note(world.released_order(customer, *mixed))
    world.sign(note)
    world.invoice_note(note, "FP-9")
    assert world.balance_of("output_tax") == -15_64
    for position, left in ((1, -4_13), (3, -4_13), (2, 0)):
        world.take_back(note, (position, "1"))
        assert world.balance_of("output_tax") == left
    assert world.ledger_findings() == []


def test_goods_that_come_back_one_by_one_give_back_all_the_tax_and_no_more(world: World, customer: UUID) -> None:
    """Faults F7: seven times the tax within 0.16 is 0.14 at 13 per cent, a cent above that of 1.12."""
    mixed = ("螺丝", "7", "0.16", 1300), ("大米", "3", "0.17", 900)
    note = world.shipped_note(world.released_order(customer, *mixed))
    world.sign(note)
    world.invoice_note(note, "FP-9")
    assert world.balance_of("output_tax") == -(13 + 4)
    for position in (1, 2, 1, 2, 1, 1, 2, 1, 1, 1):
        world.take_back(note, (position, "1"))
    assert (world.balance_of("output_tax"), world.balance_of("receivables")) == (0, 0)
    assert world.ledger_findings() == []


def test_what_is_signed_in_parts_is_invoiced_with_the_tax_of_each_part(world: World, customer: UUID) -> None:
    """Faults F7: the part without tax that is signed later adds none; the last of the parts takes the rest."""
    mixed = ("阀门", "3", "0.33", 1300), ("图书", "1", "50.00", 0)
    note = world.shipped_note(world.released_order(customer, *mixed), mode="consignment")
    taxes = []
    for parts in (((1, "1"),), ((2, "1"),), ((1, "1"),), ((1, "1"),)):
        world.sign(note, *parts)
        before = world.balance_of("output_tax")
        world.invoice_note(note)
        taxes.append(before - world.balance_of("output_tax"))
    assert taxes == [4, 0, 4, 3]
    assert world.ledger_findings() == []


def test_goods_signed_for_and_not_invoiced_come_back_without_a_document(world: World, customer: UUID) -> None:
    note = world.shipped_note(order := world.released_order(customer, TEN))
    world.sign(note)
    assert world.take_back(note, (1, "3")) is None
    assert world.exposed(customer) == (0, 700_00, 0, 300_00)
    assert world.to_invoice([order]) == 700_00
    with pytest.raises(RuleBroken) as refused:
        world.take_back(note, (1, "8"))
    assert refused.value.code == "return_too_much"


def test_an_empty_pad_without_a_legible_name_recognises_nothing(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    with pytest.raises(RuleBroken) as refused:
        world.sign(note, channel="driver", signed_by="x", strokes="[[]]", file=None)
    assert refused.value.code == "sign_off_no_signature"
    assert world.exposed(customer) == (0, 0, 1_000_00, 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x00\x00\x00\x20ftypheic\x00\x00\x00\x00mif1heic", "sign_off_file_heic"),
        (b"GIF89a", "sign_off_file_kind"),
        (b"", "sign_off_file_size"),
        (b"\xff\xd8\xff" + bytes(12_000_000), "sign_off_file_size"),
    ],
)
def test_a_photo_that_nobody_could_look_at_is_refused(world: World, customer: UUID, content: bytes, code: str) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    with pytest.raises(RuleBroken) as refused:
        world.sign(note, file=UploadedFile("IMG_0042.jpg", content))
    assert refused.value.code == code


def test_a_signature_is_of_no_day_before_the_shipment_or_after_today(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    for on in (date(2026, 11, 19), date(2026, 11, 21)):
        with pytest.raises(RuleBroken) as refused:
            world.sign(note, on=on)
        assert refused.value.code == "sign_off_day"


def test_a_driver_signs_off_their_own_notes_alone(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    note = world.shipped_note(order)
    data = SignOffDelivery(signed_on=world.today, signed_by="王芳", channel="driver")
    driver = replace(world.actor(roles=("driver",)), user_id=new_id())
    with pytest.raises(Forbidden) as refused, world.transaction() as db:
        sign_off(db, driver, note, data)
    assert refused.value.code == "delivery_other_driver"
    back = ReturnGoods(returned_on=world.today, reason="damaged", lines=[ReturnedLine(position=1, quantity=Decimal(1))])
    with world.transaction() as db, pytest.raises(Forbidden, match="delivery_other_driver"):
        return_goods(db, driver, note, back)
    with world.transaction() as db, pytest.raises(Forbidden, match="delivery_other_driver"):
        explain_unsigned(db, driver, note, ExplainUnsigned(reason="the road is closed"))


def test_a_signature_in_a_closed_period_is_posted_on_the_first_open_day(world: World) -> None:
    early = world.on(date(2026, 10, 28))
    customer = early.customer()
    early.complete_file(customer)
    early.limit(customer, 10_000_00)
    note = early.shipped_note(early.released_order(customer, TEN, term_days=30))
    with world.transaction() as db:
        lock_through(db, world.actor(), date(2026, 10, 31), "month end")
    world.sign(note, on=date(2026, 10, 30))
    item = world.open_item(world.invoice_note(note))
    assert (item.document_on, item.due_on) == (date(2026, 11, 1), date(2026, 11, 29))
