"""Exports of banks and payment services as they are: read without a question, in every encoding and kind of file."""

from __future__ import annotations

import csv
import io

import pytest

from ar.receipts.bank.formats.events import Problem, Question
from ar.receipts.bank.line_import import recognise_format
from kernel.sheets import Column, Sheet, write_xlsx
from tests.ar.receipts.bank.formats.exports import EXPORTS
from tests.ar.receipts.bank.samples import events, lines, opened


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_whole_and_without_a_question(name: str) -> None:
    export = EXPORTS[name]
    found = events(export.text)
    assert [each for each in found if isinstance(each, Question)] == []
    assert [each for each in found if isinstance(each, Problem) and each.lost] == []
    assert sum(isinstance(each, Problem) for each in found) == export.left_out
    booked = [each for each in lines(export.text) if each.status == "booked"]
    assert [each.side * each.amount_minor for each in booked] == export.booked
    assert booked[0].payer_name == export.name
    assert recognise_format(export.text.encode(), "")[1] == f"csv-{export.profile}"
    if export.account:
        assert opened(export.text)[0].account_no == export.account


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_the_same_in_gb18030_and_as_a_workbook_and_as_a_page(name: str) -> None:
    export = EXPORTS[name]
    expected = [each[2:] for each in lines(export.text)]
    if export.text.isascii() or name not in ("sparkasse", "soll-haben", "rabo"):
        assert [each[2:] for each in lines(export.text.encode("gb18030"))] == expected
    delimiter = ";" if name in ("sparkasse", "soll-haben") else ","
    rows = list(csv.reader(io.StringIO(export.text), delimiter=delimiter))
    width = max(map(len, rows))
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    workbook = write_xlsx([Sheet("流水", [Column(text or f"_{at}") for at, text in enumerate(padded[0])], padded[1:])])
    page = (
        "<html><table>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in padded)
        + "</table></html>"
    )
    for data in (workbook, page.encode("utf-8")):
        assert [each[2:] for each in lines(data)] == expected
