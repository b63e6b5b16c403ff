"""Limits of an XLSX upload: its unpacked size and the extent of its sheets, measured before it is parsed.

Invariant: nothing is unpacked into memory beyond a chunk, and sizes are counted, not believed: the directory of a
ZIP, the name of a part and the extent written in a sheet can lie. The reader behind this ends the whole process when a
sheet's rectangle is too large, so what is not understood is refused.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final, NoReturn
from xml.parsers import expat

MAX_ENTRIES: Final = 500
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_RATIO: Final = 120
#: The reader keeps a sheet in memory as a full rectangle; one stray cell in a far corner would ask for gigabytes.
MAX_SHEET_CELLS: Final = 4_000_000
#: The reader makes room for as many shared texts as the workbook claims to have, before it meets the first.
MAX_SHARED: Final = 2 * MAX_SHEET_CELLS
MAX_DEPTH: Final = 1_000

_CHUNK: Final = 1 << 20
#: A tag longer than this is an attack on the parser, which starts a tag over with every chunk.
_LONGEST_TAG: Final = 2 * _CHUNK
#: No part without this element has cells, whatever its name; the reader knows it by its local name.
_SHEET_MARK: Final = b"sheetData"
_SHARED_NAME = re.compile(r"sharedstrings", re.IGNORECASE)
_REFERENCE = re.compile("([A-Za-z]{1,20})([0-9]{1,40})")
_NUMBER = re.compile("[0-9]{1,40}")


@dataclass(frozen=True, slots=True)
class Finding:
    """The reason for refusing a workbook: a code of `table_…` with its parameters."""

    code: str
    params: dict[str, object] = field(default_factory=dict)


def check_workbook(data: bytes) -> Finding | None:
    """Returns the reason to refuse an archive, None for a workbook within the limits."""
    digest = sha256(data).digest()
    found = _cached_finding(digest)
    if not found:
        found.append(_check(data))
    return found[0]


@lru_cache(maxsize=32)
def _cached_finding(_digest: bytes) -> list[Finding | None]:
    """The cached verdict on a file: an import opens the same one several times."""
    return []


def _check(data: bytes) -> Finding | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if "xl/workbook.xml" not in {entry.filename for entry in entries}:
                return Finding("table_kind")
            if len(entries) > MAX_ENTRIES or any(e.flag_bits & 1 for e in entries):
                return Finding("table_malformed")
            claimed = sum(entry.file_size for entry in entries)
            if claimed > MAX_UNPACKED_BYTES or claimed > MAX_RATIO * max(len(data), _CHUNK // 8):
                return Finding("table_bomb", {"most": MAX_UNPACKED_BYTES, "found": claimed})
            for entry in entries:
                if finding := _check_entry(data, archive, entry):
                    return finding
            return None
    except _Refused as refused:
        return refused.finding
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, OSError, expat.ExpatError):
        return Finding("table_malformed")


class _Refused(Exception):
    """Carries a finding out of the parser."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def _check_entry(data: bytes, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Finding | None:
    """Refuses an entry that is longer than it claims, or a sheet with more cells than allowed."""
    with archive.open(entry) as opened:  # validates the local header and leaves its end behind
        opened.read(1)
    name_length, extra_length = (
        int.from_bytes(data[entry.header_offset + at : entry.header_offset + at + 2], "little") for at in (26, 28)
    )
    start = entry.header_offset + 30 + name_length + extra_length
    packed = memoryview(data)[start : start + entry.compress_size]
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Finding("table_malformed")
    if not _is_sheet(_unpacked(entry, packed)) and not _SHARED_NAME.search(entry.filename):
        return None
    sheet = _Sheet()
    for chunk in _unpacked(entry, packed):
        sheet.feed(chunk)
    return sheet.verdict()


def _unpacked(entry: zipfile.ZipInfo, packed: memoryview) -> Iterator[bytes]:
    """Yields an entry by chunks. Raises _Refused when it is longer than it claims."""
    if entry.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), _CHUNK):
            yield bytes(packed[at : at + _CHUNK])
        return
    unpacker, rest, length = zlib.decompressobj(-15), bytes(packed), 0
    while not unpacker.eof:
        chunk = unpacker.decompress(rest, _CHUNK)
        rest = unpacker.unconsumed_tail
        length += len(chunk)
        if length > entry.file_size:
            raise _Refused(Finding("table_bomb", {"most": entry.file_size, "found": length}))
        yield chunk
        if not chunk and not rest:
            break


def _is_sheet(chunks: Iterator[bytes]) -> bool:
    """Returns whether a part could have cells. Reads it to its end, so that its claimed length is verified."""
    found, tail = False, b""
    for chunk in chunks:
        found = found or _SHEET_MARK in tail + chunk
        tail = (tail + chunk)[-len(_SHEET_MARK) :]
    return found


class _Sheet:
    """Counts how far a sheet's cells reach, at least as far as the reader will count.

    Rows and cells are numbered as the reader does it: by their reference, else after the one before; numbers never
    go back. UTF-8 alone, as the reader takes it, and no document type, so that no entity hides a reference.
    """

    def __init__(self) -> None:
        self._fed = self._depth = self._started = 0
        self._row = self._column = self._last_row = self._last_column = 0
        self._columns: dict[str, int] = {}
        self._ended: list[str] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._ended.append  # the cheapest way to count millions of them
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.ProcessingInstructionHandler = self._refuse

    def feed(self, chunk: bytes) -> None:
        """Parses the next bytes. Raises _Refused, ExpatError."""
        self._parser.Parse(chunk, False)
        self._fed += len(chunk)
        self._depth += self._started - len(self._ended)
        self._started = 0
        self._ended.clear()
        if self._depth > MAX_DEPTH or self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
            self._refuse()

    def verdict(self) -> Finding | None:
        """Returns a finding when the sheet's rectangle exceeds MAX_SHEET_CELLS. Raises ExpatError."""
        self._parser.Parse(b"", True)
        cells = self._last_row * self._last_column
        return Finding("table_too_wide", {"most": MAX_SHEET_CELLS, "found": cells}) if cells > MAX_SHEET_CELLS else None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._started += 1
        if ":" in name:
            name = name.rpartition(":")[2] if name.count(":") == 1 else self._refuse()
        if name == "c":
            self._cell(attributes.get("r"))
        elif name == "row":
            self._begin_row(attributes.get("r"))
        elif name == "sst" and _count(attributes.get("uniqueCount")) > MAX_SHARED:
            self._refuse()

    def _begin_row(self, number: str | None) -> None:
        if number is not None and not _NUMBER.fullmatch(number):
            self._refuse()
        self._row = self._row + 1 if number is None else max(self._row, int(number))
        self._column = 0

    def _cell(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
        else:
            found = _REFERENCE.fullmatch(reference) or self._refuse()
            letters, digits = found.groups()
            column = self._columns.get(letters) or self._columns.setdefault(letters, _column(letters))
            if column > self._column:
                self._column = column
            row = int(digits)
            if row > self._row:
                self._row = row
        if self._row > self._last_row:
            self._last_row = self._row
        if self._column > self._last_column:
            self._last_column = self._column

    def _refuse(self, *_told: object) -> NoReturn:
        raise _Refused(Finding("table_malformed"))


def _count(text: str | None) -> int:
    """Returns a claimed number; MAX_SHARED + 1 for text that is no number."""
    return 0 if text is None else int(text) if _NUMBER.fullmatch(text) else MAX_SHARED + 1


def _column(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return column
