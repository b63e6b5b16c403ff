"""Parses the rows of a file one by one, collects their findings, and refuses repeated keys.

Invariant: each row is counted once, and yields either a value or errors with its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from ar.imports.columns import FileKind
from ar.imports.inputs import ParsedRows, Report
from ar.imports.rules.checking import BadRow, PassedOver
from ar.imports.rules.sales_rows import SalesRowParser
from kernel.sheets import Table
from kernel.sheets.binding import Binding
from kernel.sheets.mapping import ColumnMapping

PROGRESS_EVERY_ROWS = 2_000
#: Rows tried to tell whether a file's values are of a kind.
ROWS_TRIED = 20

Progress = Callable[[int], None]


def parse_rows(
    kind: FileKind,
    table: Table,
    binding: Binding,
    report: Report,
    mapping: ColumnMapping,
    progress: Progress,
    today: date | None = None,
    *,
    by_name: bool = False,
) -> ParsedRows:
    """Returns all rows as what `ar.imports.inputs` has for the kind; errors of the half ones are in `report.errors`.

    Counts rows, and those passed over with their reasons. Raises TableRefused.
    """
    parse = _parser(kind, SalesRowParser(report, mapping, serial=table.is_workbook, today=today, by_name=by_name))
    width, rows = len(table.headers), ParsedRows([], [])
    for number, cells in _data_rows(table, binding, mapping, report, progress):
        if len(cells) > width:
            report.add_error(number, "", "cells_beyond_header", expected=width, found=len(cells))
            continue
        try:
            rows.good.append(parse(number, binding.values(cells)))
        except PassedOver as found:
            report.pass_over(number, found.reason, **found.params)
        except BadRow as found:
            rows.half.append(found.rest)
            for bad in found.cells:
                report.add_error(number, bad.column, bad.code, **bad.params)
    if not report.rows:
        report.add_error(table.header_row, "", "no_rows")
    return rows


def any_row_parses(kind: FileKind, table: Table, binding: Binding, mapping: ColumnMapping) -> bool:
    """Returns True when one of the first ROWS_TRIED rows parses as this kind. Raises TableRefused.

    Payments alone are receipts, although a list of open items may hold some.
    """
    parse = _parser(kind, SalesRowParser(Report(), mapping, serial=table.is_workbook))
    for _number, cells in islice(_data_rows(table, binding, mapping, Report(), lambda _rows: None), ROWS_TRIED):
        try:
            parsed = parse(_number, binding.values(cells[: len(table.headers)]))
        except (BadRow, PassedOver):
            continue
        if getattr(parsed, "kind", "") != "receipt":
            return True
    return False


def _parser(kind: FileKind, reader: SalesRowParser) -> Callable[[int, Sequence[str]], Any]:
    """Returns the method that parses a row of this kind."""
    parsers: dict[FileKind, Callable[[int, Sequence[str]], Any]] = {
        "customers": reader.customer,
        "open-items": reader.item,
        "receipts": reader.receipt,
        "limits": reader.limit,
        "orders": reader.order_line,
        "deliveries": reader.delivery_line,
        "sign-offs": reader.sign_off,
    }
    return parsers[kind]


def refuse_duplicates(
    rows: ParsedRows, key: Callable[[Any], Any], column: str, report: Report, *, equal_pass: bool = False
) -> ParsedRows:
    """Returns the rows without those that repeat a key; adds an error naming both rows.

    `equal_pass`: a row that repeats all values of the first is one more line of the same document, and passed over.
    """
    first_rows: dict[Any, int] = {}
    firsts: dict[Any, Any] = {}
    unique: list[Any] = []
    half = {each.row for each in rows.half}
    for each in sorted([*rows.good, *rows.half], key=lambda row: row.row) if half else rows.good:
        found = key(each)
        if each.row in half and (found is None or (isinstance(found, tuple) and None in found)):
            continue
        first = first_rows.setdefault(found, each.row)
        if first == each.row:
            if each.row not in half:
                unique.append(each)
                if equal_pass:
                    firsts[found] = each
        elif equal_pass and found in firsts and firsts[found][1:] == each[1:]:
            report.pass_over(each.row, "repeated_line", first_row=first)
        else:
            shown = found[-1] if isinstance(found, tuple) else found
            report.add_error(each.row, column, "duplicate_in_file", found=shown, first_row=first)
    return ParsedRows(unique, rows.half)


def _data_rows(
    table: Table, binding: Binding, mapping: ColumnMapping, report: Report, progress: Progress
) -> Iterator[tuple[int, list[str]]]:
    asked = frozenset(mapping.skip_rows)
    for row in table.rows():
        report.rows += 1
        if report.rows % PROGRESS_EVERY_ROWS == 0:
            progress(report.rows)
        reason = row.reason or ("asked" if row.number in asked or binding.skips(row.cells) else "")
        if reason:
            report.pass_over(row.number, reason)
            continue
        yield row.number, row.cells
