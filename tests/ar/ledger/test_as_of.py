"""As of a date: a closed month never changes, future documents wait, and doctor names what was tampered with."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.allocation import reverse_allocation
from ar.ledger.doctor import ledger_checks
from ar.ledger.models import OpenItem
from ar.ledger.queries import balance_at, movements, open_items, posted_balances
from ar.ledger.reversing import reverse_item
from ar.reports.aging import aging_report
from tests.support.books import Books
from tests.support.companies import TestCompany

END_OF_MARCH = date(2026, 3, 31)


def opened(company: TestCompany, as_of: date) -> dict[str, int]:
    with company.reading() as db:
        return {item.document_no: item.signed_open_minor for item in open_items(db, company.tenant_id, as_of=as_of)}


def test_a_receipt_reversed_in_april_leaves_march_as_it_was(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 3, 1), 10000)
    receipt = books.post(customer, "receipt", "R", date(2026, 3, 12), 10000)
    allocation = books.allocate(invoice, receipt, 10000)
    with company.reading() as db:
        before = aging_report(db, company.tenant_id, END_OF_MARCH)
    april = date(2026, 4, 5)
    with company.transaction() as db:
        reverse_allocation(db, company.actor(april), allocation)
        reverse_item(db, company.actor(april), receipt)
    with company.reading() as db:
        assert aging_report(db, company.tenant_id, END_OF_MARCH) == before
    assert opened(company, END_OF_MARCH) == {}
    assert opened(company, april) == {"I": 10000}


def test_a_january_receipt_allocated_in_march_stays_unapplied_in_january(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 1, 2), 10000)
    receipt = books.post(customer, "receipt", "R", date(2026, 1, 20), 10000)
    before = opened(company, date(2026, 1, 31))
    books.allocate(invoice, receipt, 10000, date(2026, 3, 10))
    assert opened(company, date(2026, 1, 31)) == before == {"I": 10000, "R": -10000}
    assert opened(company, date(2026, 3, 10)) == {}


def test_a_receipt_before_its_invoice_is_an_unapplied_credit_in_between(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    receipt = books.post(customer, "receipt", "R", date(2026, 3, 1), 10000)
    invoice = books.post(customer, "invoice", "I", date(2026, 3, 20), 10000)
    books.allocate(invoice, receipt, 10000)
    with company.reading() as db:
        report = aging_report(db, company.tenant_id, date(2026, 3, 10))
    assert [(row.unapplied_minor, row.balance_minor) for row in report.rows] == [(10000, -10000)]
    assert all(tie.ok for tie in report.tie_out)
    assert opened(company, date(2026, 3, 20)) == {}


def test_a_receipt_of_tomorrow_counts_tomorrow(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 11, 1), 10000)
    receipt = books.post(customer, "receipt", "R", date(2026, 11, 21), 10000)
    books.allocate(invoice, receipt, 10000)
    with company.reading() as db:
        today = balance_at(db, company.tenant_id, customer, "CNY", date(2026, 11, 20))
        tomorrow = balance_at(db, company.tenant_id, customer, "CNY", date(2026, 11, 21))
    assert (today, tomorrow) == (10000, 0)


def test_a_credit_note_after_full_payment_is_an_unapplied_credit(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 3, 1), 10000)
    books.allocate(invoice, books.post(customer, "receipt", "R", date(2026, 3, 5), 10000), 10000)
    books.post(customer, "credit_note", "C", date(2026, 3, 9), 2500)
    assert opened(company, date(2026, 3, 9)) == {"C": -2500}


def test_a_statement_of_march_shows_the_invoice_paid_in_april_as_open(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 3, 3), 10000)
    receipt = books.post(customer, "receipt", "R", date(2026, 4, 2), 10000)
    books.allocate(invoice, receipt, 10000)
    with company.reading() as db:
        lines = movements(db, company.tenant_id, customer, "CNY", date(2026, 3, 1), END_OF_MARCH)
        closing = balance_at(db, company.tenant_id, customer, "CNY", END_OF_MARCH)
        posted = posted_balances(db, company.tenant_id, END_OF_MARCH, customer_id=customer)
    assert [(line.document_no, line.side, line.amount_minor) for line in lines] == [("I", 1, 10000)]
    assert closing == posted["CNY"] == 10000
    assert opened(company, END_OF_MARCH) == {"I": 10000}


def test_a_document_reversed_within_the_month_is_not_on_its_statement(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    wrong = books.post(customer, "invoice", "WRONG", date(2026, 3, 3), 10000)
    books.post(customer, "invoice", "RIGHT", date(2026, 3, 4), 9000)
    with company.transaction() as db:
        reverse_item(db, company.actor(date(2026, 3, 5)), wrong)

    def numbers(first: date, last: date) -> list[str]:
        with company.reading() as db:
            return [m.document_no for m in movements(db, company.tenant_id, customer, "CNY", first, last)]

    assert numbers(date(2026, 3, 1), END_OF_MARCH) == ["RIGHT"]
    assert numbers(date(2026, 3, 1), date(2026, 3, 4)) == ["WRONG", "RIGHT"]
    assert numbers(date(2026, 3, 5), END_OF_MARCH) == ["REV-2026-000001"]


def failing(db: Session, company: TestCompany) -> dict[str, str]:
    return {check.name: check.detail for check in ledger_checks(db, company.tenant_id) if not check.ok}


def test_doctor_finds_sound_books_sound(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 3, 1), 10000)
    receipt = books.post(customer, "receipt", "R", date(2026, 3, 5), 4000)
    allocation = books.allocate(invoice, receipt, 4000)
    with company.transaction() as db:
        reverse_allocation(db, company.actor(date(2026, 4, 1)), allocation)
        reverse_item(db, company.actor(date(2026, 4, 1)), receipt)
    with company.reading() as db:
        assert failing(db, company) == {}


def test_doctor_names_a_tampered_open_amount_and_leaves_it(company: TestCompany) -> None:
    books = Books(company)
    invoice = books.post(books.customer(), "invoice", "INV-7", date(2026, 3, 1), 10000)
    with company.transaction() as db:
        db.execute(
            sa.update(OpenItem)
            .where(OpenItem.tenant_id == company.tenant_id, OpenItem.id == invoice)
            .values(open_minor=1)
        )
    with company.reading() as db:
        assert failing(db, company) == {"ledger: open amounts equal amounts less allocations": "INV-7"}
    assert opened(company, date(2026, 3, 1)) == {"INV-7": 1}
