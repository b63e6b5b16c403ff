"""As of a date: a closed month never changes, future documents wait, and doctor names what was tampered with."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.queries import balance_at, movements, open_items, posted_balances
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.models import OpenItem
from ar.reports.aging.queries import aging_report
from tests.support.world import World

END_OF_MARCH = date(2026, 3, 31)


def open_by_number(world: World, as_of: date) -> dict[str, int]:
    with world.reading() as db:
        return {item.document_no: item.signed_open_minor for item in open_items(db, world.tenant_id, as_of=as_of)}


def test_a_receipt_reversed_in_april_leaves_march_as_it_was(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 12), minor=10000)
    allocation = world.allocate(invoice, receipt, minor=10000)
    with world.reading() as db:
        before = aging_report(db, world.tenant_id, END_OF_MARCH)
    april = date(2026, 4, 5)
    with world.transaction() as db:
        reverse_allocation(db, world.actor(april), allocation)
        reverse_item(db, world.actor(april), receipt)
    with world.reading() as db:
        assert aging_report(db, world.tenant_id, END_OF_MARCH) == before
    assert open_by_number(world, END_OF_MARCH) == {}
    assert open_by_number(world, april) == {"I": 10000}


def test_a_january_receipt_allocated_in_march_stays_unapplied_in_january(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 1, 2), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 1, 20), minor=10000)
    before = open_by_number(world, date(2026, 1, 31))
    world.allocate(invoice, receipt, minor=10000, on=date(2026, 3, 10))
    assert open_by_number(world, date(2026, 1, 31)) == before == {"I": 10000, "R": -10000}
    assert open_by_number(world, date(2026, 3, 10)) == {}


def test_a_receipt_before_its_invoice_is_an_unapplied_credit_in_between(world: World) -> None:
    customer = world.customer()
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 1), minor=10000)
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 20), minor=10000)
    world.allocate(invoice, receipt, minor=10000)
    with world.reading() as db:
        report = aging_report(db, world.tenant_id, date(2026, 3, 10))
    assert [(row.unapplied_minor, row.balance_minor) for row in report.rows] == [(10000, -10000)]
    assert all(tie.ok for tie in report.tie_out)
    assert open_by_number(world, date(2026, 3, 20)) == {}


def test_a_receipt_of_tomorrow_counts_tomorrow(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 11, 1), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 11, 21), minor=10000)
    world.allocate(invoice, receipt, minor=10000)
    with world.reading() as db:
        today = balance_at(db, world.tenant_id, customer, "CNY", date(2026, 11, 20))
        tomorrow = balance_at(db, world.tenant_id, customer, "CNY", date(2026, 11, 21))
    assert (today, tomorrow) == (10000, 0)


def test_a_credit_note_after_full_payment_is_an_unapplied_credit(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    world.allocate(invoice, world.receipt(customer, number="R", on=date(2026, 3, 5), minor=10000), minor=10000)
    world.credit_note(customer, number="C", on=date(2026, 3, 9), minor=2500)
    assert open_by_number(world, date(2026, 3, 9)) == {"C": -2500}


def test_a_statement_of_march_shows_the_invoice_paid_in_april_as_open(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 3), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 4, 2), minor=10000)
    world.allocate(invoice, receipt, minor=10000)
    with world.reading() as db:
        lines = movements(db, world.tenant_id, customer, "CNY", date(2026, 3, 1), END_OF_MARCH)
        closing = balance_at(db, world.tenant_id, customer, "CNY", END_OF_MARCH)
        posted = posted_balances(db, world.tenant_id, END_OF_MARCH, customer_id=customer)
    assert [(line.document_no, line.side * line.amount_minor) for line in lines] == [("I", 10000)]
    assert closing == posted["CNY"] == 10000
    assert open_by_number(world, END_OF_MARCH) == {"I": 10000}


def test_a_document_reversed_within_the_month_is_not_on_its_statement(world: World) -> None:
    customer = world.customer()
    wrong = world.invoice(customer, number="WRONG", on=date(2026, 3, 3), minor=10000)
    world.invoice(customer, number="RIGHT", on=date(2026, 3, 4), minor=9000)
    with world.transaction() as db:
        reverse_item(db, world.actor(date(2026, 3, 5)), wrong)

    def numbers(first: date, last: date) -> list[str]:
        with world.reading() as db:
            return [m.document_no for m in movements(db, world.tenant_id, customer, "CNY", first, last)]

    assert numbers(date(2026, 3, 1), END_OF_MARCH) == ["RIGHT"]
    assert numbers(date(2026, 3, 1), date(2026, 3, 4)) == ["WRONG", "RIGHT"]
    assert numbers(date(2026, 3, 5), END_OF_MARCH) == ["REV-2026-000001"]


def findings(db: Session, world: World) -> dict[str, str]:
    return {check.name: check.detail for check in ledger_checks(db, world.tenant_id) if not check.ok}


def test_doctor_finds_sound_books_sound(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 3, 1), minor=10000)
    receipt = world.receipt(customer, number="R", on=date(2026, 3, 5), minor=4000)
    allocation = world.allocate(invoice, receipt, minor=4000)
    with world.transaction() as db:
        reverse_allocation(db, world.actor(date(2026, 4, 1)), allocation)
        reverse_item(db, world.actor(date(2026, 4, 1)), receipt)
    with world.reading() as db:
        assert findings(db, world) == {}


def test_doctor_names_a_tampered_open_amount_and_leaves_it(world: World) -> None:
    invoice = world.invoice(world.customer(), number="INV-7", on=date(2026, 3, 1), minor=10000)
    with world.transaction() as db:
        db.execute(
            sa.update(OpenItem)
            .where(OpenItem.tenant_id == world.tenant_id, OpenItem.id == invoice)
            .values(open_minor=1)
        )
    with world.reading() as db:
        assert findings(db, world) == {"ledger: open amounts equal amounts less allocations": "INV-7"}
    assert open_by_number(world, date(2026, 3, 1)) == {"INV-7": 1}
