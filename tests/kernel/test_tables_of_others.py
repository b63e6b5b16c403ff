"""Tables as other systems write them: rows that are no data, dates, amounts, exact numbers, old workbooks, limits."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from pydantic import ValidationError

from kernel.inputs import CommandInput
from kernel.money import BadAmount, exponent, is_money_on, parse_amount, parse_rounded_amount, withdrawn_on
from kernel.sheets import BadDate, TableRefused, is_damaged_number, open_table, parse_date, write_csv
from kernel.sheets.biff import _check_records
from kernel.sheets.mapping import ColumnMapping, Target, fingerprint, guess_columns
from kernel.sheets.samples import Sample, take_sample

NAMES = {"客户", "单据号", "日期", "金额"}


def reasons(text: str) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in open_table(text.encode(), "t.csv", NAMES).rows()]


def test_a_total_is_passed_over_with_the_signatures_below_it() -> None:
    lines = ["客户,单据号,日期,金额", "甲,A-1,2026-10-01,5.00", "小计,,,5.00", "乙,A-2,2026-10-01,7.00"]
    lines += [
        "本页合计：,,,12.00",
        "合计,,,12.00",
        "制表人：张三,,审核人：李四,",
        "打印日期：2026-11-01,,,",
        "第1页/共1页,,,",
    ]
    assert reasons("\n".join(lines)) == [
        (2, ""),
        (3, "total"),
        (4, ""),
        (5, "total"),
        (6, "total"),
        (7, "signature"),
        (8, "signature"),
        (9, "signature"),
    ]


@pytest.mark.parametrize(
    ("total", "below"),
    [
        ("総合計", "担当者：山田,,承認者：佐藤,"),
        ("本頁小計", "製表：陳大文,,覆核：,李"),
        ("합계", "담당자: 김,,,"),
        ("Totale generale", "Stampato il 01/12/2026,,,"),
        ("Summe gesamt", "Bearbeiter:,Schmidt,Stand: 01.12.2026,"),
        ("Total général", "Imprimé le 01/12/2026,,,"),
        ("Totaal generaal", "Afgedrukt op 01-12-2026,,,"),
        ("Razem", "Sporządził: Nowak,,,"),
        ("Net total", "User: ADMIN,,Printed: 01/12/2026 10:03,"),
        ("ИТОГО", "Исполнитель: Иванов,,,"),
    ],
)
def test_totals_and_signatures_of_other_languages_are_no_documents(total: str, below: str) -> None:
    lines = ["客户,单据号,日期,金额", "甲,A-1,2026-10-01,5.00", f"{total},,,5.00", below]
    assert reasons("\n".join(lines)) == [(2, ""), (3, "total"), (4, "signature")]


@pytest.mark.parametrize("row", ["Firma: Alpha,,,7.00", "甲：乙,A-2,,", "Ref: 1,A-2,2026-10-01,", "Kunde: 7,12.00,,"])
def test_a_label_with_a_number_or_an_amount_beside_it_stays_a_row(row: str) -> None:
    assert reasons(f"客户,单据号,日期,金额\n甲,A-1,2026-10-01,5.00\n{row}")[-1] == (3, "")


def test_what_may_be_data_stays_data() -> None:
    lines = ["客户,单据号,日期,金额", "Total,A-1,2026-10-01,5.00", "合计贸易公司,A-2,2026-10-01,5.00", "00017,,,"]
    assert reasons("\n".join(lines)) == [(2, ""), (3, ""), (4, "")]


@pytest.mark.parametrize(
    ("text", "currency", "mark", "minor"),
    [
        ("1,234.00", "JPY", None, 1234),
        ("4250.000", "EUR", None, 425000),
        ("NT$1,234", "TWD", None, 123400),
        ("12,34,567.00", "INR", None, 123456700),
        ("1.234,56", "EUR", ",", 123456),
        ("250,00-", "EUR", ",", -25000),
        ("(1.234,5)", "EUR", ",", -123450),
        ("1.234", "EUR", ",", 123400),
        ("4.250", "EUR", ".", 425),
    ],
)
def test_amounts_at_their_edge(text: str, currency: str, mark: str | None, minor: int) -> None:
    assert parse_amount(text, currency, mark) == minor


def test_what_could_be_thousands_is_ambiguous_until_the_mark_is_told() -> None:
    with pytest.raises(BadAmount, match="ambiguous"):
        parse_amount("4.250", "EUR")
    assert parse_rounded_amount("10.005", "EUR") == (1001, True)
    assert parse_rounded_amount("-10.005", "EUR") == (-1001, True)
    assert parse_rounded_amount("10.000", "EUR") == (1000, False)


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU"])
def test_codes_of_no_money_are_none(code: str) -> None:
    with pytest.raises(ValueError, match=code):
        exponent(code)


def test_money_that_ended_lately_says_its_last_day() -> None:
    assert (withdrawn_on("BGN"), withdrawn_on("EUR")) == (date(2025, 12, 31), None)
    assert [is_money_on("BGN", date(2025, 12, 31)), is_money_on("BGN", date(2026, 1, 1))] == [True, False]
    assert not is_money_on("DEM", date(1999, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        *("20260228153000", "2026-02-28T15:30:00Z", "28-Feb-2026", "28 Feb 2026", "Feb 28, 2026", "28. Februar 2026"),
        *(
            "2026-02-28 15:30:00.123",
            "2026年2月28日 15:30",
            "20260228T1530",
            "2026-02-28T15:30:00+08:00",
            "28-FEB-2026",
        ),
    ],
)
def test_dates_with_a_time_or_a_month_in_words(text: str) -> None:
    assert parse_date(text) == date(2026, 2, 28)


class _Dated(CommandInput):
    on: date


@pytest.mark.parametrize("day", ["0217-02-28", "1989-12-31", "2101-01-01"])
def test_the_same_days_are_refused_at_every_door(day: str) -> None:
    with pytest.raises(BadDate, match="day_out_of_range"):
        parse_date(day)
    with pytest.raises(ValidationError, match="Enter a day from"):
        _Dated.model_validate({"on": day})


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_cell_of_the_last_instant_of_a_day_is_that_day() -> None:
    late = datetime(2026, 2, 28, 23, 59, 59, 999999)  # noqa: DTZ001 - a spreadsheet knows no zone
    next_day = late.replace(month=3, day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = list(open_table(workbook(["日期", "金额"], [late, 1], [next_day, 2])).rows())
    assert [row.cells[0] for row in rows] == ["2026-02-28", "2026-03-01"]


def test_numbers_keep_the_fifteen_digits_that_a_spreadsheet_has() -> None:
    (row,) = open_table(workbook(["a", "b", "c"], [0.1 + 0.2, 24952000000010910141, 123456789012345])).rows()
    assert row.cells == ["0.3", "2.49520000000109E+19", "123456789012345"]
    assert [is_damaged_number(cell) for cell in row.cells] == [False, True, False]


@pytest.mark.parametrize("content", [b"a," * 9_000_000, b"a,b\n" + b"x" * 9_000_000, b"1," * 1_500 + b"\n"])
def test_a_line_without_end_is_refused_before_it_is_cut(content: bytes) -> None:
    with pytest.raises(TableRefused) as refused:
        open_table(content, "t.csv", NAMES)
    assert refused.value.code in ("table_line_too_long", "table_too_many_columns", "table_cell_too_long")


def test_western_letters_are_not_taken_for_chinese() -> None:
    table = open_table("Fälligkeit;Betrag\nMüller;5\n".encode("cp1252"))
    assert (table.headers, table.encoding) == (["Fälligkeit", "Betrag"], "cp1252")
    assert open_table("客户,金额\n华芯,5\n".encode("gb18030")).encoding == "gb18030"


def test_an_old_workbook_is_read_behind_its_limits() -> None:
    path = Path(__file__).with_name("open-items.xls")
    table = open_table(path, "open-items.xls", NAMES)
    assert (table.kind, table.headers) == ("xls", ["客户", "单据号", "日期", "金额"])
    assert [row.cells for row in table.rows() if not row.reason] == [["00017", "A-1", "2026-10-01", "12800.5"]]
    with pytest.raises(TableRefused) as refused:
        open_table(b"\xd0\xcf\x11\xe0" + bytes(600), "x.xls")
    assert refused.value.code == "table_malformed"


def old_workbook(*changes: tuple[bytes, bytes]) -> bytes:
    """The old workbook with records of its sheet written over by others of the same length."""
    data = Path(__file__).with_name("open-items.xls").read_bytes()
    for before, after in changes:
        assert len(before) == len(after)
        assert data.count(before) == 1
        data = data.replace(before, after)
    return data


def test_a_cell_in_error_of_an_old_workbook_is_named_and_not_read_as_empty() -> None:
    """Faults I: what was looked up and not found (#N/A) is no amount of nothing."""
    data = Path(__file__).with_name("open-items.xls").read_bytes()
    row = data.index(b"\x08\x02\x10\x00\x01\x00")  # what is said of the second row: twenty bytes
    two = data.index(b"\xbd\x00\x12\x00\x01\x00\x02\x00")  # its day and its amount: twenty-two bytes
    filler = b"\xff\x7f\x04\x00\x00\x00\x00\x00"
    day = b"\x7e\x02\x0a\x00\x01\x00\x02\x00" + data[two + 8 : two + 14]
    without_amount = (data[two : two + 22], day + filler)
    error = b"\x05\x02\x08\x00\x01\x00\x03\x00\x0f\x00\x2a\x01"
    shown = old_workbook((data[row : row + 20], error + filler), without_amount)
    (cells,) = [row.cells for row in open_table(shown, "a.xls", NAMES).rows() if not row.reason]
    assert cells == ["00017", "A-1", "2026-10-01", "#N/A"]
    result = b"\x02\x00\x17\x00\x00\x00\xff\xff"
    formula = b"\x06\x00\x16\x00\x01\x00\x03\x00\x0f\x00" + result + bytes(8)
    shown = old_workbook((data[row : row + 34], formula + filler), without_amount)
    (cells,) = [row.cells for row in open_table(shown, "a.xls", NAMES).rows() if not row.reason]
    assert cells[1:] == ["A-1", "2026-10-01", "#REF!"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"\x00\x02\x0e\x00" + bytes(4) + b"\xff\xff\xff\x00\x00\x00\xff\x00\x00\x00", "table_too_wide"),
        (b"\xfc\x00\x08\x00" + b"\x00\x00\x00\x00" + b"\xff\xff\xff\x7f", "table_malformed"),
        (b"\x2f\x00\x02\x00\x00\x00", "table_encrypted"),
        (b"\x03\x02\xff\x00\x00", "table_malformed"),
    ],
)
def test_records_that_claim_too_much_are_refused(record: bytes, code: str) -> None:
    finding = _check_records(record)
    assert finding is not None
    assert finding.code == code


