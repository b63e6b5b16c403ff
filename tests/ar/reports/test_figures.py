"""Key figures: the worked example through real books, as of any month, n/a where there is nothing to divide by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ar.bills.inputs import ReceiveBill
from ar.bills.receiving import receive_bill
from ar.ledger.posting import post_entry
from ar.ledger.reversing import reverse_item
from ar.reports.aging import aging_report
from ar.reports.figures import Figures, figures
from kernel.clock import fixed_clock, moment_on
from tests.ar.bills.desk import Desk
from tests.support.books import Books
from tests.support.companies import TestCompany
from tests.support.statements import counted

TODAY = date(2026, 6, 20)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def read(company: TestCompany, from_on: date, to_on: date, currency: str = "CNY") -> Figures:
    with company.reading() as db:
        return figures(db, company.tenant_id, from_on, to_on, currency, "CNY")


@pytest.fixture
def books(company: TestCompany) -> Books:
    """January 450,000, February 350,000, March 400,000 sold; 300,000 paid on 15 March: 900,000 stand."""
    made = Books(company, TODAY)
    one = made.customer()
    first = made.post(one, "invoice", "JAN", date(2026, 1, 5), 450_000_00, due_on=date(2026, 3, 10))
    made.post(one, "invoice", "FEB", date(2026, 2, 5), 350_000_00, due_on=date(2026, 4, 10))
    made.post(one, "invoice", "MAR", date(2026, 3, 5), 400_000_00, due_on=date(2026, 5, 10))
    made.allocate(first, made.post(one, "receipt", "R", date(2026, 3, 15), 300_000_00), 300_000_00)
    return made


def test_the_month_is_worked_out_from_the_books(company: TestCompany, books: Books) -> None:
    f = read(company, *MARCH)
    assert (f.days, f.sales_minor, f.invoiced_minor, f.received_minor) == (31, 400_000_00, 400_000_00, 300_000_00)
    assert (f.start.owed_minor, f.end.owed_minor) == (800_000_00, 900_000_00)
    assert (f.end.current_minor, f.end.overdue_minor) == (750_000_00, 150_000_00)
    assert f.countback == Decimal("69.33")
    assert f.overdue_rate == Decimal("16.67")
    assert f.collection_rate == Decimal("75.00")
    assert f.dso == Decimal("69.75")  # 900 / 400 × 31
    assert f.best_possible == Decimal("58.13")  # 58.125 rounded half up
    assert f.delinquent == Decimal("11.63")  # 11.625 rounded half up
    assert f.effectiveness == Decimal("66.67")  # (800 + 400 − 900) / (800 + 400 − 750)
    assert f.share(f.end.buckets_minor[1]) == Decimal("16.67")


def test_the_same_month_seen_later_says_the_same(company: TestCompany, books: Books) -> None:
    before = read(company, *MARCH)
    customer = books.customer()
    late = books.post(customer, "receipt", "R-APRIL", date(2026, 4, 20), 150_000_00)
    with company.reading() as db:
        jan = aging_report(db, company.tenant_id, date(2026, 4, 30))
    assert jan.totals[0].unapplied_minor == 150_000_00
    books.post(customer, "invoice", "MAY", date(2026, 5, 2), 70_000_00)
    assert read(company, *MARCH) == before
    april = read(company, date(2026, 4, 1), date(2026, 4, 30))
    assert (april.end.owed_minor, april.end.unapplied_minor) == (900_000_00, 150_000_00)
    assert april.sales_minor == 0
    assert (april.dso, april.collection_rate, april.write_off_rate) == (None, None, None)
    assert april.countback == Decimal("99.33")  # April sold nothing: its thirty days count in full
    assert late


def test_reversals_credit_notes_and_refunds_count_against_their_kind(company: TestCompany, books: Books) -> None:
    customer = books.customer()
    wrong = books.post(customer, "invoice", "WRONG", date(2026, 3, 8), 9_000_00)
    books.post(customer, "credit_note", "CN", date(2026, 3, 20), 40_000_00)
    paid = books.post(customer, "receipt", "R2", date(2026, 3, 21), 5_000_00)
    with company.transaction() as db:
        reverse_item(db, company.actor(TODAY), wrong, effective_on=date(2026, 3, 25))
        reverse_item(db, company.actor(TODAY), paid, effective_on=date(2026, 4, 2))
    march, april = read(company, *MARCH), read(company, date(2026, 4, 1), date(2026, 4, 30))
    assert (march.invoiced_minor, march.sales_minor, march.received_minor) == (400_000_00, 360_000_00, 305_000_00)
    assert april.received_minor == -5_000_00
    assert march.end.owed_minor == 900_000_00


def test_nothing_booked_gives_no_figure_at_all(company: TestCompany) -> None:
    f = read(company, *MARCH)
    assert [f.overdue_rate, f.collection_rate, f.dso, f.best_possible, f.delinquent, f.effectiveness] == [None] * 6
    assert (f.allowance_minor, f.allowance_rate, f.write_off_rate) == (0, None, None)
    assert f.countback == Decimal("0.00")
    assert read(company, *MARCH, "USD").allowance_minor is None


def test_claims_by_age_cause_and_pledge(company: TestCompany) -> None:
    books = Books(company, TODAY)
    one = books.customer()
    books.post(one, "opening", "O", date(2025, 3, 30), 100)
    books.post(one, "invoice", "YEAR", date(2025, 3, 31), 20)  # a year ago to the day is not more than a year
    books.post(one, "interest", "I", date(2026, 3, 2), 3)
    books.post(one, "invoice", "USD", date(2026, 3, 2), 999, currency="USD")
    facts = {
        "customer_no": "00001",
        "number": "B-1",
        "kind": "bank",
        "drawer": "甲",
        "acceptor": "工行",
        "payee": "我司",
    }
    days = {"issued_on": date(2026, 2, 1), "matures_on": date(2026, 8, 1), "received_on": date(2026, 3, 3)}
    terms = {"currency": "CNY", "amount": "0.07", "pays": "none", "key": "figures-test-bill"}
    with company.transaction() as db:
        receive_bill(db, company.actor(TODAY), ReceiveBill.model_validate(facts | days | terms))
    f = read(company, *MARCH)
    assert (f.end.owed_minor, f.end.long_minor, f.end.other_minor) == (123, 100, 3)
    assert (f.received_minor, f.pledged_minor) == (7, 0)
    assert f.currencies == ("CNY", "USD")
    assert read(company, *MARCH, "USD").end.owed_minor == 999


def test_a_pledged_bill_counts_from_its_pledge_until_it_is_back(company: TestCompany) -> None:
    desk = Desk(company)
    Books(company, TODAY).customer()
    bill = desk.receive(today=TODAY, pays="none", amount="10.00")
    desk.step(bill, "pledge", date(2026, 5, 4))
    desk.step(bill, "return", date(2026, 6, 10))
    ends = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 20)]
    assert [read(company, end.replace(day=1), end).pledged_minor for end in ends] == [0, 10_00, 0]


def test_allowance_and_write_offs_are_those_of_the_books(company: TestCompany, books: Books) -> None:
    with company.transaction() as db:
        legs = [("bad_debt_expense", "CNY", 90_000_00, 0), ("allowance", "CNY", 0, 90_000_00)]
        post_entry(db, company.actor(TODAY), "provision", date(2026, 3, 31), legs, memo="PV")
    lost = books.post(books.customer(), "bad_debt", "BD", date(2026, 3, 31), 4_000_00)
    march = read(company, *MARCH)
    assert march.allowance_minor == 86_000_00  # the write-off is taken from the allowance
    assert march.allowance_rate == Decimal("9.56")
    assert march.write_off_rate == Decimal("1.00")
    assert read(company, date(2026, 2, 1), date(2026, 2, 28)).allowance_minor == 0
    assert lost


@pytest.mark.parametrize("day", [date(2026, 3, 14), date(2026, 3, 31), date(2026, 5, 31)])
def test_receivables_are_those_of_the_aging_report(company: TestCompany, books: Books, day: date) -> None:
    f = read(company, day.replace(day=1), day)
    with company.reading() as db:
        (total,) = aging_report(db, company.tenant_id, day).totals
    assert f.end.buckets_minor == total.buckets_minor
    assert f.end.owed_minor - f.end.unapplied_minor == total.balance_minor


def test_the_cost_does_not_grow(company: TestCompany, engine: sa.Engine) -> None:
    books = Books(company, TODAY)
    spent = []
    for customers in (1, 4):
        for number in range(customers):
            one = books.customer(f"{customers}{number}", f"客户{customers}{number}")
            books.post(one, "invoice", f"I{customers}{number}", MARCH[0] + timedelta(days=number), 100)
        with counted(engine) as seen:
            read(company, *MARCH)
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 6


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Key figures", "Overdue rate", "69.33 days", "n/a"]), ("zh_CN", ["69.33", "16.67%"])],
)
def test_the_page_shows_each_figure_with_its_formula(
    company: TestCompany, books: Books, language: str, words: list[str]
) -> None:
    client = company.client("salesperson", language)
    with fixed_clock(moment_on(TODAY, company.timezone)):
        page = client.get(company.url("/figures/?month=2026-03&currency=cny"))
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        for word in words:
            assert word in text
        assert "300,000.00 ÷ 400,000.00" in text
        assert "month=2026-04" in text
        for bad in ("2026-13", "2026-07", "0001-01", "x"):
            running = client.get(company.url(f"/figures/?month={bad}"))
            assert running.status_code == 200
            assert 'value="2026-06"' in running.get_data(as_text=True)
        for code in ("ZZZ", "%3Cx%3E", "1"):
            unknown = client.get(company.url(f"/figures/?month=2026-03&currency={code}"))
            assert unknown.status_code == 200, code


def test_who_may_not_read_the_books_does_not_see_the_figures(company: TestCompany) -> None:
    assert company.client("driver").get(company.url("/figures/")).status_code == 403
