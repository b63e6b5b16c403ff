"""Cells of a workbook that show an error (#N/A, #REF!), read as empty otherwise; rows as a person sees them.

Invariant: a cell in error is no empty cell, it comes as the word of its error, which nothing takes for an amount, a day
or a name. A row with nothing but errors is one that formulas were drawn down to, and stays empty.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kernel.sheets.biff import OLE
from kernel.sheets.biff_errors import old_error_cells
from kernel.sheets.late_days import late_days

Rows = Iterable[list[str]]

_WORDS: Final = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
_CHUNK: Final = 1 << 20
#: A formula of the longest kind stands between the beginning of a cell and its value.
_REACH: Final = 1 << 14
_MARK: Final = b't="e"'
_CELL = re.compile(rb"<(?:\w{1,20}:)?c\s")
_PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<(?:\w{1,20}:)?v>(#[^<>]{1,14})<")
_SHEET = re.compile(rb"<(?:\w{1,20}:)?sheet\s([^<>]{1,2000})>")
_RELATION = re.compile(rb"<(?:\w{1,20}:)?Relationship\s([^<>]{1,4000})>")
_ATTRIBUTE = re.compile(rb'(?:\w{1,40}:)?(\w{1,40})\s*=\s*"([^"<>]*)"')


def is_error_word(text: str) -> bool:
    """Tells that a cell shows an error of its formula; a CSV saved from a spreadsheet has it as this text."""
    return text[:1] == "#" and text.upper() in _WORDS


def as_shown(data: bytes, sheet: str) -> Callable[[Rows, int], Rows] | None:
    """Returns what puts the rows of a sheet right, given them and their first column; None where nothing needs it.

    It names the cells in error and gives those of a day's last instant their day. The file has passed `check_workbook`
    or `check_old_workbook`.
    """
    old = data[: len(OLE)] == OLE
    errors = old_error_cells(data, sheet) if old else _error_cells(data, sheet)
    late = None if old else late_days(data)
    if not errors and not late:
        return None

    def show(rows: Rows, first_column: int) -> Rows:
        named = _named(rows, errors, first_column) if errors else rows
        return late.corrected(named, first_column) if late else named

    return show


def _named(rows: Rows, errors: dict[int, dict[int, str]], first_column: int) -> Iterator[list[str]]:
    for at, cells in enumerate(rows):
        if at in errors and any(cells):
            for column, error in errors[at].items():
                place = column - first_column
                if 0 <= place < len(cells) and not cells[place]:
                    cells[place] = error
        yield cells


def _error_cells(data: bytes, sheet: str) -> dict[int, dict[int, str]]:
    """Returns row → column → error of a sheet's cells, both from 0."""
    found: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = _part_of(archive, sheet)
        if part not in archive.namelist():
            return found
        with archive.open(part) as opened:
            tail = b""
            while chunk := opened.read(_CHUNK):
                text = tail + chunk
                for row, column, error in _in_text(text):
                    found.setdefault(row, {})[column] = error
                tail = text[-_REACH:]
    return found


def _in_text(text: bytes) -> Iterator[tuple[int, int, str]]:
    at = text.find(_MARK)
    while at >= 0:
        start = text.rfind(b"<", max(0, at - 400), at)
        place = _PLACE.search(text, start, text.find(b">", at) + 1) if start >= 0 else None
        if place and _CELL.match(text, start):
            value = _VALUE.search(text, at, at + _REACH)
            own = value and not _CELL.search(text, at, value.start())
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            yield int(place[2]) - 1, column - 1, value[1].decode("ascii", "replace") if value and own else "#N/A"
        at = text.find(_MARK, at + 1)


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Returns the name of the part that holds a sheet's cells, "" where the workbook does not say it."""
    try:
        book = archive.read("xl/workbook.xml")
        relations = archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return ""
    ids = {each["name"]: each.get("id", "") for each in map(_attributes, _SHEET.finditer(book)) if "name" in each}
    targets = {each.get("Id", ""): each.get("Target", "") for each in map(_attributes, _RELATION.finditer(relations))}
    target = targets.get(ids.get(sheet, ""), "")
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/") if target else ""


def _attributes(found: re.Match[bytes]) -> dict[str, str]:
    pairs = _ATTRIBUTE.findall(found[1])
    return {name.decode(): html.unescape(value.decode("utf-8", "replace")) for name, value in pairs}
