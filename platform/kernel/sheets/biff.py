"""Limits of an XLS upload (BIFF in an OLE file): what its records claim, measured before the reader believes them.

Invariant: the reader makes room for as many cells and texts as a record claims, and ends the whole process when that is
too much; so every record is walked first, and what is not understood is refused.
"""

from __future__ import annotations

import io
import struct
from typing import Final

import olefile

from kernel.sheets.archive import MAX_SHARED, MAX_SHEET_CELLS, Finding

#: The first bytes of an OLE file.
OLE: Final = b"\xd0\xcf\x11\xe0"
_STREAMS: Final = ("Workbook", "Book", "WORKBOOK", "BOOK")
_DIMENSIONS, _SHARED_TEXTS, _BEGIN, _PASSWORD = 0x0200, 0x00FC, 0x0809, 0x002F
#: Records of a cell: its row and column stand first. Those of several cells end with the last column.
_CELLS: Final = frozenset({0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x00FD, 0x027E, 0x00D6})
_CELL_RUNS: Final = frozenset({0x00BD, 0x00BE})


def check_old_workbook(data: bytes) -> Finding | None:
    """Returns the reason to refuse an OLE file, None for a workbook within the limits."""
    try:
        stream = workbook_stream(data)
    except (OSError, ValueError, IndexError, struct.error, RecursionError):
        return Finding("table_malformed")
    return stream if isinstance(stream, Finding) else _check_records(stream)


def workbook_stream(data: bytes) -> bytes | Finding:
    """Returns the records of a workbook. Raises what reading a damaged OLE file raises."""
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        name = next((name for name in _STREAMS if ole.exists(name)), None)
        if name is None:
            return Finding("table_encrypted" if ole.exists("EncryptedPackage") else "table_kind")
        found: bytes = ole.openstream(name).read()
        return found


def _check_records(stream: bytes) -> Finding | None:
    at, last_row, last_column = 0, 0, 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        at += 4 + length
        if len(body) < length:
            return Finding("table_malformed")
        if kind == _PASSWORD:
            return Finding("table_encrypted")
        if kind == _BEGIN:
            last_row = last_column = 0
        elif kind == _SHARED_TEXTS:
            if length < 8 or not 0 <= struct.unpack_from("<i", body, 4)[0] <= MAX_SHARED:
                return Finding("table_malformed")
        elif kind == _DIMENSIONS:
            if finding := _check_extent(body):
                return finding
        elif kind in _CELLS or kind in _CELL_RUNS:
            if length < 6:
                return Finding("table_malformed")
            row, column = struct.unpack_from("<HH", body)
            if kind in _CELL_RUNS:
                column = max(column, struct.unpack_from("<H", body, length - 2)[0])
            last_row, last_column = max(last_row, row + 1), max(last_column, column + 1)
            if last_row * last_column > MAX_SHEET_CELLS:
                return Finding("table_too_wide", {"most": MAX_SHEET_CELLS, "found": last_row * last_column})
    return None


def _check_extent(body: bytes) -> Finding | None:
    """Checks the rectangle that a sheet claims: rows first and end, then columns, in the form of its version."""
    form = {14: "<IIHH", 10: "<HHHH"}.get(len(body))
    if form is None:
        return Finding("table_malformed")
    first_row, end_row, first_column, end_column = struct.unpack_from(form, body)
    if end_row and end_column and (first_row > end_row or first_column > end_column):
        return Finding("table_malformed")
    cells = max(end_row, 1) * max(end_column, 1)
    return Finding("table_too_wide", {"most": MAX_SHEET_CELLS, "found": cells}) if cells > MAX_SHEET_CELLS else None
