"""Cells of a workbook that hold the last instant of a day, which the reader rounds to the next one; where days begin.

Invariant: the day a person saw is kept: 28 Feb 23:59:59.999999 is 28 Feb. Other cells cost one look at the bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kernel.sheets.dates import SERIAL_ZERO

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
#: Within half a millisecond of midnight the reader says the next day.
_MARK: Final = b".99999999"
_SINCE_1904: Final = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]{0,400}\bdate1904="(?:1|true)"')
_CELL: Final = re.compile(
    rb'<c [^<>]{0,200}?r="([A-Z]{1,3})([0-9]{1,7})"[^<>]{0,200}>\s*<v>([0-9]{4,6})\.99999999[0-9]*</v>'
)


@dataclass(frozen=True, slots=True)
class LateDays:
    """Positions (row, column from 0) whose day was rounded up → (as the reader says it, as it is)."""

    days: dict[tuple[int, int], tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.days)

    def corrected(self, rows: Iterable[list[str]], first_column: int) -> Iterator[list[str]]:
        """Yields the rows with these cells put right; the reader leaves out what lies left of `first_column`."""
        wanted = {row for row, _column in self.days}
        for at, cells in enumerate(rows):
            if at in wanted:
                for place, cell in enumerate(cells):
                    said, meant = self.days.get((at, first_column + place), ("", ""))
                    if said and cell == said:
                        cells[place] = meant
            yield cells


def late_days(data: bytes) -> LateDays:
    """Returns the cells of an XLSX whose day the reader would round up; the file has passed `check_workbook`."""
    days: dict[tuple[int, int], tuple[str, str]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if not name.lower().endswith(".xml") or "sheet" not in name.lower():
                continue
            with archive.open(name) as part:
                tail = b""
                while chunk := part.read(_CHUNK):
                    text = tail + chunk
                    if _MARK in text:
                        days.update(map(_day, _CELL.finditer(text)))
                    tail = text[-_OVERLAP:]
    return LateDays(days)


def counts_from_1904(data: bytes) -> bool:
    """Tells that an XLSX counts its days from 1904; the reader knows it of cells formatted as days only."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = next((name for name in archive.namelist() if name.lower() == "xl/workbook.xml"), None)
        if part is None:
            return False
        with archive.open(part) as text:
            return _SINCE_1904.search(text.read(_CHUNK)) is not None


def _day(found: re.Match[bytes]) -> tuple[tuple[int, int], tuple[str, str]]:
    column = 0
    for letter in found[1]:
        column = column * 26 + letter - 64
    day = SERIAL_ZERO + timedelta(days=int(found[3]))
    return (int(found[2]) - 1, column - 1), ((day + timedelta(days=1)).isoformat(), day.isoformat())
