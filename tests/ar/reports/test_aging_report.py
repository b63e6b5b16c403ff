"""The aging report: boundaries, both ways of counting, totals per currency, and a cost that does not grow."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from openpyxl import load_workbook

from ar.reports.aging import aging_report
from ar.reports.exports import aging_csv, aging_xlsx
from kernel.i18n import use_language
from tests.support.books import TODAY, Books
from tests.support.companies import TestCompany
from tests.support.statements import counted


@pytest.mark.parametrize(
    ("days_late", "bucket"),
    [
        (0, "not_due"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, ">90"),
    ],
)
def test_due_today_is_not_due_and_boundaries_belong_to_the_younger_side(
    company: TestCompany, days_late: int, bucket: str
) -> None:
    books = Books(company)
    due = TODAY - timedelta(days=days_late)
    books.post(books.customer(), "invoice", "I", due - timedelta(days=10), 100, due_on=due)
    with company.reading() as db:
        row = aging_report(db, company.tenant_id, TODAY).rows[0]
    assert {name: minor for name, minor in row.by_bucket().items() if minor} == {bucket: 100}


def test_by_document_date_the_days_count_from_the_document(company: TestCompany) -> None:
    books = Books(company)
    books.post(books.customer(), "invoice", "I", TODAY - timedelta(days=40), 100, due_on=TODAY + timedelta(days=5))
    with company.reading() as db:
        by_due = aging_report(db, company.tenant_id, TODAY, "due").rows[0]
        by_document = aging_report(db, company.tenant_id, TODAY, "invoice").rows[0]
    assert by_due.by_bucket()["not_due"] == by_document.by_bucket()["31-60"] == 100


def test_the_rest_of_a_part_paid_old_invoice_stays_in_its_own_bucket(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    old = books.post(customer, "invoice", "OLD", date(2026, 6, 1), 10000)
    books.post(customer, "invoice", "NEW", date(2026, 11, 1), 500)
    books.allocate(old, books.post(customer, "receipt", "R", date(2026, 11, 10), 4000), 4000)
    with company.reading() as db:
        row = aging_report(db, company.tenant_id, TODAY).rows[0]
    assert row.buckets_minor == (500, 0, 0, 0, 6000)
    assert row.unapplied_minor == 0


def test_currencies_are_rows_and_totals_of_their_own(company: TestCompany) -> None:
    books = Books(company)
    one, two = books.customer("00002"), books.customer("00010")
    books.post(two, "invoice", "A", date(2026, 11, 1), 300)
    books.post(one, "invoice", "B", date(2026, 11, 1), 1000, currency="JPY")
    books.post(one, "invoice", "C", date(2026, 11, 1), 50)
    books.post(one, "receipt", "D", date(2026, 11, 2), 70)
    with company.reading() as db:
        report = aging_report(db, company.tenant_id, TODAY)
    assert [(r.customer_no, r.currency, r.balance_minor, r.unapplied_minor) for r in report.rows] == [
        ("00002", "CNY", -20, 70),
        ("00002", "JPY", 1000, 0),
        ("00010", "CNY", 300, 0),
    ]
    assert [(t.currency, t.balance_minor) for t in report.totals] == [("CNY", 280), ("JPY", 1000)]
    assert [(t.currency, t.ok) for t in report.tie_out] == [("CNY", True), ("JPY", True)]


def test_who_owes_nothing_is_left_out_and_an_empty_book_gives_an_empty_report(company: TestCompany) -> None:
    books = Books(company)
    customer = books.customer()
    invoice = books.post(customer, "invoice", "I", date(2026, 11, 1), 100)
    books.allocate(invoice, books.post(customer, "receipt", "R", date(2026, 11, 2), 100), 100)
    with company.reading() as db:
        assert aging_report(db, company.tenant_id, TODAY).rows == ()
        assert aging_report(db, company.tenant_id, date(2020, 1, 1)).totals == ()


def test_the_report_costs_three_statements_whatever_its_size(company: TestCompany, engine: sa.Engine) -> None:
    books = Books(company)

    def statements() -> int:
        with company.reading() as db, counted(engine) as seen:
            aging_report(db, company.tenant_id, TODAY)
        return len(seen)

    empty = statements()
    for n in range(12):
        books.post(books.customer(str(n)), "invoice", f"I{n}", date(2026, 10, 1), 100)
    # Entering the tenant, the rows, and for the tie-out what a lock keeps and what came after.
    assert statements() == empty == 4


def test_another_companys_debts_are_not_in_it(company: TestCompany, other_company: TestCompany) -> None:
    theirs = Books(other_company)
    theirs.post(theirs.customer(), "invoice", "I", date(2026, 11, 1), 100)
    with company.reading() as db:
        report = aging_report(db, company.tenant_id, TODAY)
    assert (report.rows, report.tie_out) == ((), ())


def test_the_command_line_prints_the_agreed_json(company: TestCompany) -> None:
    from ar.reports.cli import group

    books = Books(company)
    books.post(books.customer("007"), "invoice", "I", date(2026, 9, 1), 12345)
    books.post(books.customer("007"), "receipt", "R", date(2026, 9, 2), 345)
    result = CliRunner().invoke(group, ["aging", "--tenant", company.slug, "--as-of", "2026-11-20", "--json"])
    assert result.exit_code == 0, result.output
    amounts = {
        "buckets_minor": {"not_due": 0, "1-30": 0, "31-60": 12345, "61-90": 0, ">90": 0},
        "currency": "CNY",
        "unapplied_minor": 345,
        "balance_minor": 12000,
    }
    assert json.loads(result.output) == {
        "as_of": "2026-11-20",
        "by": "due",
        "rows": [{"customer_no": "007", **amounts}],
        "totals": [amounts],
    }


def test_the_command_line_answers_a_person_and_refuses_nonsense(company: TestCompany) -> None:
    from ar.reports.cli import group

    books = Books(company)
    books.post(books.customer("007"), "invoice", "I", date(2026, 9, 1), 12345)
    run = CliRunner().invoke
    text = run(group, ["aging", "--tenant", company.slug, "--as-of", "2026-11-20"])
    assert "123.45" in text.output
    assert "ties to the ledger" in text.output
    assert "not_due" in text.output
    by_document = run(group, ["aging", "--tenant", company.slug, "--as-of", "2026-11-20", "--by", "invoice"]).output
    assert "same_day" in by_document
    assert "days since the document date" in by_document
    assert "due" not in by_document
    for nonsense in ("tomorrow", "0001-01-01", "9999-12-31"):
        assert run(group, ["aging", "--tenant", company.slug, "--as-of", nonsense]).exit_code == 2
    absent = run(group, ["aging", "--tenant", "nobody", "--as-of", "2026-11-20", "--json"])
    assert absent.exit_code == 1
    assert json.loads(absent.output)["error"]["code"]


def test_exports_keep_leading_zeros_exact_amounts_and_say_as_of_when(company: TestCompany) -> None:
    books = Books(company)
    books.post(books.customer("0007"), "invoice", "I", date(2026, 9, 1), 12345)
    with company.reading() as db:
        report = aging_report(db, company.tenant_id, TODAY)
    actor = company.actor(TODAY, name="Lin Xiao")
    sheet = load_workbook(io.BytesIO(aging_xlsx(report, actor))).active
    assert sheet is not None
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[1][0] == "0007"
    assert float(str(rows[1][-1])) == 123.45
    footer = " ".join(str(row[0]) for row in rows[3:])
    assert "2026-11-20" in footer
    assert "Lin Xiao" in footer
    assert "2026-11-20" in sheet.title
    text = aging_csv(report).decode("utf-8-sig").splitlines()
    assert len(text) == 1 + len(report.named)
    assert text[1].startswith("0007,")
    assert text[1].endswith(",123.45")


def test_by_document_date_files_name_the_same_day_and_nothing_as_due(company: TestCompany) -> None:
    books = Books(company)
    books.post(books.customer(), "invoice", "I", TODAY, 100)
    with company.reading() as db:
        by_document = aging_report(db, company.tenant_id, TODAY, "invoice")
        by_due = aging_report(db, company.tenant_id, TODAY)
    with use_language("en"):
        heads = aging_csv(by_document).decode("utf-8-sig").splitlines()[0]
        assert "Same day,1 to 30 days" in heads
        assert "due" not in heads
        assert "Not due" in aging_csv(by_due).decode("utf-8-sig").splitlines()[0]
        sheet = load_workbook(io.BytesIO(aging_xlsx(by_document, company.actor(TODAY)))).active
    assert sheet is not None
    assert "Same day" in [cell.value for cell in sheet[1]]


def test_the_page_by_document_date_says_what_is_counted_and_not_overdue(company: TestCompany) -> None:
    books = Books(company)
    books.post(books.customer(), "invoice", "I", date(2026, 9, 1), 100)
    client = company.client()
    page = client.get(company.url("/aging/?as_of=2026-11-20&by=invoice")).text
    content = page.split("<main", 1)[1]
    assert "Same day" in content
    assert "days since the document date" in content
    assert "Not due" not in content
    assert "Overdue" not in content
    by_due = client.get(company.url("/aging/?as_of=2026-11-20")).text.split("<main", 1)[1]
    assert "Not due" in by_due
    assert "Overdue" in by_due


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-99", "yesterday"])
def test_a_day_that_is_none_is_said_on_the_page_and_refused_in_a_file(company: TestCompany, day: str) -> None:
    client = company.client()
    for name in ("as_of", "on"):
        page = client.get(company.url(f"/aging/?{name}={day}"))
        assert page.status_code == 200
        assert f"“{day}” is no date; shown as of today." in page.text
        for kind in ("csv", "xlsx"):
            file = client.get(company.url(f"/aging/export.{kind}?{name}={day}"))
            assert file.status_code == 422
            assert f"“{day}” is not a date" in file.text


def test_a_filter_that_fits_nothing_says_so_and_leads_out(company: TestCompany) -> None:
    books = Books(company)
    books.post(books.customer(), "invoice", "I", date(2026, 9, 1), 100)
    page = company.client().get(company.url("/aging/?as_of=2026-11-20&currency=usd")).text
    assert "Nothing fits these filters as of 2026-11-20." in page
    assert "No customer has an open amount" not in page
    assert f'href="{company.url("/aging/")}?as_of=2026-11-20"' in page
    assert '<option value="CNY">CNY</option>' in page
    assert '<option value="USD" selected>USD</option>' in page
    empty = company.client().get(company.url("/aging/?as_of=2020-01-01")).text
    assert "No customer has an open amount" in empty
