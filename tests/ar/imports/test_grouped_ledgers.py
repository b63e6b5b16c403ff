"""Ledgers with groups, sides, short years and payments without a number come in with what their closing lines say."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ar.customers.models import Customer
from ar.imports.inputs import ImportFile, Report
from ar.imports.pipeline import run_import
from ar.imports.reading import Reading, decide_reading
from ar.ledger.models import OpenItem
from kernel.sheets.mapping import ColumnMapping
from tests.ar.imports.files import TODAY, csv_file, import_file
from tests.ar.imports.grouped_ledgers import LEDGERS
from tests.support.world import World

OWED = {"invoice": 1, "debit_note": 1, "credit_note": -1, "receipt": -1}
KNOWN = csv_file("customer_no,name", "100017,Mueller GmbH", "100018,Maier AG")


def read_and_import(world: World, content: bytes, currency: str = "CNY") -> tuple[Reading, Report]:
    """Decides how a file is read and applies it so, taking what is suggested for an answer."""
    file = ImportFile("open-items", "export.csv", content)
    with world.transaction() as db:
        reading = decide_reading(db, world.tenant_id, file, currency, TODAY)
        return reading, run_import(db, world.actor(TODAY), replace(file, mapping=reading.mapping), apply=True)


def owed_and_customers(world: World) -> tuple[dict[str, int], dict[str, int]]:
    """Returns currency → what is still owed less open credits, and customer number → open documents."""
    i, c = OpenItem, Customer
    query = sa.select(c.number, i.kind, i.currency, i.open_minor).where(
        i.tenant_id == world.tenant_id, c.tenant_id == i.tenant_id, c.id == i.customer_id, i.open_minor != 0
    )
    owed: Counter[str] = Counter()
    customers: Counter[str] = Counter()
    with world.reading() as db:
        for number, kind, currency, minor in db.execute(query):
            owed[currency] += OWED[kind] * minor
            customers[number] += 1
    return dict(owed), dict(customers)


@pytest.mark.parametrize("system", LEDGERS)
def test_a_ledger_comes_in_with_the_sum_of_its_closing_line_and_again_unchanged(world: World, system: str) -> None:
    ledger = LEDGERS[system]
    import_file(world, "customers", KNOWN) if "Mueller" in ledger.text or "S/4" in system else None
    reading, report = read_and_import(world, ledger.text.encode(), ledger.home)
    assert (sorted(each.code for each in reading.questions), report.errors) == (sorted(ledger.asked), [])
    assert owed_and_customers(world) == (ledger.owed, ledger.customers)
    assert "closing_differs" not in [each.code for each in report.warning_groups]
    again = read_and_import(world, ledger.text.encode(), ledger.home)[1]
    assert (again.errors, again.created, again.unchanged) == ([], 0, report.created)


HEADERS = "customer_no,customer_name,document_no,kind,document_date,due_date,currency,amount"


def test_payments_without_a_number_get_one_of_ours_that_does_not_depend_on_their_order(world: World) -> None:
    rows = [
        "1,A,,receipt,2026-11-01,,CNY,50",
        "1,A,,receipt,2026-11-01,,CNY,70",
        "2,B,,payment,2026-11-01,,CNY,50",
    ]
    report = import_file(world, "open-items", csv_file(HEADERS, *rows))
    assert (report.errors, report.created) == ([], 3)
    assert [(each.code, each.findings) for each in report.warning_groups] == [("number_given", 3)]
    again = import_file(world, "open-items", csv_file(HEADERS, *reversed(rows)))
    assert (again.errors, again.created, again.unchanged) == ([], 0, 3)


def test_a_payment_without_a_number_of_which_less_is_left_is_known_again_and_not_posted_twice(world: World) -> None:
    import_file(world, "open-items", csv_file(HEADERS, "1,A,,receipt,2026-11-01,,CNY,50"))
    again = import_file(world, "open-items", csv_file(HEADERS, "1,A,,receipt,2026-11-01,,CNY,30"))
    assert [(each.column, each.code) for each in again.errors] == [("amount", "document_differs")]


def test_an_invoice_without_a_number_is_an_error_unless_the_mapping_gives_one(world: World) -> None:
    content = csv_file(HEADERS, "1,A,,invoice,2026-11-01,,CNY,50")
    refused = import_file(world, "open-items", content)
    assert [(each.column, each.code) for each in refused.errors] == [("document_no", "value_missing")]
    assert import_file(world, "open-items", content, mapping=ColumnMapping(unnumbered="all")).created == 1


def test_an_empty_currency_is_the_companys_own_and_said(world: World) -> None:
    rows = ["1,A,I-1,invoice,2026-11-01,,,50", "1,A,I-2,invoice,2026-11-01,,EUR,70"]
    reading, report = read_and_import(world, csv_file(HEADERS, *rows))
    assert (reading.questions, report.errors) == ([], [])
    assert [(each.code, each.rows, each.params) for each in report.warning_groups] == [
        ("currency_assumed", [2], {"currency": "CNY"})
    ]
    assert owed_and_customers(world)[0] == {"CNY": 50_00, "EUR": 70_00}


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (("31/12/26", "01/11/26"), "dmy"),
        (("12/31/26", "11/01/26"), "mdy"),
        (("26/11/03", "26/11/14"), "ymd"),
        (("03.11.26", "04.11.26"), "dmy"),
        (("03/11/26", "04/11/26"), None),
    ],
)
def test_years_of_two_digits_are_read_where_one_order_fits_and_asked_else(
    world: World, days: tuple[str, ...], order: str | None
) -> None:
    rows = [f"1,A,I-{at},invoice,{day},,CNY,50" for at, day in enumerate(days)]
    with world.reading() as db:
        file = ImportFile("open-items", "x.csv", csv_file(HEADERS, *rows))
        reading = decide_reading(db, world.tenant_id, file, "CNY", TODAY)
    assert reading.mapping.date_order == order
    assert [each.code for each in reading.questions] == ([] if order else ["date_order_doubtful"])


WORDS = ("小计", "合计", "总计", "本页合计", "累计", "Total", "Subtotal", "Sum", "Summe", "Zwischensumme")


def test_the_word_of_a_sum_in_any_column_makes_a_total_and_a_customer_of_that_name_does_not(world: World) -> None:
    for word in WORDS:
        for place in range(4):
            subtotal = ["1", "A", "", "", "", "", "CNY", "50"]
            subtotal[place] = word
            sums = ",".join(subtotal)
            closing = ",".join(word if at == place else "" for at in range(7)) + ",57"
            rows = ["1,A,I-1,invoice,2026-11-01,,CNY,50", sums, f"2,{word},I-2,invoice,2026-11-02,,CNY,7", closing]
            report = import_file(world, "open-items", csv_file(HEADERS, *rows), apply=False)
            seen = (report.errors, report.created, [(each.code, each.rows) for each in report.passed_over])
            assert seen == ([], 2, [("total", [3, 5])]), (word, place)


def test_a_subtotal_named_after_its_group_is_passed_over(world: World) -> None:
    for label in ("Kunde AG Total", "Kunde AG 汇总", "Summe Kunde AG", "Kunde AG Ergebnis", "Total Kunde AG"):
        rows = ["1,Kunde AG,I-1,invoice,2026-11-01,,CNY,50", f",{label},,,,,,50", "2,B,I-2,invoice,2026-11-02,,CNY,7"]
        report = import_file(world, "open-items", csv_file(HEADERS, *rows), apply=False)
        assert (report.errors, report.created) == ([], 2), label


def test_a_closing_line_that_says_another_sum_is_named(world: World) -> None:
    rows = ["1,A,I-1,invoice,2026-11-01,,CNY,50", "1,A,C-1,credit_note,2026-11-01,,CNY,20", "Total,,,,,,CNY,31.00"]
    report = import_file(world, "open-items", csv_file(HEADERS, *rows), apply=False)
    assert [(each.code, each.row, each.params["found"], each.params["read"]) for each in report.warnings] == [
        ("closing_differs", 4, "31.00", "30.00")
    ]


def workbook(
    rows: Sequence[Sequence[object]], *, merged: Sequence[str] = (), cover: str = "", mac: bool = False
) -> bytes:
    """A workbook as a spreadsheet saves it: `merged` cells, a `cover` sheet before it, days counted from 1904."""
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    if cover:
        book.create_sheet("Cover", 0).append([cover])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


HEADER = HEADERS.split(",")
FIRST = ["1", "A", "I-1", "invoice", date(2026, 11, 3), "", "CNY", 50.5]


@pytest.mark.parametrize(
    ("content", "asked", "minor"),
    [
        (workbook([HEADER, [*FIRST[:4], 44867, *FIRST[5:]]], mac=True), [], 50_50),
        (workbook([HEADER, FIRST], mac=True), [], 50_50),
        (workbook([HEADER, FIRST], cover="Exported by the old system"), [], 50_50),
        (
            workbook([HEADER, FIRST, ["", "", "I-2", *FIRST[3:]]], merged=["A2:A3", "B2:B3"]),
            ["customers_carried"],
            101_00,
        ),
    ],
    ids=["number of a day since 1904", "day since 1904", "cover sheet", "merged cells"],
)
def test_a_workbook_as_a_spreadsheet_saves_it_comes_in(
    world: World, content: bytes, asked: list[str], minor: int
) -> None:
    reading, report = read_and_import(world, content)
    assert ([each.code for each in reading.questions], report.errors) == (asked, [])
    assert owed_and_customers(world)[0] == {"CNY": minor}
    with world.reading() as db:
        days = db.execute(sa.select(OpenItem.document_on).where(OpenItem.tenant_id == world.tenant_id)).scalars()
        assert set(days) == {date(2026, 11, 3)}
