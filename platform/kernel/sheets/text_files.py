"""Text files as rows of cells: encoding and delimiter found, and nothing split that is longer than a table can be.

Invariant: a line is measured before it is cut into cells, so that no file costs more than its bytes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Final

from kernel.errors import RuleBroken
from kernel.sheets.cells import clean_cell

MAX_CELL_CHARS: Final = 4_000
#: Cells of one row that are looked at; a table has at most MAX_COLUMNS named ones, a wide export some empty ones more.
MAX_CELLS: Final = 1_000
#: Characters of one line of the file; longer ones are no table.
MAX_LINE_CHARS: Final = 200_000
DELIMITERS: Final = (",", ";", "\t", "|")
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
#: So many of the runs of high bytes must be single ones for a text of western letters.
_MOSTLY: Final = 0.9
_SAMPLE_BYTES: Final = 1 << 18


class TableRefused(RuleBroken):
    """The file as a whole is refused. Codes begin with `table_`, `params` name bound and finding."""


def decode(data: bytes, told: str | None = None) -> tuple[str, str]:
    """Returns the text and its encoding: the one told, else UTF-8, UTF-16 by its mark, GB18030 or CP1252.

    Western letters stand alone between ASCII ones, Chinese characters are pairs of bytes: by that the two are told
    apart, since nearly every text in CP1252 is also valid GB18030. Raises TableRefused(`table_encoding`).
    """
    for encoding in (_told(data, told),) if told else _candidates(data):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise TableRefused("table_encoding")


def _told(data: bytes, told: str) -> str:
    return "utf-8-sig" if told == "utf-8" and data[:3] == b"\xef\xbb\xbf" else told


def _candidates(data: bytes) -> tuple[str, ...]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if data[:3] == b"\xef\xbb\xbf":
        return ("utf-8-sig",)
    runs = _HIGH_RUN.findall(data[:_SAMPLE_BYTES])
    western = bool(runs) and sum(len(run) == 1 for run in runs) >= _MOSTLY * len(runs)
    return ("utf-8", "cp1252") if western else ("utf-8", "gb18030")


def csv_rows(data: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yields the rows of a file. Raises TableRefused for a line, a row or a cell beyond what a table has."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    count = 0
    try:
        for cells in csv.reader(_measured(lines), delimiter=delimiter):
            count += 1
            if len(cells) > MAX_CELLS:
                raise TableRefused("table_too_many_columns", most=MAX_CELLS, found=len(cells))
            yield [clean_cell(cell) for cell in cells]
    except csv.Error as error:
        if "field limit" in str(error):
            raise TableRefused("table_cell_too_long", row=count + 1, most=MAX_CELL_CHARS) from error
        raise TableRefused("table_malformed") from error


def _measured(lines: io.TextIOWrapper) -> Iterator[str]:
    read: Callable[[int], str] = lines.readline
    number = 0
    while line := read(MAX_LINE_CHARS + 1):
        number += 1
        if len(line) > MAX_LINE_CHARS:
            raise TableRefused("table_line_too_long", row=number, most=MAX_LINE_CHARS)
        yield line
