"""Tables: what people really upload is read as they see it, what is dangerous is refused, exports open right."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from kernel.money import Money
from kernel.sheets import (
    MAX_UPLOAD_BYTES,
    BadDate,
    Cell,
    Column,
    DateOrder,
    Row,
    Sheet,
    TableRefused,
    open_table,
    parse_date,
    parsing,
    write_csv,
    write_xlsx,
)

NAMES = {"customer_no", "客户编号", "name", "客户名称", "amount", "金额"}
CHINESE = '客户编号,客户名称,金额\r\n00123,深圳市鑫晟电子有限公司,"1,234.50"\r\n'


def workbook(rows: Sequence[Sequence[str | int | float | date | None]], *, lead: int = 0) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for at, row in enumerate(rows, start=1 + lead):
        for column, value in enumerate(row, start=1):
            page.cell(at, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str) -> None:
    text = f"客户编号{delimiter}客户名称{delimiter}金额\n00123{delimiter}华芯电子{delimiter}100\n"
    table = open_table(text.encode(encoding), "客户.csv", NAMES)
    assert table.headers == ["客户编号", "客户名称", "金额"]
    assert list(table.rows()) == [Row(2, ["00123", "华芯电子", "100"])]
    assert table.delimiter == delimiter


def test_leading_noughts_and_quoted_commas_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CHINESE.encode("gb18030"))
    assert list(open_table(path, "a.csv", NAMES).rows()) == [Row(2, ["00123", "深圳市鑫晟电子有限公司", "1,234.50"])]
    excel_habit = b'customer_no,name\n="00123",Acme\n'
    assert next(open_table(excel_habit, "a.csv", NAMES).rows()).cells == ["00123", "Acme"]


def test_title_rows_are_skipped_empty_rows_left_out_and_numbers_are_those_of_the_file() -> None:
    text = "应收账款明细表,,\n期间：2026年11月,,\n\n客户编号,客户名称,金额\n001,甲,1\n,,\n002,乙\n合计,,1\n"
    table = open_table(text.encode(), "k.csv", NAMES)
    assert table.header_row == 4
    assert list(table.rows()) == [
        Row(5, ["001", "甲", "1"]),
        Row(7, ["002", "乙", ""]),
        Row(8, ["合计", "", "1"], "total"),
    ]


def test_a_total_is_only_a_total_at_the_end() -> None:
    text = "customer_no,name,amount\nTotal,Total Oil Ltd,1\n002,b,2\nTotal:,,3\n"
    flags = [row.is_total for row in open_table(text.encode(), "k.csv", NAMES).rows()]
    assert flags == [False, False, True]


def test_the_header_may_be_known_by_a_predicate_and_rows_may_be_read_twice() -> None:
    text = "Report\nInvoice No,Due Date (M/D/Y)\nA1,1/2/2013\n"
    table = open_table(text.encode(), "k.csv", lambda cells: cells[0] == "Invoice No")
    assert table.headers == ["Invoice No", "Due Date (M/D/Y)"]
    assert list(table.rows()) == list(table.rows())


def test_header_names_match_whatever_their_case_width_and_marks() -> None:
    text = "title only\n *Customer No. ,ＮＡＭＥ,金额（元）\n1,a,2\n"
    assert open_table(text.encode(), "k.csv", NAMES).header_row == 2


def test_a_workbook_is_read_as_text() -> None:
    data = workbook(
        [
            ["客户编号", "客户名称", "金额", "日期", "备注"],
            ["00123", "甲", 1200, date(2026, 11, 21), "=1+1"],
            [None, None, None, None, None],
            [123456789012, "乙", 0.1, None, True],
        ],
        lead=2,
    )
    table = open_table(data, "a.xlsx", NAMES)
    assert (table.kind, table.header_row, table.sheet) == ("xlsx", 3, "Sheet")
    rows = list(table.rows())
    assert rows[0] == Row(4, ["00123", "甲", "1200", "2026-11-21", ""])  # a formula without a stored result
    assert rows[1] == Row(6, ["123456789012", "乙", "0.1", "", "True"])


def test_a_cell_in_error_is_not_an_empty_one() -> None:
    # A lookup that failed is not "nothing paid" (findings/calamine_cells_in_error.sh).
    book = Workbook()
    cover = book.active
    assert cover is not None
    cover.append([None, "note", None, "#NAME?"])
    cover.append([None, "x", None, "#NAME?"])
    sheet = book.create_sheet("Open & due")
    sheet.append([None, "invoice", "amount", "paid"])
    sheet.append([None, "I1", 100, "#N/A"])
    sheet.append([None, "I2", 200, None])
    sheet.append([None, "I3", "#REF!", 50])
    sheet.append([None, None, "#N/A", "#N/A"])  # formulas drawn down below the table
    out = io.BytesIO()
    book.save(out)
    table = open_table(out.getvalue(), header={"invoice", "amount", "paid"})
    assert (table.sheet, table.headers[-3:]) == ("Open & due", ["invoice", "amount", "paid"])
    assert [row.cells[-3:] for row in table.rows()] == [["I1", "100", "#N/A"], ["I2", "200", ""], ["I3", "#REF!", "50"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"\n\n,,\n", "table_empty"),
        (b"%PDF-1.7 ...", "table_kind"),
        (b"\xd0\xcf\x11\xe0old", "table_malformed"),
        (b"<html><table>", "table_kind"),
        (b"a,b\x00\n1,2\n", "table_kind"),
        (b"a,b\n\xff\xff\xff,2\n", "table_encoding"),
        (b"PK\x03\x04garbage", "table_malformed"),
        (b"x" * (MAX_UPLOAD_BYTES + 1), "table_too_large"),
        (",".join(f"c{n}" for n in range(200)).encode(), "table_too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(TableRefused) as refused:
        open_table(data, "x.csv", NAMES)
    assert refused.value.code == code


def test_rows_and_cells_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_ROWS", 2)
    data = b"customer_no,name\n1,a\n2,b\n3,c\n"
    with pytest.raises(TableRefused, match="table_too_many_rows"):
        list(open_table(data, "x.csv", NAMES).rows())
    with pytest.raises(TableRefused, match="table_cell_too_long"):
        list(open_table(b"customer_no,name\n1," + b"x" * 5000, "x.csv", NAMES).rows())


def repacked(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == name else old.read(entry))
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(workbook([["a"]]), "xl/worksheets/sheet1.xml", b" " * (60 << 20))
    with pytest.raises(TableRefused, match="table_bomb"):
        open_table(bomb, "x.xlsx", NAMES)


def test_a_size_that_lies_is_found_out() -> None:
    bomb = repacked(workbook([["a"]]), "xl/worksheets/sheet1.xml", b" " * (3 << 20))
    honest = (3 << 20).to_bytes(4, "little")
    with pytest.raises(TableRefused, match=r"table_bomb|table_malformed"):
        open_table(bomb.replace(honest, (1000).to_bytes(4, "little")), "x.xlsx", NAMES)


def test_a_stray_cell_in_a_far_corner_does_not_ask_for_gigabytes() -> None:
    data = workbook([["customer_no"]])
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b"</sheetData>", b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>")
    with pytest.raises(TableRefused, match="table_too_wide"):
        open_table(repacked(data, "xl/worksheets/sheet1.xml", far), "x.xlsx", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-21", "2026/11/21", "2026.11.21", "20261121", "2026年11月21日", "２０２６－１１－２１"),
        *(" 2026-11-21 ", "2026-11-21 00:00:00", "2026-11-21T08:30", "2026 年 11 月 21 日"),
    ],
)
def test_dates_as_people_write_them(text: str) -> None:
    assert parse_date(text) == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("text", "order", "read"),
    [
        ("1/2/2013", "mdy", date(2013, 1, 2)),
        ("1/2/2013", "dmy", date(2013, 2, 1)),
        ("1/2/2013", None, "ambiguous_date"),
        ("1/2/2013", "ymd", "ambiguous_date"),
        ("13/1/2013", "mdy", "no_such_day"),
        ("2026-02-29", None, "no_such_day"),
        ("2026-11/21", None, "not_a_date"),
        ("26-11-21", None, "ambiguous_date"),
        ("46347", None, "not_a_date"),
        ("tomorrow", None, "not_a_date"),
        ("0001-01-01", None, "day_out_of_range"),
        ("", None, "empty"),
    ],
)
def test_a_day_is_certain_or_refused(text: str, order: DateOrder | None, read: date | str) -> None:
    if isinstance(read, date):
        assert parse_date(text, order) == read
    else:
        with pytest.raises(BadDate) as refused:
            parse_date(text, order)
        assert (refused.value.code, refused.value.found) == (read, text)


def test_excel_serials_only_when_asked_for() -> None:
    assert parse_date("46347", serial=True) == date(2026, 11, 21)
    assert parse_date("46347.5", serial=True) == date(2026, 11, 21)


def test_csv_export_opens_in_a_spreadsheet_and_runs_nothing() -> None:
    rows: list[list[Cell]] = [
        ["=cmd|' /C calc'!A0", Money(-123450, "CNY"), date(2026, 11, 21), 5],
        ["+86 755", Money(1000, "JPY"), None, 0],
        ["-5.00", Decimal("-1.50"), None, -3],
        ["@x", Money(5, "KWD"), None, 1],
    ]
    data = write_csv(rows, [Column("客户"), Column("金额", "amount"), Column("到期日", "date"), "天数"])
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read == [
        ["客户", "金额", "到期日", "天数"],
        ["'=cmd|' /C calc'!A0", "-1234.50", "2026-11-21", "5"],
        ["'+86 755", "1000", "", "0"],
        ["-5.00", "-1.50", "", "-3"],
        ["'@x", "0.005", "", "1"],
    ]


def test_xlsx_export_holds_types_totals_and_who_made_it() -> None:
    columns = [Column("客户"), Column("编号"), Column("金额", "amount"), Column("到期日", "date")]
    sheet = Sheet(
        "账龄/表",
        [*columns, Column("天数", "int")],
        [
            ["=1+1", "00123", Money(123450, "CNY"), date(2026, 11, 21), 5],
            ["乙\x0b", "2", Money(1000, "JPY"), None, 0],
        ],
        totals=[["合计", None, Money(123450, "CNY"), None, None]],
        footer=["截至 2026-11-21", "制表：王芳"],
    )
    page = load_workbook(io.BytesIO(write_xlsx([sheet])))["账龄 表"]
    assert page.freeze_panes == "A2"
    assert [cell.value for cell in page[2]][:3] == ["=1+1", "00123", 1234.5]
    assert (page["A2"].data_type, page["C2"].number_format, page["C3"].number_format) == ("s", "#,##0.00", "#,##0")
    assert page["D2"].is_date
    assert page["A3"].value == "乙"
    assert page["A4"].font.b
    assert [page["A6"].value, page["A7"].value] == ["截至 2026-11-21", "制表：王芳"]


def test_what_is_exported_is_read_back() -> None:
    columns = [Column("customer_no"), Column("amount", "amount"), Column("on", "date")]
    rows: list[list[Cell]] = [["00123", Money(123456, "CNY"), date(2026, 11, 21)]]
    for data in (write_csv(rows, columns), write_xlsx([Sheet("s", columns, rows)])):
        table = open_table(data, "x", NAMES)
        assert [row.cells for row in table.rows()] == [["00123", "1234.56", "2026-11-21"]]