def test_full_width_signs_start_no_formula_either() -> None:
    lines = write_csv([["＝1+1"], ["＋1"], ["－1"], ["＠x"], ["-5.00"]], ["a"]).decode("utf-8-sig").split("\r\n")
    assert lines[1:6] == ["'＝1+1", "'＋1", "'－1", "'＠x", "-5.00"]


TARGETS = (
    Target("customer_no", True, "Customer number", ("客户编码",)),
    Target("on", True, "Day", ("日期",), shape="date", likes=("datum",)),
    Target("amount", True, "Amount", ("金额",), shape="amount", better=("余额",)),
)


def test_columns_are_guessed_by_header_word_and_shape() -> None:
    guesses = guess_columns(["客户编码", "Buchungsdatum", "?", "x"], [["1", "01.02.2026", "5.00", "a"]], TARGETS)
    assert [(guess.target, guess.confidence) for guess in guesses] == [
        ("customer_no", "sure"),
        ("on", "likely"),
        ("amount", "likely"),
        ("", "none"),
    ]
    assert [guess.target for guess in guess_columns(["金额", "余额"], [], TARGETS)] == ["", "amount"]


def test_a_sample_is_stored_and_opened_again() -> None:
    table = open_table("客户编码,金额,类\n1,5.00,A\n2,6.00,B\n合计,11.00,\n".encode(), told=ColumnMapping(header_row=1))
    sample = take_sample(table, TARGETS)
    assert Sample.from_json(sample.to_json()) == sample
    assert (sample.words["2"], [row.reason for row in sample.passed_over]) == ({"A": 1, "B": 1}, ["total"])
    assert sample.fingerprint == fingerprint(["客户编码 ", "金额", "类", ""])
