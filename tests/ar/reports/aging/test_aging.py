"""The aging report: boundaries, both ways of counting, totals per currency, and a cost that does not grow."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from openpyxl import load_workbook

from ar.reports.aging.exports import aging_csv, aging_xlsx
from ar.reports.aging.queries import aging_report
from kernel.i18n import use_language
from tests.support.companies import TestCompany
from tests.support.statements import counted
from tests.support.world import TODAY, World, world_of


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
    world: World, days_late: int, bucket: str
) -> None:
    due = TODAY - timedelta(days=days_late)
    world.invoice(world.customer(), number="I", on=due - timedelta(days=10), minor=100, due_on=due)
    with world.reading() as db:
        row = aging_report(db, world.tenant_id, TODAY).rows[0]
    assert {name: minor for name, minor in row.by_bucket().items() if minor} == {bucket: 100}


def test_by_document_date_the_days_count_from_the_document(world: World) -> None:
    world.invoice(
        world.customer(), number="I", on=TODAY - timedelta(days=40), minor=100, due_on=TODAY + timedelta(days=5)
    )
    with world.reading() as db:
        by_due = aging_report(db, world.tenant_id, TODAY, "due").rows[0]
        by_document = aging_report(db, world.tenant_id, TODAY, "invoice").rows[0]
    assert by_due.by_bucket()["not_due"] == by_document.by_bucket()["31-60"] == 100


def test_the_rest_of_a_part_paid_old_invoice_stays_in_its_own_bucket(world: World) -> None:
    customer = world.customer()
    old = world.invoice(customer, number="OLD", on=date(2026, 6, 1), minor=10000)
    world.invoice(customer, number="NEW", on=date(2026, 11, 1), minor=500)
    world.allocate(old, world.receipt(customer, number="R", on=date(2026, 11, 10), minor=4000), minor=4000)
    with world.reading() as db:
        row = aging_report(db, world.tenant_id, TODAY).rows[0]
    assert row.buckets_minor == (500, 0, 0, 0, 6000)
    assert row.unapplied_minor == 0


def test_currencies_are_rows_and_totals_of_their_own(world: World) -> None:
    one, two = world.customer("00002"), world.customer("00010")
    world.invoice(two, number="A", on=date(2026, 11, 1), minor=300)
    world.invoice(one, number="B", on=date(2026, 11, 1), minor=1000, currency="JPY")
    world.invoice(one, number="C", on=date(2026, 11, 1), minor=50)
    world.receipt(one, number="D", on=date(2026, 11, 2), minor=70)
    with world.reading() as db:
        report = aging_report(db, world.tenant_id, TODAY)
    assert [(r.customer_no, r.currency, r.balance_minor, r.unapplied_minor) for r in report.rows] == [
        ("00002", "CNY", -20, 70),
        ("00002", "JPY", 1000, 0),
        ("00010", "CNY", 300, 0),
    ]
    assert [(t.currency, t.balance_minor) for t in report.totals] == [("CNY", 280), ("JPY", 1000)]
    assert [(t.currency, t.ok) for t in report.tie_out] == [("CNY", True), ("JPY", True)]


def test_who_owes_nothing_is_left_out_and_an_empty_book_gives_an_empty_report(world: World) -> None:
    customer = world.customer()
    invoice = world.invoice(customer, number="I", on=date(2026, 11, 1), minor=100)
    world.allocate(invoice, world.receipt(customer, number="R", on=date(2026, 11, 2), minor=100), minor=100)
    with world.reading() as db:
        assert aging_report(db, world.tenant_id, TODAY).rows == ()
        assert aging_report(db, world.tenant_id, date(2020, 1, 1)).totals == ()


def test_the_report_costs_three_statements_whatever_its_size(world: World, engine: sa.Engine) -> None:

    def count_statements() -> int:
        with world.reading() as db, counted(engine) as seen:
            aging_report(db, world.tenant_id, TODAY)
        return len(seen)

    empty = count_statements()
    for n in range(12):
        world.invoice(world.customer(str(n)), number=f"I{n}", on=date(2026, 10, 1), minor=100)
    # Entering the tenant, the rows, and for the tie-out the sums kept of what is posted.
    assert count_statements() == empty == 3


def test_another_companys_debts_are_not_in_it(world: World, other_company: TestCompany) -> None:
    theirs = world_of(other_company)
    theirs.invoice(theirs.customer(), number="I", on=date(2026, 11, 1), minor=100)
    with world.reading() as db:
        report = aging_report(db, world.tenant_id, TODAY)
    assert (report.rows, report.tie_out) == ((), ())


def test_the_command_line_prints_the_agreed_json(world: World) -> None:
    from ar.reports.cli import group

    world.invoice(world.customer("007"), number="I", on=date(2026, 9, 1), minor=12345)
    world.receipt(world.customer("007"), number="R", on=date(2026, 9, 2), minor=345)
    result = CliRunner().invoke(group, ["aging", "--tenant", world.slug, "--as-of", "2026-11-20", "--json"])
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


def test_the_command_line_answers_a_person_and_refuses_nonsense(world: World) -> None:
    from ar.reports.cli import group

    world.invoice(world.customer("007"), number="I", on=date(2026, 9, 1), minor=12345)
    run = CliRunner().invoke
    text = run(group, ["aging", "--tenant", world.slug, "--as-of", "2026-11-20"])
    assert "123.45" in text.output
    assert "ties to the ledger" in text.output
    assert "not_due" in text.output
    by_document = run(group, ["aging", "--tenant", world.slug, "--as-of", "2026-11-20", "--by", "invoice"]).output
    assert "same_day" in by_document
    assert "days since the document date" in by_document
    assert "due" not in by_document
    for nonsense in ("tomorrow", "0001-01-01", "9999-12-31"):
        assert run(group, ["aging", "--tenant", world.slug, "--as-of", nonsense]).exit_code == 2
    absent = run(group, ["aging", "--tenant", "nobody", "--as-of", "2026-11-20", "--json"])
    assert absent.exit_code == 1
    assert json.loads(absent.output)["error"]["code"]


def test_exports_keep_leading_zeros_exact_amounts_and_say_as_of_when(world: World) -> None:
    world.invoice(world.customer("0007"), number="I", on=date(2026, 9, 1), minor=12345)
    with world.reading() as db:
        report = aging_report(db, world.tenant_id, TODAY)
    actor = world.actor(TODAY, name="Lin Xiao")
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


def test_by_document_date_files_name_the_same_day_and_nothing_as_due(world: World) -> None:
    world.invoice(world.customer(), number="I", on=TODAY, minor=100)
    with world.reading() as db:
        by_document = aging_report(db, world.tenant_id, TODAY, "invoice")
        by_due = aging_report(db, world.tenant_id, TODAY)
    with use_language("en"):
        heads = aging_csv(by_document).decode("utf-8-sig").splitlines()[0]
        assert "Same day,1 to 30 days" in heads
        assert "due" not in heads
        assert "Not due" in aging_csv(by_due).decode("utf-8-sig").splitlines()[0]
        sheet = load_workbook(io.BytesIO(aging_xlsx(by_document, world.actor(TODAY)))).active
    assert sheet is not None
    assert "Same day" in [cell.value for cell in sheet[1]]


def test_the_page_by_document_date_says_what_is_counted_and_not_overdue(world: World) -> None:
    world.invoice(world.customer(), number="I", on=date(2026, 9, 1), minor=100)
    client = world.client()
    page = client.get(world.url("/aging/?as_of=2026-11-20&by=invoice")).text
    content = page.split("<main", 1)[1]
    assert "Same day" in content
    assert "days since the document date" in content
    assert "Not due" not in content
    assert "Overdue" not in content
    by_due = client.get(world.url("/aging/?as_of=2026-11-20")).text.split("<main", 1)[1]
    assert "Not due" in by_due
    assert "Overdue" in by_due


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-99", "yesterday"])
def test_a_day_that_is_none_is_said_on_the_page_and_refused_in_a_file(world: World, day: str) -> None:
    client = world.client()
    for name in ("as_of", "on"):
        page = client.get(world.url(f"/aging/?{name}={day}"))
        assert page.status_code == 200
        assert f"“{day}” is not a date; shown as of today." in page.text
        for kind in ("csv", "xlsx"):
            file = client.get(world.url(f"/aging/export.{kind}?{name}={day}"))
            assert file.status_code == 422
            assert f"“{day}” is not a date" in file.text


def test_a_filter_that_fits_nothing_says_so_and_leads_out(world: World) -> None:
    world.invoice(world.customer(), number="I", on=date(2026, 9, 1), minor=100)
    page = world.client().get(world.url("/aging/?as_of=2026-11-20&currency=usd")).text
    assert "Nothing matches these filters as of 2026-11-20." in page
    assert "No customer has an open amount" not in page
    assert f'href="{world.url("/aging/")}?as_of=2026-11-20"' in page
    assert '<option value="CNY">CNY</option>' in page
    assert '<option value="USD" selected>USD</option>' in page
    empty = world.client().get(world.url("/aging/?as_of=2020-01-01")).text
    assert "No customer has an open amount" in empty
