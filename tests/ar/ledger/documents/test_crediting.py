"""Credit notes on a document: why they are given, the rest of its tax, and the discount that was not paid."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.ledger.commands import lock_customers, reverse_item, take_back_documents
from ar.ledger.documents.commands import DocumentRefused, parse_document, post_document
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.commands import unapply_allocation
from ar.ledger.receivables.inputs import UnapplyAllocation
from ar.ledger.receivables.settlement.discounts import take_discount
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key

DAY_0, DAY_10 = date(2026, 11, 1), date(2026, 11, 11)


@pytest.fixture
def customer(world: World) -> UUID:
    return world.customer("00001", "深圳鑫晟电子")


def typed(**more: str) -> SubmittedDocument:
    values = {"customer": "00001", "document_on": TODAY.isoformat(), "currency": "CNY", "key": fresh_key(), **more}
    return SubmittedDocument.model_validate(values)


def credit(world: World, amount: str, reference: str = "A-1", kind: str = "credit_note", **more: str) -> OpenItem:
    with world.transaction() as db:
        item = post_document(db, world.actor(), kind, typed(amount=amount, reference=reference, **more))
    return world.open_item(item)


def paid_with_discount(
    world: World, customer: UUID, minor: int = 1_000_00, *, paid: int = 980_00, tax: int = 0
) -> UUID:
    """An invoice A-1 at 2/10 net 30, paid on the tenth day with the discount taken."""
    item = world.document(
        customer,
        kind="invoice",
        number="A-1",
        on=DAY_0,
        minor=minor,
        tax_minor=tax,
        discount_bps=200,
        discount_until_on=DAY_10,
    )
    world.pay(item, minor=paid, on=DAY_10)
    with world.transaction() as db:
        take_discount(db, world.actor(), item)
    return item


def test_half_of_what_was_paid_as_980_and_20_gives_back_490(world: World, customer: UUID) -> None:
    """Faults F2: the discount on the goods that came back was never paid, so it is not given back."""
    paid_with_discount(world, customer)
    note = credit(world, "500.00", reason="goods")
    assert (note.amount_minor, note.open_minor) == (500_00, 490_00)
    assert world.balance_of("discounts_allowed") == 10_00
    again = credit(world, "500.00", kind="goods_return")
    assert again.open_minor == 490_00
    assert world.balance_of("discounts_allowed") == 0
    assert world.balance_of("receivables") == -980_00, "what was paid for the goods, no more"
    assert world.ledger_findings() == []


@pytest.mark.parametrize(
    ("amounts", "back"), [(("333.33", "333.33", "333.34"), [6_67, 6_66, 6_67]), (("999.99", "0.01"), [20_00, 0])]
)
def test_several_credit_notes_together_take_back_the_whole_discount(
    world: World, customer: UUID, amounts: tuple[str, ...], back: list[int]
) -> None:
    paid_with_discount(world, customer)
    notes = [credit(world, amount, reason="price") for amount in amounts]
    assert [note.amount_minor - note.open_minor for note in notes] == back
    assert world.balance_of("receivables") == -980_00


def test_what_is_still_open_is_credited_first_and_only_the_rest_gives_back(world: World, customer: UUID) -> None:
    item = paid_with_discount(world, customer, paid=490_00)
    assert world.open_minor_of(item) == 500_00
    note = credit(world, "600.00", allocate="1", reason="goods")
    assert (world.open_minor_of(item), note.open_minor) == (0, 98_00), "100.00 of what was paid at 2 per cent less"


def test_the_payment_taken_off_after_a_credit_note_asks_the_discount_back_once(world: World, customer: UUID) -> None:
    """Given 980.00 and 20.00, half returned (490.00 back), when the payment returns, 500.00 is owed: not 510.00."""
    item = paid_with_discount(world, customer, tax=130_00)
    credit(world, "500.00", reason="goods")
    unapply_payment(world, item)
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (1_000_00, 0)
    assert world.balance_of("receivables") == 500_00 - 980_00, "the goods kept, less the money in hand"
    assert world.ledger_findings() == []


def test_half_the_payment_taken_off_leaves_what_the_rest_earned(world: World, customer: UUID) -> None:
    """Given 490.00 twice, 20.00, and 700.00 returned: one unapplied leaves 500.00 open, 10.00 earned, 4.00 back."""
    item = paid_with_discount(world, customer, paid=490_00)
    second = world.pay(item, minor=490_00, on=DAY_10, number="R-2")
    with world.transaction() as db:
        take_discount(db, world.actor(), item)
    credit(world, "700.00", reason="goods")
    assert world.balance_of("discounts_allowed") == 6_00
    with world.transaction() as db:
        unapply_allocation(db, world.actor(), item, second, UnapplyAllocation())
    assert (world.open_minor_of(item), world.balance_of("discounts_allowed")) == (500_00, 6_00)
    assert world.ledger_findings() == []


def unapply_payment(world: World, item: UUID) -> None:
    """Unapplies by hand the only payment of a document."""
    a, c = Allocation, OpenItem
    with world.transaction() as db:
        allocation = db.execute(
            sa.select(a.id)
            .join(c, sa.and_(c.tenant_id == world.tenant_id, c.id == a.credit_item_id))
            .where(a.tenant_id == world.tenant_id, a.debit_item_id == item, c.kind == "receipt")
        ).scalar_one()
        unapply_allocation(db, world.actor(), item, allocation, UnapplyAllocation())


def test_goodwill_gives_what_it_says(world: World, customer: UUID) -> None:
    paid_with_discount(world, customer)
    assert credit(world, "500.00", reason="goodwill").open_minor == 500_00


def test_the_discount_taken_back_has_its_share_of_tax(world: World, customer: UUID) -> None:
    paid_with_discount(world, customer, 1_130_00, paid=1_107_40, tax=130_00)
    note = credit(world, "565.00", tax_rate="13")
    assert note.open_minor == 553_70
    assert world.balance_of("output_tax") == -(130_00 - 2_60 - 65_00 + 1_30)
    credit(world, "565.00", tax_rate="13")
    assert world.balance_of("output_tax") == 0


def test_the_page_shows_what_is_given_back_before_it_is_posted(world: World, customer: UUID) -> None:
    paid_with_discount(world, customer)
    page = world.client().post(
        world.url("/receivables/documents/new/credit_note/preview"),
        data={"customer": "00001", "amount": "500.00", "reference": "A-1", "reason": "goods", "key": "k" * 32},
    )
    assert "Discount taken back" in page.text
    assert "490.00" in page.text


@pytest.mark.parametrize("last", ["credit_note", "goods_return"])
def test_the_last_of_several_credit_notes_takes_the_rest_of_the_tax(world: World, customer: UUID, last: str) -> None:
    """Faults F7: 485.28 with 55.83 tax in three notes at 13 per cent gave back 55.84."""
    world.document(customer, kind="invoice", number="A-1", minor=485_28, tax_minor=55_83)
    for amount in ("161.80", "161.80"):
        credit(world, amount, tax_rate="13")
    credit(world, "161.68", kind=last, tax_rate="13")
    assert world.balance_of("output_tax") == 0
    assert world.ledger_findings() == []


def test_the_last_credit_note_takes_the_rest_also_where_its_own_tax_rounds_to_nothing(
    world: World, customer: UUID
) -> None:
    """Faults F7: of 0.10 with 0.01 tax each of 0.03, 0.03 and 0.04 has less than half a cent of it."""
    world.document(customer, kind="invoice", number="A-1", minor=10, tax_minor=1)
    for amount in ("0.03", "0.03", "0.04"):
        credit(world, amount, tax_rate="13")
    assert world.balance_of("output_tax") == 0


def test_a_last_credit_note_without_tax_gives_none_back(world: World, customer: UUID) -> None:
    world.document(customer, kind="invoice", number="A-1", minor=113_00, tax_minor=13_00)
    credit(world, "13.00", tax_rate="0")
    credit(world, "100.00")
    assert world.balance_of("output_tax") == -13_00


def test_more_tax_than_is_left_is_refused_where_it_was_typed(world: World, customer: UUID) -> None:
    world.document(customer, kind="invoice", number="A-1", minor=485_28, tax_minor=55_83)
    credit(world, "400.00", tax="50.00")
    with pytest.raises(DocumentRefused) as refused, world.reading() as db:
        parse_document(db, world.actor(), "credit_note", typed(amount="80.00", tax="5.84", reference="A-1").typed)
    assert refused.value.faults["tax"][0] == "tax_more_than_left"
    assert "5.83" in refused.value.texts()["tax"]


def test_a_credit_note_says_why(world: World, customer: UUID) -> None:
    world.document(customer, kind="invoice", number="A-1")
    assert credit(world, "1.00", reason="price").credit_reason == "price"
    assert credit(world, "1.00").credit_reason == "goods"
    assert credit(world, "1.00", kind="goods_return").credit_reason is None


def test_a_document_taken_back_is_no_part_of_its_namesake(world: World, customer: UUID) -> None:
    """An import is undone and its number issued again: tax and discount are those of the document that stands."""
    undone = world.document(customer, kind="invoice", number="A-1", on=DAY_0, minor=1_130_00, tax_minor=130_00)
    with world.transaction() as db:
        take_back_documents(db, lock_customers(db, world.actor(), [customer]), [undone], memo="import undone")
    paid_with_discount(world, customer, 1_130_00, paid=1_107_40, tax=130_00)
    note = credit(world, "565.00", tax_rate="13")
    assert note.open_minor == 553_70
    assert world.balance_of("output_tax") == -(130_00 - 2_60 - 65_00 + 1_30)
    with pytest.raises(DocumentRefused) as refused, world.reading() as db:
        parse_document(db, world.actor(), "credit_note", typed(amount="565.00", tax="65.01", reference="A-1").typed)
    assert refused.value.faults["tax"][0] == "tax_more_than_left"


def test_a_credit_is_not_for_a_document_taken_back(world: World, customer: UUID) -> None:
    undone = world.document(customer, kind="invoice", number="A-1", on=DAY_0)
    with world.transaction() as db:
        reverse_item(db, world.actor(), undone, effective_on=DAY_0, memo="never delivered")
    with pytest.raises(DocumentRefused) as refused, world.reading() as db:
        parse_document(db, world.actor(), "credit_note", typed(amount="1.00", reference="A-1", allocate="1").typed)
    assert refused.value.faults["reference"][0] == "reference_unknown"
