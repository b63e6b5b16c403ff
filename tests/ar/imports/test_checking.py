"""Every kind of error names row, column, what was expected and what was found; and what is read in spite of it all."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import ar.imports
from ar.imports.columns import (
    CURRENCY_WORDS,
    ENTITY_WORDS,
    FILE_KINDS,
    KIND_WORDS,
    LABELS,
    LANGUAGE_WORDS,
    FileKind,
    fields,
    words,
)
from ar.imports.inputs import ImportFile, ParsedRows, Report
from ar.imports.messages import FINDINGS, column_name, finding_text
from ar.imports.rules.checking import applications, currency_code
from ar.imports.rules.rows import parse_rows, refuse_duplicates
from kernel.errors import RuleBroken
from kernel.i18n import use_language
from kernel.sheets import DateOrder, header_key, open_table
from kernel.sheets.binding import bind, header_names
from kernel.sheets.mapping import ColumnMapping, parse_mapping
from tests.ar.imports.files import CUSTOMER_HEADERS, ITEM_HEADERS, RECEIPT_HEADERS, csv_file, error_codes, xlsx_file


def check_rows(kind: FileKind, content: bytes, mapping: ColumnMapping | None = None) -> tuple[Report, list]:  # type: ignore[type-arg]
    told = mapping or ColumnMapping()
    file = ImportFile(kind, "f", content, told)
    table = open_table(content, "f", header_names(fields(kind), told))
    report = Report()
    binding = bind(fields(file.kind), table.headers, told)
    return report, parse_rows(kind, table, binding, report, told, lambda _rows: None).good


ITEM = dict(
    zip(
        ITEM_HEADERS.split(","),
        ["007", "华芯", "INV-1", "invoice", "2026-10-01", "2026-10-31", "CNY", "100.00"],
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("customer_no", "", "value_missing"),
        ("customer_no", "9" * 41, "too_long"),
        ("customer_no", "1.23E+11", "number_damaged"),
        ("customer_name", "#N/A", "formula_error"),
        ("amount", "#DIV/0!", "formula_error"),
        ("document_no", "", "value_missing"),
        ("kind", "", "value_missing"),
        ("kind", "quotation", "unknown_kind"),
        ("document_date", "", "value_missing"),
        ("document_date", "04/03/2026", "ambiguous_date"),
        ("document_date", "11/21/2026", "month_first_untold"),
        ("document_date", "21/11/2026", "day_first_untold"),
        ("document_date", "05/05/2026", "same_day_untold"),
        ("document_date", "31/02/2026", "no_such_day"),
        ("document_date", "2026-02-31", "no_such_day"),
        ("document_date", "soon", "not_a_date"),
        ("due_date", "later", "not_a_date"),
        ("currency", "", "value_missing"),
        ("currency", "XXQ", "unknown_currency"),
        ("amount", "", "value_missing"),
        ("amount", "ten", "not_a_number"),
        ("amount", '"1.234,56"', "ambiguous_amount"),
        ("amount", "1.005", "too_many_decimals"),
        ("amount", "$5.00", "other_currency"),
        ("amount", "9" * 20, "too_large"),
        ("amount", "-5.00", "amount_not_positive"),
    ],
)
def test_errors_of_open_items(column: str, value: str, code: str) -> None:
    report, parsed = check_rows("open-items", csv_file(ITEM_HEADERS, ",".join({**ITEM, column: value}.values())))
    assert error_codes(report) == [(2, column, code)]
    assert parsed == []
    (error,) = report.errors
    assert value.strip('"') in finding_text(error.code, error.params) or code in ("value_missing", "too_long")


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("name", "", "value_missing"),
        ("entity_type", "club", "unknown_entity_type"),
        ("owner_email", "nobody", "bad_email"),
        ("contact_email", "a@b", "bad_email"),
        ("term_days", "soon", "not_whole_number"),
        ("term_days", "9999", "not_whole_number"),
        ("settlement_days", "-1", "not_whole_number"),
        ("term_days", "30.5", "not_whole_number"),
        ("language", "fr", "unknown_language"),
    ],
)
def test_errors_of_customers(column: str, value: str, code: str) -> None:
    row = dict.fromkeys(CUSTOMER_HEADERS.split(","), "") | {"customer_no": "1", "name": "A", column: value}
    report, _ = check_rows("customers", csv_file(CUSTOMER_HEADERS, ",".join(row.values())))
    assert error_codes(report) == [(2, column, code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [("INV1:", "applies_to_form"), ("INV1:x", "applies_to_form"), (":5.00", "applies_to_form"),
     ("INV1:0", "applies_to_form"), ("INV1:1;INV1:2", "document_named_twice")],
)  # fmt: skip
def test_errors_of_receipts(value: str, code: str) -> None:
    report, _ = check_rows("receipts", csv_file(RECEIPT_HEADERS, f"1,R1,2026-11-01,CNY,10.00,{value}"))
    assert error_codes(report) == [(2, "applies_to", code)]


def test_all_that_is_wrong_in_a_row_is_said_at_once() -> None:
    row = ",".join(["007", "华芯", "", "收据", "soon", "2026-10-31", "RMB", "-5"])
    report, parsed = check_rows("open-items", csv_file(ITEM_HEADERS, row))
    assert parsed == []
    assert {(column, code) for _row, column, code in error_codes(report)} == {
        ("document_no", "value_missing"),
        ("kind", "unknown_kind"),
        ("document_date", "not_a_date"),
    }
    report, _ = check_rows("receipts", csv_file(RECEIPT_HEADERS, ",R1,later,XXQ,ten,INV1:x"))
    assert {column for _row, column, _code in error_codes(report)} == {
        "customer_no",
        "received_on",
        "currency",
        "amount",
    }
    report, _ = check_rows("customers", csv_file(CUSTOMER_HEADERS, "1,,club,,nobody,,a@b,soon,-1,fr"))
    assert len(report.errors) == 7


def test_what_depends_on_a_wrong_cell_is_not_judged() -> None:
    unknown_kind = {**ITEM, "kind": "报价", "due_date": "2026-09-30"}  # a credit note may say so
    unknown_currency = {**ITEM, "currency": "XXQ", "amount": "1.005"}  # some currencies have three decimals
    rows = (",".join(row.values()) for row in (unknown_kind, unknown_currency))
    report, _ = check_rows("open-items", csv_file(ITEM_HEADERS, *rows))
    assert error_codes(report) == [(2, "kind", "unknown_kind"), (3, "currency", "unknown_currency")]


@pytest.mark.parametrize(
    ("word", "code"),
    [("RMB", "CNY"), ("rmb", "CNY"), ("ＲＭＢ", "CNY"), ("人民币", "CNY"), ("美元", "USD"), ("欧元", "EUR"),
     ("日元", "JPY"), ("港币", "HKD"), ("usd", "USD"), ("人民币（CNY）", "CNY")],
)  # fmt: skip
def test_currencies_are_read_by_code_and_by_name(word: str, code: str) -> None:
    assert currency_code(word) == code


def test_a_date_with_one_possible_reading_says_which_order_to_choose() -> None:
    report, _ = check_rows(
        "open-items", csv_file(ITEM_HEADERS, ",".join({**ITEM, "document_date": "11/21/2026"}.values()))
    )
    with use_language("en"):
        said = finding_text(report.errors[0].code, report.errors[0].params)
    assert said == (
        "“11/21/2026” is a date only with the month first. Choose “Month first” for this file, or enter 2026-11-21."
    )


def test_a_column_that_a_reader_is_told_to_add_is_understood() -> None:
    for language in ("en", "zh_CN"):
        with use_language(language):
            for kind in FILE_KINDS:
                told = [column_name(each.name) for each in fields(kind)]
                assert bind(fields(kind), told, ColumnMapping()).missing == []
                assert bind(fields(kind), told, ColumnMapping()).ignored == []


def test_what_a_receipt_pays_is_read_in_the_ways_people_write_it() -> None:
    assert applications("INV1:100.00;INV2:50.00", "CNY") == (("INV1", 10000), ("INV2", 5000))
    assert applications("INV1：100 ；INV2;", "CNY") == (("INV1", 10000), ("INV2", None))
    assert applications("A:B:7", "JPY") == (("A:B", 7),)


def test_leading_noughts_and_chinese_words_survive() -> None:
    headers = "客户编码,客户名称,单据号,单据类型,单据日期,到期日,币种,金额"
    rows = ['0001,华芯,000042,红字发票,2026年10月1日,,人民币,"￥-1,200.50"', "0002,华新,0043,借项,2026/10/02,,CNY,３"]
    report, (first, second) = check_rows("open-items", csv_file(headers, *rows))
    assert report.errors == []
    assert (first.customer_no, first.document_no, first.kind) == ("0001", "000042", "credit_note")
    assert (first.currency, first.amount_minor, first.document_on) == ("CNY", -120050, date(2026, 10, 1))
    assert (second.kind, second.amount_minor) == ("debit_note", 300)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str) -> None:
    row = "0001,深圳华芯,INV-1,发票,2026-10-01,,CNY,1"
    _report, (item,) = check_rows("open-items", csv_file(ITEM_HEADERS, row, encoding=encoding))
    assert item.customer_name == "深圳华芯"


def test_a_workbook_with_a_title_and_a_closing_total() -> None:
    rows = [["华芯公司应收明细"], ITEM_HEADERS.split(","), list(ITEM.values()), ["合计", *[""] * 6, "100.00"]]
    wide = [row + [""] * (8 - len(row)) for row in rows]
    report, parsed = check_rows("open-items", xlsx_file(["账套"] + [""] * 7, wide))
    assert [item.customer_no for item in parsed] == ["007"]
    assert (report.rows, report.skipped, report.errors) == (2, 1, [])


def test_a_repeated_key_names_both_rows() -> None:
    row = ",".join(ITEM.values())
    report, parsed = check_rows("open-items", csv_file(ITEM_HEADERS, row, row))
    kept = refuse_duplicates(ParsedRows(parsed, []), lambda item: (item.kind, item.document_no), "document_no", report)
    assert len(kept.good) == 1
    with use_language("en"):
        assert finding_text(report.errors[0].code, report.errors[0].params) == "“INV-1” is already in row 2."
    assert error_codes(report) == [(3, "document_no", "duplicate_in_file")]


def test_a_separator_inside_a_value_is_noticed() -> None:
    report, _ = check_rows("open-items", csv_file(ITEM_HEADERS, "7,A,INV-1,invoice,2026-10-01,,CNY,1,200.00"))
    assert error_codes(report) == [(2, "", "cells_beyond_header")]


@pytest.mark.parametrize(("order", "day"), [("mdy", date(2026, 3, 4)), ("dmy", date(2026, 4, 3))])
def test_the_order_of_dates_is_told(order: DateOrder, day: date) -> None:
    content = csv_file(ITEM_HEADERS, "7,A,INV-1,invoice,3/4/2026,,CNY,1")
    _report, (item,) = check_rows("open-items", content, ColumnMapping(date_order=order))
    assert item.document_on == day


def test_a_mapping_takes_headers_patterns_and_constants() -> None:
    mapping = parse_mapping(
        '{"columns": {"customer_no": "Cust", "receipt_no": "RC-{Doc}", "received_on": "Paid", "amount": "Sum",'
        ' "applies_to": "{Doc}:{Sum}"}, "constants": {"currency": "USD"}, "skip_when": {"Paid": ["", "-"]}}'
    )
    report, (receipt,) = check_rows(
        "receipts", csv_file("Cust,Doc,Paid,Sum", "7,01,2026-11-01,5.00", "8,02,-,6.00"), mapping
    )
    assert (receipt.receipt_no, receipt.currency, receipt.applies) == ("RC-01", "USD", (("01", 500),))
    assert (report.rows, report.skipped) == (2, 1)


@pytest.mark.parametrize("text", ["{", '{"columns": []}', '{"colums": {}}', '{"date_order": "ydm"}'])
def test_a_malformed_mapping_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken, match="mapping_malformed"):
        parse_mapping(text)


def test_a_mapping_of_unknown_columns_is_refused() -> None:
    with pytest.raises(RuleBroken, match="mapping_column_unknown"):
        bind(fields("receipts"), ["a"], ColumnMapping(columns={"recipt_no": "a"}))


def test_no_header_and_no_word_means_two_things() -> None:
    for kind in FILE_KINDS:
        keys = [key for each in fields(kind) for key in each.keys()]  # noqa: SIM118 - a method of Field
        assert len(keys) == len(set(keys)), kind
        assert all(LABELS[each.name] == each.label for each in fields(kind))
    for table in (CURRENCY_WORDS, KIND_WORDS, ENTITY_WORDS, LANGUAGE_WORDS):
        listed = [header_key(word) for value, others in table.items() for word in (value, *others)]
        assert len(listed) == len(words(table))


def test_every_code_has_a_text_in_both_languages() -> None:
    source = "".join(
        path.read_text() for path in Path(ar.imports.__file__).parent.rglob("*.py") if path.name != "messages.py"
    )
    raised = set(re.findall(r'(?:BadCell|add_error|Finding|_say)\((?:[^"()]*"[a-z_]*",)?[^"()]*"([a-z_]+)"', source))
    assert raised - {"applies_to", "document_no"} <= set(FINDINGS) | {
        each.name for k in FILE_KINDS for each in fields(k)
    }
    for code, text in FINDINGS.items():
        params = dict.fromkeys(re.findall(r"%\((\w+)\)s", text), "7")
        for language in ("en", "zh_CN"):
            with use_language(language):
                assert "%(" not in finding_text(code, params)
