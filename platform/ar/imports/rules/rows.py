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
from ar.imports.rules.groups import Groups
from ar.imports.rules.looking import ROWS_LOOKED_AT
from ar.imports.rules.sales_rows import SalesRowParser
from kernel.sheets import Table
from kernel.sheets.binding import Binding
from kernel.sheets.mapping import ColumnMapping
from kernel.sheets.passed_over import has_day, is_figure, is_named_total, is_total_word

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
    reader = _reader(table, binding, mapping, report, today=today, by_name=by_name)
    parse, groups = _parser(kind, reader), _groups(table, binding, mapping)
    values = _values(binding, groups)
    sums: list[tuple[int, list[str]]] = []
    width, rows = len(table.headers), ParsedRows([], [], sums)
    for number, cells in _data_rows(table, binding, mapping, report, progress, groups, sums):
        if len(cells) > width:
            report.add_error(number, "", "cells_beyond_header", expected=width, found=len(cells))
            continue
        try:
            rows.good.append(parse(number, values(cells)))
        except PassedOver as found:
            report.pass_over(number, found.reason, **found.params)
        except BadRow as found:
            rows.half.append(found.rest)
            for bad in found.cells:
                report.add_error(number, bad.column, bad.code, **bad.params)
    if not report.rows:
        report.add_error(table.header_row, "", "no_rows")
    return rows


def try_rows(kind: FileKind, table: Table, binding: Binding, mapping: ColumnMapping) -> Report:
    """Returns the findings of the first rows read so, without what depends on the day. Raises TableRefused."""
    report = Report()
    reader = _reader(table, binding, mapping, report, by_name=binding.by_name)
    parse, groups = _parser(kind, reader), _groups(table, binding, mapping)
    values = _values(binding, groups)
    rows = _data_rows(table, binding, mapping, report, lambda _rows: None, groups)
    for number, cells in islice(rows, ROWS_LOOKED_AT):
        try:
            parse(number, values(cells[: len(table.headers)]))
        except PassedOver:
            continue
        except BadRow as found:
            for bad in found.cells:
                report.add_error(number, bad.column, bad.code, **bad.params)
    return report


def any_row_parses(kind: FileKind, table: Table, binding: Binding, mapping: ColumnMapping) -> bool:
    """Returns True when one of the first ROWS_TRIED rows parses as this kind. Raises TableRefused.

    Payments alone are receipts, although a list of open items may hold some.
    """
    parse = _parser(kind, _reader(table, binding, mapping, Report()))
    groups = _groups(table, binding, mapping)
    values = _values(binding, groups)
    for _number, cells in islice(_data_rows(table, binding, mapping, Report(), lambda _rows: None, groups), ROWS_TRIED):
        try:
            parsed = parse(_number, values(cells[: len(table.headers)]))
        except (BadRow, PassedOver):
            continue
        if getattr(parsed, "kind", "") != "receipt":
            return True
    return False


def _reader(
    table: Table,
    binding: Binding,
    mapping: ColumnMapping,
    report: Report,
    *,
    today: date | None = None,
    by_name: bool = False,
) -> SalesRowParser:
    return SalesRowParser(
        report,
        mapping,
        serial=table.is_workbook,
        today=today,
        by_name=by_name,
        sides=uses_sides(binding),
        from_1904=table.from_1904,
    )


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
    return rows._replace(good=unique)


def uses_sides(binding: Binding) -> bool:
    """Tells that what is owed stands in a column of debits and one of credits, not in one of amounts."""
    return "amount" not in binding.places and ("debit" in binding.places or "credit" in binding.places)


def _groups(table: Table, binding: Binding, mapping: ColumnMapping) -> Groups:
    return Groups(binding.names, mapping, table.above())


def _values(binding: Binding, groups: Groups) -> Callable[[list[str]], Sequence[str]]:
    """Returns a function from cells to canonical values, filled from the rows above where the mapping says so."""
    if not groups.active:
        return binding.values
    return lambda cells: groups.fill(binding.values(cells))


def _data_rows(
    table: Table,
    binding: Binding,
    mapping: ColumnMapping,
    report: Report,
    progress: Progress,
    groups: Groups,
    sums: list[tuple[int, list[str]]] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of data with their numbers; the others are counted, and totals kept in `sums`."""
    asked = frozenset(mapping.skip_rows)
    is_sum = _sum_test(binding)
    numbered = binding.places.get("document_no", -1)
    for row in table.rows():
        report.rows += 1
        if report.rows % PROGRESS_EVERY_ROWS == 0:
            progress(report.rows)
        reason: str = row.reason or ("asked" if row.number in asked or binding.skips(row.cells) else "")
        if reason == "total":
            groups.close(row.cells)
        elif (reason in ("", "heading", "remark") and groups.active) and groups.is_heading(
            row.cells, row.cells[numbered] if 0 <= numbered < len(row.cells) else ""
        ):
            reason = "heading"
        elif not reason and is_sum(row.cells):
            reason = "total"
        if reason == "total" and sums is not None:
            sums.append((row.number, row.cells))
        if reason:
            report.pass_over(row.number, reason)
            continue
        yield row.number, row.cells


def _sum_test(binding: Binding) -> Callable[[list[str]], bool]:
    """Returns a test for sums that bear a day, as ledgers close a month: no number, and a cell that says 本月合计."""
    number = binding.places.get("document_no", binding.places.get("receipt_no", -1))
    if number < 0:
        return lambda _cells: False
    whose = {place for name, place in binding.places.items() if name in ("customer_no", "customer_name", "owner")}

    def is_sum(cells: list[str]) -> bool:
        if number >= len(cells) or (cells[number] and not is_total_word(cells[number])):
            return False
        if any(is_total_word(cell) for place, cell in enumerate(cells) if place not in whose):
            return True
        texts = [cell for cell in cells if cell and not is_figure(cell)]
        return len(texts) == 1 and is_named_total(texts[0]) and not has_day(cells)

    return is_sum
