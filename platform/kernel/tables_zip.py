"""What an XLSX upload may cost: its unpacked size and the extent of its sheets, known before it is parsed.

May import the standard library only. Invariant: nothing is unpacked into memory beyond a chunk, and sizes are
counted, not believed: both the directory of a ZIP and the extent written in a sheet can lie.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final

MAX_ENTRIES: Final = 500
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_RATIO: Final = 120
#: The reader holds a sheet as a full rectangle; one stray cell in a far corner would ask for gigabytes.
MAX_SHEET_CELLS: Final = 4_000_000

_CHUNK: Final = 1 << 20
_LONGEST_REFERENCE: Final = 32
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a workbook is refused."""

    code: str
    params: dict[str, object] = field(default_factory=dict)


def check_workbook(data: bytes) -> Finding | None:
    """None when the archive is a workbook of bearable size, else what is wrong with it."""
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
            return next(filter(None, (_check_entry(data, archive, entry) for entry in entries)), None)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, OSError):
        return Finding("table_malformed")


def _check_entry(data: bytes, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Finding | None:
    """Unpack one entry by chunks: it may not be longer than it claims, nor a sheet wider than we can hold."""
    is_sheet = entry.filename.startswith("xl/worksheets/")
    with archive.open(entry) as opened:  # validates the local header and leaves its end behind
        opened.read(1)
    name_length, extra_length = (
        int.from_bytes(data[entry.header_offset + at : entry.header_offset + at + 2], "little") for at in (26, 28)
    )
    start = entry.header_offset + 30 + name_length + extra_length
    packed = memoryview(data)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        chunks = [bytes(packed)]
        return _extent(chunks[0]).verdict() if is_sheet else None
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        return Finding("table_malformed")
    unpacker, rest, length, extent, tail = zlib.decompressobj(-15), bytes(packed), 0, Extent(), b""
    while not unpacker.eof:
        chunk = unpacker.decompress(rest, _CHUNK)
        rest = unpacker.unconsumed_tail
        length += len(chunk)
        if length > entry.file_size:
            return Finding("table_bomb", {"most": entry.file_size, "found": length})
        if is_sheet:
            extent = extent.grown(_extent(tail + chunk))
            tail = chunk[-_LONGEST_REFERENCE:]
        if not chunk and not rest:
            break
    return extent.verdict() if is_sheet else None


@dataclass(frozen=True, slots=True)
class Extent:
    """The largest row and column that a sheet names."""

    row: int = 0
    column: int = 0

    def grown(self, other: Extent) -> Extent:
        """The extent that covers both."""
        return Extent(max(self.row, other.row), max(self.column, other.column))

    def verdict(self) -> Finding | None:
        """A finding when the rectangle is larger than the reader may hold."""
        cells = self.row * self.column
        return Finding("table_too_wide", {"most": MAX_SHEET_CELLS, "found": cells}) if cells > MAX_SHEET_CELLS else None


def _extent(xml: bytes) -> Extent:
    references = _REFERENCE.findall(xml)
    if not references:
        return Extent()
    letters = max({reference[0].upper() for reference in references}, key=lambda name: (len(name), name))
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return Extent(max(int(reference[1]) for reference in references), column)
