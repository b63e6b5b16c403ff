"""Tables in markup under the name `.xls`: HTML and SpreadsheetML give rows; damage and definitions are refused."""

# ruff: noqa: E501 - elements as programs write them
from __future__ import annotations

import time

import pytest

from kernel.sheets.markup import BadMarkup, html_rows, is_html, is_spreadsheet_ml, spreadsheet_ml_rows

PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="utf-8"><style>td {mso-number-format:"\\@"}</style>
<title>no text</title></head><body><!-- <tr><td>hidden</td></tr> --><table><tr><td colspan=3>账号：<b>6222</b></td></tr></table>
<TABLE border=1><thead><tr><th>日期</th><th>金额<br>(元)</th><th>摘要</th></tr></thead>
<tr><td>2026-11-02<td>1,200.50<td>A &amp; B &#21495;
<tr><td rowspan=2>2026-11-03</td><td>1</td><td>x < y</td></tr><tr><td>2</td><td>z</td></tr>
</TABLE><script>document.write("<tr><td>evil</td></tr>")</script></body></html>"""
BOOK = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="empty"><Table/></Worksheet>
<Worksheet ss:Name="a"><Table>
<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Title</Data></Cell><Cell><Data ss:Type="String">B</Data></Cell></Row>
<Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="Number">1200.5</Data></Cell>
<Cell><Data ss:Type="DateTime">2026-11-02T00:00:00.000</Data></Cell></Row>
</Table></Worksheet><Worksheet ss:Name="b"><Table><Row><Cell><Data ss:Type="String">no</Data></Cell></Row></Table></Worksheet>
</Workbook>"""


def test_a_page_gives_the_rows_of_its_tables() -> None:
    assert list(html_rows(PAGE)) == [
        ["账号：6222", "", ""],
        ["日期", "金额 (元)", "摘要"],
        ["2026-11-02", "1,200.50", "A & B 号"],
        ["2026-11-03", "1", "x < y"],
        ["", "2", "z"],
    ]


def test_a_workbook_in_xml_gives_the_rows_of_its_first_sheet_in_their_places() -> None:
    assert list(spreadsheet_ml_rows(BOOK)) == [["Title", "", "B"], [], [], ["", "1200.5", "2026-11-02"]]


def test_the_two_are_told_apart() -> None:
    assert (is_html(PAGE.encode()), is_spreadsheet_ml(PAGE.encode())) == (True, False)
    assert (is_html(BOOK.encode()), is_spreadsheet_ml(BOOK.encode())) == (False, True)
    assert not is_html(b"<Document><BkToCstmrStmt/></Document>")


@pytest.mark.parametrize(
    "text",
    [BOOK[:400], BOOK.replace("<Workbook", '<!DOCTYPE x [<!ENTITY a "aaaa">]><Workbook', 1), "<Workbook><a></b>"],
)
def test_damage_and_definitions_are_refused(text: str) -> None:
    with pytest.raises(BadMarkup):
        list(spreadsheet_ml_rows(text))


@pytest.mark.parametrize(
    "text",
    [
        "<" * 400_000,
        "<td " * 200_000,
        "<!--" * 200_000,
        "<table>" + "<tr><td>" * 100_000,
        "<script>" * 200_000,
        "<td>" + "<1" * 300_000,
        "</" * 300_000,
    ],
)
def test_what_is_left_open_costs_no_more_than_its_length(text: str) -> None:
    begun = time.process_time()
    list(html_rows(text))
    assert time.process_time() - begun < 3
