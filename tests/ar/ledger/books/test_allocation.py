"""Allocation: to the cent, once, within one customer and one currency, whoever else is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.ledger.books.allocation import NewAllocation, allocate
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.reversal import reverse_item
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.receivables.commands import allocate_document
from ar.ledger.receivables.inputs import AllocateDocument
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World, world_of

MARCH = date(2026, 3, 1)


def open_and_cleared(world: World, item_id: UUID) -> tuple[int, date | None]:
    with world.reading() as db:
        row = db.execute(
            sa.select(OpenItem.open_minor, OpenItem.cleared_on).where(
                OpenItem.tenant_id == world.tenant_id, OpenItem.id == item_id
            )
        ).one()
    return row.open_minor, row.cleared_on


def run_together(commands: Sequence[Callable[[], object]]) -> list[object]:
    """Runs all in threads that start together; returns what each returned or raised, in order."""
    gate = threading.Barrier(len(commands))
    results: list[object] = [None] * len(commands)

    def run(at: int, command: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[at] = command()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_three_receipts_of_thirds_clear_an_invoice_on_the_last_date(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I1", on=MARCH, minor=10000)
    for day, minor in ((5, 3333), (9, 3333), (7, 3334)):
        receipt = world.receipt(customer, number=f"R{day}", on=date(2026, 3, day), minor=minor)
        world.allocate(invoice, receipt, minor=minor)
    assert open_and_cleared(world, invoice) == (0, date(2026, 3, 9))


def test_of_ten_receipts_that_pay_the_whole_invoice_at_once_one_wins(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I1", on=MARCH, minor=50000)
    receipts = [world.receipt(customer, number=f"R{n}", on=MARCH, minor=50000) for n in range(10)]
    results = run_together([lambda r=receipt: world.allocate(invoice, r, minor=50000) for receipt in receipts])  # type: ignore[misc]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert len(lost) == 9
    assert {error.code for error in lost} == {"allocation_exceeds_open"}
    assert open_and_cleared(world, invoice) == (0, MARCH)
    with world.reading() as db:
        total = db.execute(
            sa.select(sa.func.sum(Allocation.amount_minor)).where(Allocation.tenant_id == world.tenant_id)
        ).scalar_one()
    assert total == 50000


def test_the_same_form_twice_has_one_effect_and_one_answer(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=10000)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=10000)
    actor = world.actor(TODAY)

    def send(amount: str) -> UUID:
        form = AllocateDocument(other_id=receipt, amount=amount, key="0123456789abcdef")
        with world.transaction() as db:
            return allocate_document(db, actor, invoice, form)

    assert send("40.00") == send("40.00")
    assert open_and_cleared(world, invoice)[0] == 6000
    with pytest.raises(Conflict) as refused:
        send("41.00")
    assert refused.value.code == "idempotency_key_reused"


def test_a_credit_note_is_not_spent_twice_and_nothing_of_the_second_stays(world: World) -> None:
    customer = world.customer()
    first, second = (world.invoice(customer, number=f"I{n}", on=MARCH, minor=10000) for n in range(2))
    note = world.credit_note(customer, number="C", on=MARCH, minor=10000)
    small = world.receipt(customer, number="R", on=MARCH, minor=500)
    world.allocate(first, note, minor=10000)
    with pytest.raises(Conflict), world.transaction() as db:
        wanted = [NewAllocation(second, small, 500), NewAllocation(second, note, 10000)]
        allocate(db, world.actor(TODAY), wanted)
    assert open_and_cleared(world, second) == (10000, None)
    assert open_and_cleared(world, small) == (500, None)


def test_one_call_cannot_spend_the_same_credit_twice_either(world: World) -> None:
    customer = world.customer()
    first, second = (world.invoice(customer, number=f"I{n}", on=MARCH, minor=10000) for n in range(2))
    note = world.credit_note(customer, number="C", on=MARCH, minor=10000)
    with pytest.raises(Conflict), world.transaction() as db:
        wanted = [NewAllocation(first, note, 6000), NewAllocation(second, note, 6000)]
        allocate(db, world.actor(TODAY), wanted)
    assert open_and_cleared(world, note) == (10000, None)


def test_a_receipt_cannot_pay_another_customers_invoice_not_even_by_raw_sql(world: World) -> None:
    one, two = world.customer("1"), world.customer("2")
    invoice = world.invoice(two, number="I", on=MARCH, minor=100)
    receipt = world.receipt(one, number="R", on=MARCH, minor=100)
    with pytest.raises(NotFound):
        world.allocate(invoice, receipt, minor=100)
    actor = world.actor(TODAY)
    with pytest.raises(DBAPIError) as refused, world.transaction() as db:
        db.execute(
            sa.insert(Allocation).values(
                tenant_id=world.tenant_id,
                customer_id=one,
                currency="CNY",
                debit_item_id=invoice,
                credit_item_id=receipt,
                amount_minor=100,
                effective_on=MARCH,
                recorded_at=actor.now,
                recorded_by="x",
            )
        )
    assert "foreign key" in str(refused.value.orig)


def test_items_of_another_company_do_not_exist(world: World, other_company: TestCompany) -> None:
    ours, theirs = world, world_of(other_company)
    receipt = ours.receipt(ours.customer(), number="R", on=MARCH, minor=100)
    invoice = theirs.invoice(theirs.customer(), number="I", on=MARCH, minor=100)
    with pytest.raises(NotFound):
        ours.allocate(invoice, receipt, minor=100)
    assert open_and_cleared(theirs, invoice) == (100, None)


def test_dollars_do_not_pay_renminbi(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=100, currency="USD")
    with pytest.raises(RuleBroken) as refused:
        world.allocate(invoice, receipt, minor=100)
    assert refused.value.code == "currency_differs"


def test_an_invoice_does_not_pay_an_invoice(world: World) -> None:
    customer = world.customer()
    one, two = (world.invoice(customer, number=f"I{n}", on=MARCH, minor=100) for n in range(2))
    with pytest.raises(RuleBroken) as refused:
        world.allocate(one, two, minor=100)
    assert refused.value.code == "wrong_side"


def test_two_calls_that_name_customers_in_opposite_order_never_deadlock(world: World) -> None:
    pairs = []
    for number in ("A", "B"):
        customer = world.customer(number)
        invoice = world.invoice(customer, number=f"I{number}", on=MARCH, minor=10000)
        pairs.append((invoice, world.receipt(customer, number=f"R{number}", on=MARCH, minor=10000)))
    forth = [NewAllocation(invoice, receipt, 1) for invoice, receipt in pairs]

    def run(wanted: list[NewAllocation], times: int) -> None:
        for _ in range(times):
            with world.transaction() as db:
                allocate(db, world.actor(TODAY), wanted)

    results = run_together([lambda: run(forth, 100), lambda: run(forth[::-1], 100)])
    assert results == [None, None]
    assert [open_and_cleared(world, invoice)[0] for invoice, _receipt in pairs] == [9800, 9800]


def test_of_two_reversals_at_once_one_wins(world: World) -> None:
    receipt = world.receipt(world.customer(), number="R", on=MARCH, minor=100)

    def reverse() -> UUID:
        with world.transaction() as db:
            return reverse_item(db, world.actor(TODAY), receipt)

    results = run_together([reverse, reverse])
    refused = [result for result in results if isinstance(result, HuikuanError)]
    assert [error.code for error in refused] == ["already_reversed"]
    assert sum(isinstance(result, UUID) for result in results) == 1


def test_an_allocation_taken_back_opens_both_again_and_only_once(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=100)
    allocation = world.allocate(invoice, receipt, minor=100)
    world.unapply(allocation)
    assert open_and_cleared(world, invoice) == open_and_cleared(world, receipt) == (100, None)
    with pytest.raises(Conflict) as refused, world.transaction() as db:
        reverse_allocation(db, world.actor(TODAY), allocation)
    assert refused.value.code == "already_reversed"


def test_the_allocation_of_a_reversal_stands(world: World) -> None:
    invoice = world.invoice(world.customer(), number="I", on=MARCH, minor=100)
    with world.transaction() as db:
        reverse_item(db, world.actor(TODAY), invoice)
        allocation = db.execute(sa.select(Allocation.id).where(Allocation.tenant_id == world.tenant_id)).scalar_one()
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        reverse_allocation(db, world.actor(TODAY), allocation)
    assert refused.value.code == "reversal_is_final"


def test_a_mistyped_year_freezes_nothing(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=100)
    far = date(2062, 11, 20)
    with pytest.raises(RuleBroken) as refused:
        world.allocate(invoice, receipt, minor=100, on=far)
    assert (refused.value.code, refused.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    allocation = world.allocate(invoice, receipt, minor=100, on=TODAY)
    with pytest.raises(RuleBroken) as back, world.transaction() as db:
        reverse_allocation(db, world.actor(TODAY), allocation, effective_on=far)
    assert (back.value.code, back.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    assert open_and_cleared(world, invoice) == (0, TODAY)


def test_a_receipt_dated_ahead_counts_on_its_own_day_and_is_taken_back_no_earlier(world: World) -> None:
    customer = world.customer()
    ahead = date(2026, 12, 24)
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=ahead, minor=60)
    with pytest.raises(RuleBroken) as later:
        world.allocate(invoice, receipt, minor=60, on=ahead + timedelta(days=1))
    assert later.value.params == {"until_on": "2026-12-24"}
    allocation = world.allocate(invoice, receipt, minor=60, on=ahead)
    # What is on the invoice already may be reached by the next one.
    other = world.receipt(customer, number="R2", on=MARCH, minor=40)
    world.allocate(invoice, other, minor=40, on=ahead)
    assert open_and_cleared(world, invoice) == (0, ahead)
    world.unapply(allocation)
    assert open_and_cleared(world, receipt) == (60, None)
    with world.transaction() as db:
        reverse_item(db, world.actor(TODAY), receipt)
    assert open_and_cleared(world, receipt) == (0, ahead)


def test_the_most_that_can_be_allocated_is_the_smaller_of_what_is_open(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=500)
    receipt = world.receipt(customer, number="R", on=MARCH, minor=300)
    with pytest.raises(Conflict) as refused:
        world.allocate(invoice, receipt, minor=9999)
    assert refused.value.params == {"document_no": "R", "open_minor": 300, "currency": "CNY"}


def test_an_allocation_takes_effect_on_the_later_date_and_not_before_one_taken_back(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=MARCH, minor=100)
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 12), minor=100)
    with pytest.raises(RuleBroken) as early:
        world.allocate(invoice, receipt, minor=100, on=MARCH)
    assert early.value.params == {"since_on": "2026-03-12"}
    allocation = world.allocate(invoice, receipt, minor=100)
    assert open_and_cleared(world, invoice) == (0, date(2026, 3, 12))
    world.unapply(allocation, on=date(2026, 4, 5))
    with pytest.raises(RuleBroken):
        world.allocate(invoice, receipt, minor=100, on=date(2026, 3, 20))
    world.allocate(invoice, receipt, minor=100)
    assert open_and_cleared(world, invoice) == (0, date(2026, 4, 5))
