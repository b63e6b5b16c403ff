"""Allocation: to the cent, once, within one customer and one currency, whoever else is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.ledger.allocation import NewAllocation, allocate, reverse_allocation
from ar.ledger.commands import allocate_document
from ar.ledger.inputs import AllocateDocument
from ar.ledger.models import Allocation, OpenItem
from ar.ledger.reversing import reverse_item
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany

MARCH = date(2026, 3, 1)


def state(company: TestCompany, item_id: UUID) -> tuple[int, date | None]:
    with company.reading() as db:
        row = db.execute(
            sa.select(OpenItem.open_minor, OpenItem.cleared_on).where(
                OpenItem.tenant_id == company.tenant_id, OpenItem.id == item_id
            )
        ).one()
    return row.open_minor, row.cleared_on


def at_once(deeds: Sequence[Callable[[], object]]) -> list[object]:
    """Runs all in threads that start together; what each returned or raised, in order."""
    gate = threading.Barrier(len(deeds))
    results: list[object] = [None] * len(deeds)

    def run(at: int, deed: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[at] = deed()
        except Exception as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_three_receipts_of_thirds_clear_an_invoice_on_the_last_date(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I1", MARCH, 10000)
    for day, minor in ((5, 3333), (9, 3333), (7, 3334)):
        receipt = books.post(customer, "receipt", f"R{day}", date(2026, 3, day), minor)
        books.allocate(invoice, receipt, minor)
    assert state(company, invoice) == (0, date(2026, 3, 9))


def test_of_ten_receipts_that_pay_the_whole_invoice_at_once_one_wins(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I1", MARCH, 50000)
    receipts = [books.post(customer, "receipt", f"R{n}", MARCH, 50000) for n in range(10)]
    results = at_once([lambda r=receipt: books.allocate(invoice, r, 50000) for receipt in receipts])  # type: ignore[misc]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert len(lost) == 9
    assert {error.code for error in lost} == {"allocation_exceeds_open"}
    assert state(company, invoice) == (0, MARCH)
    with company.reading() as db:
        total = db.execute(
            sa.select(sa.func.sum(Allocation.amount_minor)).where(Allocation.tenant_id == company.tenant_id)
        ).scalar_one()
    assert total == 50000


def test_the_same_form_twice_has_one_effect_and_one_answer(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 10000)
    receipt = books.post(customer, "receipt", "R", MARCH, 10000)
    actor = company.actor(TODAY)

    def send(amount: str) -> UUID:
        form = AllocateDocument(other_id=receipt, amount=amount, key="0123456789abcdef")
        with company.transaction() as db:
            return allocate_document(db, actor, invoice, form)

    assert send("40.00") == send("40.00")
    assert state(company, invoice)[0] == 6000
    with pytest.raises(Conflict) as refused:
        send("41.00")
    assert refused.value.code == "idempotency_key_reused"


def test_a_credit_note_is_not_spent_twice_and_nothing_of_the_second_stays(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    first, second = (books.post(customer, "invoice", f"I{n}", MARCH, 10000) for n in range(2))
    note = books.post(customer, "credit_note", "C", MARCH, 10000)
    small = books.post(customer, "receipt", "R", MARCH, 500)
    books.allocate(first, note, 10000)
    with pytest.raises(Conflict), company.transaction() as db:
        wanted = [NewAllocation(second, small, 500), NewAllocation(second, note, 10000)]
        allocate(db, company.actor(TODAY), wanted)
    assert state(company, second) == (10000, None)
    assert state(company, small) == (500, None)


def test_one_call_cannot_spend_the_same_credit_twice_either(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    first, second = (books.post(customer, "invoice", f"I{n}", MARCH, 10000) for n in range(2))
    note = books.post(customer, "credit_note", "C", MARCH, 10000)
    with pytest.raises(Conflict), company.transaction() as db:
        wanted = [NewAllocation(first, note, 6000), NewAllocation(second, note, 6000)]
        allocate(db, company.actor(TODAY), wanted)
    assert state(company, note) == (10000, None)


def test_a_receipt_cannot_pay_another_customers_invoice_not_even_by_raw_sql(company: TestCompany) -> None:
    books = Books(company)
    one, two = books.customer("1"), books.customer("2")
    invoice, receipt = books.post(two, "invoice", "I", MARCH, 100), books.post(one, "receipt", "R", MARCH, 100)
    with pytest.raises(NotFound):
        books.allocate(invoice, receipt, 100)
    actor = company.actor(TODAY)
    with pytest.raises(DBAPIError) as refused, company.transaction() as db:
        db.execute(
            sa.insert(Allocation).values(
                tenant_id=company.tenant_id,
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


def test_items_of_another_company_do_not_exist(company: TestCompany, other_company: TestCompany) -> None:
    ours, theirs = Books(company), Books(other_company)
    receipt = ours.post(ours.customer(), "receipt", "R", MARCH, 100)
    invoice = theirs.post(theirs.customer(), "invoice", "I", MARCH, 100)
    with pytest.raises(NotFound):
        ours.allocate(invoice, receipt, 100)
    assert state(other_company, invoice) == (100, None)


def test_dollars_do_not_pay_renminbi(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 100)
    receipt = books.post(customer, "receipt", "R", MARCH, 100, currency="USD")
    with pytest.raises(RuleBroken) as refused:
        books.allocate(invoice, receipt, 100)
    assert refused.value.code == "currency_differs"


def test_an_invoice_does_not_pay_an_invoice(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    one, two = (books.post(customer, "invoice", f"I{n}", MARCH, 100) for n in range(2))
    with pytest.raises(RuleBroken) as refused:
        books.allocate(one, two, 100)
    assert refused.value.code == "wrong_side"


def test_two_calls_that_name_customers_in_opposite_order_never_deadlock(company: TestCompany) -> None:
    books = Books(company)
    pairs = []
    for number in ("A", "B"):
        customer = books.customer(number)
        invoice = books.post(customer, "invoice", f"I{number}", MARCH, 10000)
        pairs.append((invoice, books.post(customer, "receipt", f"R{number}", MARCH, 10000)))
    forth = [NewAllocation(invoice, receipt, 1) for invoice, receipt in pairs]

    def run(wanted: list[NewAllocation], times: int) -> None:
        for _ in range(times):
            with company.transaction() as db:
                allocate(db, company.actor(TODAY), wanted)

    results = at_once([lambda: run(forth, 100), lambda: run(forth[::-1], 100)])
    assert results == [None, None]
    assert [state(company, invoice)[0] for invoice, _receipt in pairs] == [9800, 9800]


def test_of_two_reversals_at_once_one_wins(company: TestCompany) -> None:
    books = Books(company)
    receipt = books.post(books.customer(), "receipt", "R", MARCH, 100)

    def reverse() -> UUID:
        with company.transaction() as db:
            return reverse_item(db, company.actor(TODAY), receipt)

    results = at_once([reverse, reverse])
    refused = [result for result in results if isinstance(result, HuikuanError)]
    assert [error.code for error in refused] == ["already_reversed"]
    assert sum(isinstance(result, UUID) for result in results) == 1


def test_an_allocation_taken_back_opens_both_again_and_only_once(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 100)
    receipt = books.post(customer, "receipt", "R", MARCH, 100)
    allocation = books.allocate(invoice, receipt, 100)
    with company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation)
    assert state(company, invoice) == state(company, receipt) == (100, None)
    with pytest.raises(Conflict) as refused, company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation)
    assert refused.value.code == "already_reversed"


def test_the_allocation_of_a_reversal_stands(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "I", MARCH, 100)
    with company.transaction() as db:
        reverse_item(db, company.actor(TODAY), invoice)
        allocation = db.execute(sa.select(Allocation.id).where(Allocation.tenant_id == company.tenant_id)).scalar_one()
    with pytest.raises(RuleBroken) as refused, company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation)
    assert refused.value.code == "reversal_is_final"


def test_a_mistyped_year_freezes_nothing(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 100)
    receipt = books.post(customer, "receipt", "R", MARCH, 100)
    far = date(2062, 11, 20)
    with pytest.raises(RuleBroken) as refused:
        books.allocate(invoice, receipt, 100, far)
    assert (refused.value.code, refused.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    allocation = books.allocate(invoice, receipt, 100, TODAY)
    with pytest.raises(RuleBroken) as back, company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation, effective_on=far)
    assert (back.value.code, back.value.params) == ("effective_in_future", {"until_on": TODAY.isoformat()})
    assert state(company, invoice) == (0, TODAY)


def test_a_receipt_dated_ahead_counts_on_its_own_day_and_is_taken_back_no_earlier(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    ahead = date(2026, 12, 24)
    invoice = books.post(customer, "invoice", "I", MARCH, 100)
    receipt = books.post(customer, "receipt", "R", ahead, 60)
    with pytest.raises(RuleBroken) as later:
        books.allocate(invoice, receipt, 60, ahead + timedelta(days=1))
    assert later.value.params == {"until_on": "2026-12-24"}
    allocation = books.allocate(invoice, receipt, 60, ahead)
    # What is on the invoice already may be reached by the next one.
    other = books.post(customer, "receipt", "R2", MARCH, 40)
    books.allocate(invoice, other, 40, ahead)
    assert state(company, invoice) == (0, ahead)
    with company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation)
    assert state(company, receipt) == (60, None)
    with company.transaction() as db:
        reverse_item(db, company.actor(TODAY), receipt)
    assert state(company, receipt) == (0, ahead)


def test_the_most_that_can_be_allocated_is_the_smaller_of_what_is_open(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 500)
    receipt = books.post(customer, "receipt", "R", MARCH, 300)
    with pytest.raises(Conflict) as refused:
        books.allocate(invoice, receipt, 9999)
    assert refused.value.params == {"document_no": "R", "open_minor": 300, "currency": "CNY"}


def test_an_allocation_takes_effect_on_the_later_date_and_not_before_one_taken_back(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", MARCH, 100)
    receipt = books.post(customer, "receipt", "R", date(2026, 3, 12), 100)
    with pytest.raises(RuleBroken) as early:
        books.allocate(invoice, receipt, 100, MARCH)
    assert early.value.params == {"since_on": "2026-03-12"}
    allocation = books.allocate(invoice, receipt, 100)
    assert state(company, invoice) == (0, date(2026, 3, 12))
    with company.transaction() as db:
        reverse_allocation(db, company.actor(TODAY), allocation, effective_on=date(2026, 4, 5))
    with pytest.raises(RuleBroken):
        books.allocate(invoice, receipt, 100, date(2026, 3, 20))
    books.allocate(invoice, receipt, 100)
    assert state(company, invoice) == (0, date(2026, 4, 5))
