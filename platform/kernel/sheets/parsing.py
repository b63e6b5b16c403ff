"""Parses uploads: CSV and XLSX into a stream of rows of text, with the row numbers a person sees in the file.

Invariant: no cell is interpreted (ids keep their noughts, formulas are never evaluated), a cell is one line of
characters that can be stored and seen, and nothing is parsed before its size has been bounded.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from kernel.errors import RuleBroken
from kernel.sheets.archive import check_workbook
from kernel.texts import one_line

MAX_UPLOAD_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
MAX_CELL_CHARS: Final = 4_000
#: A header is looked for among this many rows: ERP exports put a title and a period above it.
HEADER_SEARCH_ROWS: Final = 15
#: A stray NUL is padding of an old system; more of them than one in so many characters is no text at all.
CHARS_PER_NUL: Final = 10

_DELIMITERS: Final = (",", ";", "\t")
_TOTAL_LABELS: Final = frozenset({"合计", "总计", "小计", "共计", "total", "totals", "grandtotal", "sum"})
_TOTAL_INITIALS: Final = frozenset("合总小共TtGgSs")
#: How the files begin that are picked by mistake, or renamed: they get a word of their own, not one on encodings.
_OTHER_KINDS: Final = (
    *(b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"),
    *(b"\x1f\x8b\x08", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"BZh91AY&SY", b"\xfd7zXZ\x00", b"PK\x05\x06"),
)
#: So many sheets at most are opened to find one that is not empty.
_SHEETS_TRIED: Final = 20
# No bracket inside the brackets: else many of them opened and none closed cost the square of their number.
_BRACKETED = re.compile(r"\([^()]*\)")
_EXCEL_TEXT = re.compile(r'="([^"]*)"')

HeaderTest = Callable[[list[str]], bool]
Header = Collection[str] | HeaderTest


class TableRefused(RuleBroken):
    """The file as a whole is refused. Codes begin with `table_`, `params` name bound and finding."""


class Row(NamedTuple):
    """One row: `number` as seen in the file, `cells` padded to the headers, `is_total` for a closing sum."""

    number: int
    cells: list[str]
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file. `rows()` may be called again and streams each time.

    Attributes: `headers` as written; `header_row` its 1-based number; `kind` "csv" or "xlsx"; `encoding` and
    `delimiter` for CSV, `sheet` and `sheets` for XLSX, else empty.
    """

    headers: list[str]
    header_row: int
    kind: str
    _read: Callable[[], Iterator[list[str]]]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def above(self) -> list[list[str]]:
        """Returns the rows above the header: titles, periods, accounts, as exports write them."""
        return list(islice(self._read(), self.header_row - 1))

    def rows(self) -> Iterator[Row]:
        """Yields the non-empty rows below the header. Raises TableRefused beyond MAX_ROWS or MAX_CELL_CHARS."""
        width, count = len(self.headers), 0
        kept: list[Row] = []  # rows that look like a total, until it is known whether data follows
        for number, cells in enumerate(self._read(), start=1):
            if number <= self.header_row or not any(cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise TableRefused("table_too_many_rows", most=MAX_ROWS)
            if max(map(len, cells)) > MAX_CELL_CHARS:
                raise TableRefused("table_cell_too_long", row=number, most=MAX_CELL_CHARS)
            row = Row(number, _fit(cells, width))
            if _looks_like_total(row.cells):
                kept.append(row)
                continue
            if kept:
                yield from kept
                kept.clear()
            yield row
        yield from (row._replace(is_total=True) for row in kept)


def open_table(
    source: Path | str | bytes, filename: str = "", header: Header = (), *, sheet: str | None = None
) -> Table:
    """Opens an upload by its content; `filename` is used in messages only.

    `header` says how the header row is known: the names that may stand in it (compared by `header_key`), or a
    predicate on the cells. Title rows above it are skipped; when nothing matches, the first row that is not
    empty is the header. Raises TableRefused.
    """
    data = _bytes(source)
    if not data.strip():
        raise TableRefused("table_empty", filename=filename)
    if data[:4] == b"PK\x03\x04":
        return _open_xlsx(data, header, sheet)
    if data.startswith(_OTHER_KINDS) or data.lstrip()[:1] == b"<":
        raise TableRefused("table_kind", filename=filename)
    return _open_csv(data, header)


def header_key(text: str) -> str:
    """Returns the key by which headers are compared: without width, case, blanks, asterisks and bracketed notes."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _BRACKETED.sub("", plain)
    return re.sub(r"[\s_*:.\-]+", "", plain)


def _bytes(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        size = len(source)
    else:
        source = Path(source)
        size = source.stat().st_size
    if size > MAX_UPLOAD_BYTES:
        raise TableRefused("table_too_large", most=MAX_UPLOAD_BYTES, found=size)
    return source if isinstance(source, bytes) else source.read_bytes()


def _open_csv(data: bytes, header: Header) -> Table:
    text, encoding = _decode(data)
    if text.count("\x00") * CHARS_PER_NUL > len(text):
        raise TableRefused("table_kind")
    if not text.strip(" \t\r\n,;"):
        raise TableRefused("table_empty")

    del text  # decoded again line by line: whole, it would be the largest thing that an import holds

    def reader(delimiter: str) -> Callable[[], Iterator[list[str]]]:
        return lambda: _csv_rows(data, encoding, delimiter)

    best, too_long = None, None
    for delimiter in _DELIMITERS:
        try:
            head = _bounded(islice(_csv_rows(data, encoding, delimiter), HEADER_SEARCH_ROWS))
        except TableRefused as refused:
            # The wrong delimiter may break quoting or leave a line whole; the right one is judged when it is read.
            too_long = too_long or (refused if refused.code == "table_cell_too_long" else None)
            continue
        at, matches = _find_header(head, header)
        # Most known names decide between delimiters; then the most cells in the header.
        score = (matches, sum(map(bool, head[at])) if head else 0)
        if best is None or score > best[0]:
            best = (score, delimiter, at, head)
    if too_long is not None and (best is None or best[0] <= (0, 1)):
        raise too_long
    if best is None:
        raise TableRefused("table_malformed")
    _, delimiter, at, head = best
    return Table(_headers(head, at), at + 1, "csv", reader(delimiter), encoding=encoding, delimiter=delimiter)


def _decode(data: bytes) -> tuple[str, str]:
    """UTF-8 first: text in GB18030 is practically never valid UTF-8, the reverse happens."""
    candidates: tuple[str, ...] = ("utf-8", "gb18030")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ("utf-16",)
    elif data[:3] == b"\xef\xbb\xbf":
        candidates = ("utf-8-sig",)
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise TableRefused("table_encoding")


def _csv_rows(data: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    count = 0
    try:
        for cells in csv.reader(lines, delimiter=delimiter):
            count += 1
            yield [_clean(cell) for cell in cells]
    except csv.Error as error:
        if "field limit" in str(error):
            raise TableRefused("table_cell_too_long", row=count + 1, most=MAX_CELL_CHARS) from error
        raise TableRefused("table_malformed") from error


def _bounded(rows: Iterable[list[str]]) -> list[list[str]]:
    """Returns the first rows, among which the header is searched, checked for MAX_CELL_CHARS."""
    head = []
    for number, cells in enumerate(rows, start=1):
        if max(map(len, cells), default=0) > MAX_CELL_CHARS:
            raise TableRefused("table_cell_too_long", row=number, most=MAX_CELL_CHARS)
        head.append(cells)
    return head


def _clean(cell: str) -> str:
    cell = one_line(cell)
    if cell[:2] == '="' and (wrapped := _EXCEL_TEXT.fullmatch(cell)):
        return wrapped[1].strip(" ")  # the spreadsheet habit that keeps an id's leading noughts in a CSV
    return cell


def _open_xlsx(data: bytes, header: Header, wanted: str | None) -> Table:
    if finding := check_workbook(data):
        raise TableRefused(finding.code, **finding.params)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = tuple(s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible)
        if wanted is not None and wanted not in names:
            raise TableRefused("table_no_such_sheet", sheet=wanted)
        for name in names[:_SHEETS_TRIED] if wanted is None else (wanted,):
            found = book.get_sheet_by_name(name)
            head = _bounded([_text(v) for v in row] for row in islice(found.iter_rows(), HEADER_SEARCH_ROWS))
            if any(map(any, head)):
                break
        else:
            raise TableRefused("table_empty")
    except CalamineError as error:
        raise TableRefused("table_malformed") from error

    def read() -> Iterator[list[str]]:
        return ([_text(value) for value in row] for row in found.iter_rows())

    at, _ = _find_header(head, header)
    return Table(_headers(head, at), at + 1, "xlsx", read, sheet=name, sheets=names)


def _text(value: object) -> str:
    """Returns a cell of a workbook as text: 1200.0 → "1200", 0.1 → "0.1", a date → "2026-11-21"."""
    if type(value) is str:
        return _clean(value)
    if type(value) is float:
        # repr is the shortest text that means this number: what the person typed, not its binary tail.
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date | time | timedelta | int):
        return str(value)
    return ""


def _headers(head: list[list[str]], at: int) -> list[str]:
    headers = list(head[at]) if head else []
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise TableRefused("table_empty")
    if len(headers) > MAX_COLUMNS:
        raise TableRefused("table_too_many_columns", most=MAX_COLUMNS, found=len(headers))
    return headers


def _find_header(head: list[list[str]], header: Header) -> tuple[int, int]:
    """Returns the index of the header row and the number of its known names (0: no match, first row taken)."""
    first = next((at for at, cells in enumerate(head) if any(cells)), 0)
    if callable(header):
        found = next((at for at, cells in enumerate(head) if header(cells)), None)
        return (first, 0) if found is None else (found, len(head[found]))
    known = {header_key(name) for name in header}
    best, most = first, 0
    for at, cells in enumerate(head):
        matches = len({header_key(cell) for cell in cells} & known)
        if matches > most:
            best, most = at, matches
    return best, most


def _fit(cells: list[str], width: int) -> list[str]:
    if len(cells) == width:
        return cells
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


def _looks_like_total(cells: Iterable[str]) -> bool:
    label = next(filter(None, cells), "")
    return label[:1] in _TOTAL_INITIALS and len(label) < 16 and header_key(label) in _TOTAL_LABELS
