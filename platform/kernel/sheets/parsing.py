"""Parses uploads: CSV, XLSX and XLS into a stream of rows of text, with the row numbers a person sees in the file.

Invariant: no cell is interpreted (ids keep their noughts, formulas are never evaluated), a cell is one line of
characters that can be stored and seen, and nothing is parsed before its size has been bounded.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from kernel.sheets import passed_over
from kernel.sheets.archive import check_workbook
from kernel.sheets.biff import OLE, check_old_workbook
from kernel.sheets.cells import cell_text
from kernel.sheets.error_cells import as_shown
from kernel.sheets.late_days import counts_from_1904
from kernel.sheets.markup import BadMarkup, html_rows, is_html, is_spreadsheet_ml, spreadsheet_ml_rows
from kernel.sheets.passed_over import Reason
from kernel.sheets.text_files import DELIMITERS, MAX_CELL_CHARS, TableRefused, csv_rows, decode

MAX_UPLOAD_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
#: A header is looked for among this many rows: ERP exports put a title and a period above it.
HEADER_SEARCH_ROWS: Final = 40
#: A stray NUL is padding of an old system; more of them than one in so many characters is no text at all.
CHARS_PER_NUL: Final = 10


#: How the files begin that are picked by mistake, or renamed: they get a word of their own, not one on encodings.
_OTHER_KINDS: Final = (
    *(b"%PDF", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"),
    *(b"\x1f\x8b\x08", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"BZh91AY&SY", b"\xfd7zXZ\x00", b"PK\x05\x06"),
)
#: So many sheets at most are opened to find the one with the table.
_SHEETS_TRIED: Final = 20
#: A sheet with so many known names in its header is the table, not a cover before it.
_NAMES_OF_A_TABLE: Final = 2
# No bracket inside the brackets: else many of them opened and none closed cost the square of their number.
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")

HeaderTest = Callable[[list[str]], bool]
Header = Collection[str] | HeaderTest


class Opening(Protocol):
    """How a file is opened where that is told, not guessed: `kernel.sheets.mapping.ColumnMapping` says it."""

    @property
    def encoding(self) -> str | None: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def sheet(self) -> str | None: ...
    @property
    def header_row(self) -> int | None: ...


class Row(NamedTuple):
    """One row: `number` as seen in the file, `cells` padded to the headers, `reason` why it is passed over (or "")."""

    number: int
    cells: list[str]
    reason: Reason = ""

    @property
    def is_total(self) -> bool:
        """True for a row that is no data: a total, a signature, a heading."""
        return bool(self.reason)


#: Encodings of banks elsewhere, tried where the header is not known in the usual ones.
_OTHER_ENCODINGS: Final = ("big5", "shift_jis", "euc_kr", "cp1250", "cp1254", "cp1252", "cp1251")
#: An encoding in which every byte is a letter.
_ANY_BYTES: Final = "iso8859_2"
#: The index of the header of a file that has none.
_NO_HEADER: Final = -1
_DAY: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\.?|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}|20\d{6}"
)
_FIGURE: Final = re.compile(r"[-+(]?[^\w\s]?\s?\d[\d., ']*[.,]\d{2}\)?-?")


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file. `rows()` may be called again and streams each time.

    Attributes: `headers` as written; `header_row` its 1-based number, 0 where the first row is data already and the
    columns are called "#1", "#2"; `kind` "csv", "xlsx" or "xls"; `encoding` and `delimiter` for CSV, `sheet` and
    `sheets` for workbooks, else empty; `from_1904`: days count from there.
    """

    headers: list[str]
    header_row: int
    kind: str
    _read: Callable[[], Iterator[list[str]]]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    from_1904: bool = False

    @property
    def is_workbook(self) -> bool:
        """True where a bare number in a cell may be a spreadsheet's date."""
        return self.kind != "csv"

    def above(self) -> list[list[str]]:
        """Returns the rows above the header: titles, periods, accounts, as exports write them."""
        return self.head(max(0, self.header_row - 1))

    def head(self, rows: int) -> list[list[str]]:
        """Returns the first rows of the file, the header among them."""
        return list(islice(self._read(), rows))

    def rows(self) -> Iterator[Row]:
        """Yields the non-empty rows below the header, with the reason of those that are no data.

        Raises TableRefused beyond MAX_ROWS or MAX_CELL_CHARS.
        """
        width, count, fullest = len(self.headers), 0, 0
        before: list[str] = []
        kept: list[Row] = []  # rows that may close the table, until it is known whether data follows
        for number, cells in enumerate(self._read(), start=1):
            if number <= self.header_row or not any(cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise TableRefused("table_too_many_rows", most=MAX_ROWS)
            if max(map(len, cells)) > MAX_CELL_CHARS:
                raise TableRefused("table_cell_too_long", row=number, most=MAX_CELL_CHARS)
            row = Row(number, _fit(cells, width))
            filled = sum(map(bool, row.cells))
            if filled < fullest or filled <= 2:
                if passed_over.is_rule(row.cells):
                    count -= 1
                    continue
                if passed_over.closing_reason(row.cells):
                    kept.append(row)
                    continue
            elif passed_over.total_reason(row.cells):
                kept.append(row)
                continue
            if kept:
                yield from (_between(each, self.headers, fullest, before) for each in kept)
                kept.clear()
            row = _between(row, self.headers, fullest, before)
            if not row.reason:
                fullest = max(fullest, filled)
                before = row.cells
            yield row
        yield from (row._replace(reason=passed_over.closing_reason(row.cells)) for row in kept)


def _between(row: Row, headers: Sequence[str], fullest: int, before: Sequence[str]) -> Row:
    reason = passed_over.anywhere_reason(row.cells, headers, fullest, before)
    return row._replace(reason=reason) if reason else row


def open_table(
    source: Path | str | bytes, filename: str = "", header: Header = (), *, told: Opening | None = None
) -> Table:
    """Opens an upload by its content; `filename` is used in messages only.

    `header` says how the header row is known: the names that may stand in it (compared by `header_key`), or a
    predicate on the cells. Title rows above it are skipped; when nothing matches, it is the first row as wide as those
    below it, and with a predicate no row at all where that one is data itself. `told` says encoding, delimiter, sheet
    and header row where they are known. Raises TableRefused.
    """
    data = _bytes(source)
    if not data.strip():
        raise TableRefused("table_empty", filename=filename)
    if data[:4] in (b"PK\x03\x04", OLE):
        return _open_workbook(data, header, told)
    if is_html(data) or is_spreadsheet_ml(data):
        return _open_markup(data, header, told)
    if data.startswith(_OTHER_KINDS) or data.lstrip()[:1] == b"<":
        raise TableRefused("table_kind", filename=filename)
    return _open_csv(data, header, told)


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


def _open_csv(data: bytes, header: Header, told: Opening | None) -> Table:
    try:
        text, encoding = decode(data, told.encoding if told else None)
    except TableRefused:
        if (told and told.encoding) or not callable(header):
            raise
        # A person says the encoding on the mapping page; there every byte must have a letter.
        return _by_known_header(data, header, told) or _read_as(data, _ANY_BYTES, header, told)[0]
    if text.count("\x00") * CHARS_PER_NUL > len(text):
        raise TableRefused("table_kind")
    if not text.strip(" \t\r\n,;|"):
        raise TableRefused("table_empty")
    is_plain = text.isascii()
    del text  # decoded again line by line: whole, it would be the largest thing that an import holds
    table, matches = _read_as(data, encoding, header, told)
    if matches or is_plain or not callable(header) or (told and told.encoding):
        return table
    return _by_known_header(data, header, told) or table


def _by_known_header(data: bytes, header: Header, told: Opening | None) -> Table | None:
    """Returns the table in the first other encoding in which its header is a known one."""
    for encoding in _OTHER_ENCODINGS:
        try:
            data.decode(encoding)
            table, matches = _read_as(data, encoding, header, told)
        except (UnicodeDecodeError, TableRefused):
            continue
        if matches:
            return table
    return None


def _read_as(data: bytes, encoding: str, header: Header, told: Opening | None) -> tuple[Table, int]:
    """Returns the table in an encoding by its best delimiter, and the number of known names in its header."""

    def reader(delimiter: str) -> Callable[[], Iterator[list[str]]]:
        return lambda: csv_rows(data, encoding, delimiter)

    best, refused_first = None, None
    for delimiter in (told.delimiter,) if told and told.delimiter else DELIMITERS:
        try:
            head = _bounded(islice(csv_rows(data, encoding, delimiter), _head_rows(told)))
        except TableRefused as refused:
            # The wrong delimiter may break quoting or leave a line whole; the right one is judged when it is read.
            refused_first = refused_first or (refused if refused.code != "table_malformed" else None)
            continue
        at, matches = _find_header(head, header, told)
        # Most known names decide between delimiters; then the most cells in the header.
        score = (matches, sum(map(bool, head[max(0, at)])) if head else 0)
        if best is None or score > best[0]:
            best = (score, delimiter, at, head)
    if refused_first is not None and (best is None or best[0] <= (0, 1)):
        raise refused_first
    if best is None:
        raise TableRefused("table_malformed")
    (matches, _cells), delimiter, at, head = best
    table = Table(_headers(head, at), at + 1, "csv", reader(delimiter), encoding=encoding, delimiter=delimiter)
    return table, matches


def _bounded(rows: Iterable[list[str]]) -> list[list[str]]:
    """Returns the first rows, among which the header is searched, checked for MAX_CELL_CHARS."""
    head = []
    for number, cells in enumerate(rows, start=1):
        if max(map(len, cells), default=0) > MAX_CELL_CHARS:
            raise TableRefused("table_cell_too_long", row=number, most=MAX_CELL_CHARS)
        head.append(cells)
    return head


def _open_workbook(data: bytes, header: Header, told: Opening | None) -> Table:
    old = data[:4] == OLE
    if finding := check_old_workbook(data) if old else check_workbook(data):
        raise TableRefused(finding.code, **finding.params)
    wanted = told.sheet if told else None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = tuple(s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible)
        if wanted is not None and wanted not in names:
            raise TableRefused("table_no_such_sheet", sheet=wanted)
        best = None
        for name in names[:_SHEETS_TRIED] if wanted is None else (wanted,):
            found = book.get_sheet_by_name(name)
            head = _bounded([cell_text(v) for v in row] for row in islice(found.iter_rows(), _head_rows(told)))
            if not any(map(any, head)):
                continue
            at, matches = _find_header(head, header, told)
            best = best or (name, found, head, at)
            if matches >= _NAMES_OF_A_TABLE:
                best = (name, found, head, at)
                break
            if not header:
                break
        if best is None:
            raise TableRefused("table_empty")
        name, found, head, at = best
    except CalamineError as error:
        raise TableRefused("table_malformed") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise TableRefused("table_malformed") from error  # the reader gave up on a damaged file in its own way

    shown = as_shown(data, name)

    def read() -> Iterator[list[str]]:
        rows = ([cell_text(value) for value in row] for row in found.iter_rows())
        return iter(shown(rows, (found.start or (0, 0))[1])) if shown else rows

    kind, since = ("xls", False) if old else ("xlsx", counts_from_1904(data))
    return Table(_headers(head, at), at + 1, kind, read, sheet=name, sheets=names, from_1904=since)


def _open_markup(data: bytes, header: Header, told: Opening | None) -> Table:
    """Opens an HTML page or a workbook in XML, both of which programs save under the name of a workbook."""
    text, encoding = decode(data, told.encoding if told else None)

    def read() -> Iterator[list[str]]:
        try:
            yield from spreadsheet_ml_rows(text) if is_spreadsheet_ml(data) else html_rows(text)
        except BadMarkup as error:
            raise TableRefused("table_malformed") from error

    head = _bounded(islice(read(), _head_rows(told)))
    if not any(map(any, head)):
        raise TableRefused("table_kind")  # a page without a table
    at, _ = _find_header(head, header, told)
    return Table(_headers(head, at), at + 1, "xls", read, encoding=encoding)


def _head_rows(told: Opening | None) -> int:
    return max(HEADER_SEARCH_ROWS, (told.header_row or 0) + 1 if told else 0)


def _headers(head: list[list[str]], at: int) -> list[str]:
    if at == _NO_HEADER:
        return [f"#{place}" for place in range(1, min(max(map(len, head)), MAX_COLUMNS) + 1)]
    headers = list(head[at]) if head else []
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise TableRefused("table_empty")
    if len(headers) > MAX_COLUMNS:
        raise TableRefused("table_too_many_columns", most=MAX_COLUMNS, found=len(headers))
    return headers


def _find_header(head: list[list[str]], header: Header, told: Opening | None) -> tuple[int, int]:
    """Returns the index of the header row and the number of its known names (0: no match, taken by its width)."""
    known = set() if callable(header) else {header_key(name) for name in header}
    if told and told.header_row == 0:
        return _NO_HEADER, 0
    if told and told.header_row:
        at = told.header_row - 1
        if at >= len(head):
            raise TableRefused("table_no_such_row", row=told.header_row)
        return at, len({header_key(cell) for cell in head[at]} & known) if known else len(head[at])
    first = _first_wide(head)
    if callable(header):
        found = next((at for at, cells in enumerate(head) if header(cells)), None)
        if found is None:
            return (_NO_HEADER if head and _is_data(head[first]) else first), 0
        return found, len(head[found])
    best, most = first, 0
    for at, cells in enumerate(head):
        matches = len({header_key(cell) for cell in cells} & known)
        if matches > most:
            best, most = at, matches
    return best, most


def _is_data(cells: Sequence[str]) -> bool:
    """Tells that a row is no header: it has a day and a figure with decimals."""
    return any(_DAY.fullmatch(cell) for cell in cells) and any(_FIGURE.fullmatch(cell) for cell in cells)


def _first_wide(head: list[list[str]]) -> int:
    """Returns the index of the first row with at least half as many cells as the fullest: titles are shorter."""
    filled = [sum(map(bool, cells)) for cells in head]
    wide = max(filled, default=0)
    return next((at for at, count in enumerate(filled) if count and 2 * count > wide), 0)


def _fit(cells: list[str], width: int) -> list[str]:
    if len(cells) == width:
        return cells
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells
