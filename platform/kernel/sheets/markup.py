"""Rows of tables in markup: HTML tables and SpreadsheetML 2003, both of which programs save under the name `.xls`.

Invariants: no DTD, no entity but those of HTML's characters, no script; rows, columns and texts are bounded before
they are kept; the text is walked once, whatever is left open in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, NoReturn
from xml.parsers import expat

from kernel.texts import one_line

#: A cell may ask to span or to skip; beyond this many columns or rows it is not believed.
MAX_SPAN: Final = 200
MAX_CELL_TEXT: Final = 8_000
_SPREADSHEET_ML: Final = "urn:schemas-microsoft-com:office:spreadsheet"
_IS_SPREADSHEET_ML = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet", re.IGNORECASE)
_IS_HTML = re.compile(rb"<(?:!doctype\s+html|html|table|head|body|meta|div|style)[\s>]", re.IGNORECASE)
_TAG = re.compile(r"(/?)([A-Za-z][A-Za-z0-9:]{0,30})([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(r"(colspan|rowspan)\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
#: Their content is no text of the page.
_SILENT: Final = frozenset({"script", "style", "title", "template", "noscript"})
_CHUNK: Final = 1 << 16


class BadMarkup(ValueError):
    """The markup is damaged, or brings a DTD."""


def is_html(head: bytes) -> bool:
    """Tells that a file begins as an HTML page or a bare table."""
    return _IS_HTML.search(head[:4096]) is not None and not is_spreadsheet_ml(head)


def is_spreadsheet_ml(head: bytes) -> bool:
    """Tells that a file is a workbook in XML of Excel 2003."""
    return head.lstrip()[:1] == b"<" and _IS_SPREADSHEET_ML.search(head[:4096]) is not None


def html_rows(text: str) -> Iterator[list[str]]:
    """Yields the rows of all tables of a page, in their order; a spanning cell stands in its first place only."""
    row: list[str] | None = None
    cell: list[str] | None = None
    length = 0
    span, below = 1, dict[int, int]()  # column → rows that a cell of an earlier row still covers
    for name, closing, attributes, literal in _tokens(text):
        if literal is not None:
            if cell is not None and length < MAX_CELL_TEXT:
                cell.append(html.unescape(literal[:MAX_CELL_TEXT]))
                length += len(cell[-1])
            continue
        if name in ("br", "p", "div") and cell is not None:
            cell.append(" ")
        if name in ("td", "th", "tr", "table", "tbody", "thead", "tfoot") and cell is not None and row is not None:
            row.append(one_line("".join(cell)))
            row.extend([""] * (span - 1))
            cell = None
        if name in ("tr", "table", "tbody", "thead", "tfoot") and row is not None:
            yield row
            row = None
        if name == "table":
            below.clear()
        elif name == "tr" and not closing:
            row = []
            _pass_covered(row, below)
        elif name in ("td", "th") and not closing:
            row = [] if row is None else row
            _pass_covered(row, below)
            spans = {key.lower(): min(int(number), MAX_SPAN) for key, number in _ATTRIBUTE.findall(attributes)}
            span, cell, length = max(spans.get("colspan", 1), 1), [], 0
            if (rows := spans.get("rowspan", 1)) > 1:
                below.update({len(row) + at: rows - 1 for at in range(span)})
    if row is not None:
        if cell is not None:
            row.append(one_line("".join(cell)))
        yield row


def _pass_covered(row: list[str], below: dict[int, int]) -> None:
    """Leaves the places of the row empty that a cell of a row above covers."""
    while (left := below.get(len(row), 0)) > 0:
        below[len(row)] = left - 1
        row.append("")


def _tokens(text: str) -> Iterator[tuple[str, bool, str, str | None]]:
    """Yields tags as (name, is closing, attributes, None) and texts as ("", False, "", text)."""
    at, end = 0, len(text)
    while at < end:
        opened = text.find("<", at)
        if opened < 0:
            yield "", False, "", text[at:]
            return
        if opened > at:
            yield "", False, "", text[at:opened]
        if text.startswith("<!--", opened):
            closed = text.find("-->", opened)
            at = end if closed < 0 else closed + 3
            continue
        matched = _TAG.match(text, opened + 1)
        if matched is None:
            at = opened + 1  # a sign of its own, or a declaration
            if text.startswith(("<!", "<?", "</"), opened):
                closed = text.find(">", opened)
                at = end if closed < 0 else closed + 1
            else:
                yield "", False, "", "<"
            continue
        name, closing = matched[2].lower(), bool(matched[1])
        at = matched.end()
        if name in _SILENT and not closing:
            closed = text.find(f"</{matched[2]}", at)
            at = end if closed < 0 else closed
            continue
        yield name, closing, matched[3], None


class _Workbook:
    """The handlers of expat for SpreadsheetML: rows of the first sheet that has any."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.ExternalEntityRefHandler = _refuse
        self.ready: list[list[str]] = []
        self.row: list[str] | None = None
        self.data: list[str] | None = None
        self.is_date = False
        self.sheets_with_rows = 0
        self.rows_of_sheet = 0
        self.cell_span = self.length = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local == "Worksheet":
            self.rows_of_sheet = 0
        elif local == "Row" and not self.sheets_with_rows:
            self._skip_rows(_number(attributes, "Index") - 1 - self.rows_of_sheet)
            self.row = []
        elif local == "Cell" and self.row is not None:
            place = _number(attributes, "Index") - 1
            if 0 < place - len(self.row) <= MAX_SPAN:
                self.row.extend([""] * (place - len(self.row)))
            self.cell_span = min(_number(attributes, "MergeAcross"), MAX_SPAN)
            self.row.append("")
        elif local == "Data" and self.row:
            self.data, self.length = [], 0
            self.is_date = attributes.get(f"{_SPREADSHEET_ML} Type") == "DateTime"

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if local == "Data" and self.row and self.data is not None:
            text = one_line("".join(self.data))
            self.row[-1] = text.removesuffix("T00:00:00.000") if self.is_date else text
            self.data = None
        elif local == "Cell" and self.row is not None:
            self.row.extend([""] * self.cell_span)
        elif local == "Row" and self.row is not None:
            self.ready.append(self.row)
            self.rows_of_sheet += 1
            self.row = None
        elif local == "Worksheet" and self.rows_of_sheet:
            self.sheets_with_rows += 1

    def _skip_rows(self, rows: int) -> None:
        for _row in range(min(max(rows, 0), MAX_SPAN)):
            self.ready.append([])
            self.rows_of_sheet += 1

    def _text(self, text: str) -> None:
        if self.data is not None and self.length < MAX_CELL_TEXT:
            self.data.append(text[:MAX_CELL_TEXT])
            self.length += len(text)


def spreadsheet_ml_rows(text: str) -> Iterator[list[str]]:
    """Yields the rows of the first sheet that is not empty, with the places that it skips. Raises BadMarkup."""
    book = _Workbook()
    body = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text.removeprefix("\ufeff"), count=1)
    for start in range(0, len(body) + 1, _CHUNK):
        final = start + _CHUNK > len(body)
        try:
            book.parser.Parse(body[start : start + _CHUNK].encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            raise BadMarkup(str(error)) from error
        yield from book.ready
        book.ready.clear()


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(f"{_SPREADSHEET_ML} {name}", "") or attributes.get(name, "")
    return int(text) if text.isdigit() and len(text) < 8 else 0


def _refuse(*_anything: object) -> NoReturn:
    raise BadMarkup("a DTD")
