"""Cells of an XLS that show an error (#N/A, #REF!), which the reader hands over as empty.

Invariant: the workbook has passed `check_old_workbook`, so every record is whole; a sheet that is not found has none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from kernel.sheets.biff import workbook_stream

_FORMULA, _BOOL_OR_ERROR, _SHEET, _CODE_PAGE, _BEGIN, _END = 0x0006, 0x0205, 0x0085, 0x0042, 0x0809, 0x000A
_BIFF8: Final = 0x0600
_WORDS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def old_error_cells(data: bytes, sheet: str) -> dict[int, dict[int, str]]:
    """Returns row → column → error of a sheet's cells, both from 0."""
    stream = workbook_stream(data)
    found: dict[int, dict[int, str]] = {}
    if not isinstance(stream, bytes):
        return found
    start = _sheets(stream).get(sheet)
    if start is None:
        return found
    depth = 0
    for kind, body in _records(stream, start):
        depth += (kind == _BEGIN) - (kind == _END)
        if depth == 0:
            break
        code = _error_code(kind, body) if depth == 1 else None  # a chart in the sheet has cells of its own
        if code is not None:
            row, column = struct.unpack_from("<HH", body)
            found.setdefault(row, {})[column] = _WORDS.get(code, "#N/A")
    return found


def _error_code(kind: int, body: bytes) -> int | None:
    if kind == _BOOL_OR_ERROR and len(body) >= 8 and body[7]:
        return body[6]
    # What a formula came to: eight bytes; an error where the last two are set and the first is 2.
    if kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
        return body[8]
    return None


def _sheets(stream: bytes) -> dict[str, int]:
    """Returns the name of each sheet and where its records begin."""
    version, code_page, found = _BIFF8, "cp1252", {}
    for kind, body in _records(stream, 0):
        if kind == _BEGIN:
            version = struct.unpack_from("<H", body)[0]
        elif kind == _CODE_PAGE:
            code_page = f"cp{struct.unpack_from('<H', body)[0]}"
        elif kind == _SHEET:
            with suppress(LookupError, struct.error, UnicodeDecodeError):
                found[_name(body[6:], version, code_page)] = struct.unpack_from("<I", body)[0]
        elif kind == _END:
            break
    return found


def _name(text: bytes, version: int, code_page: str) -> str:
    if version != _BIFF8:
        return text[1 : 1 + text[0]].decode(code_page)
    return text[2 : 2 + 2 * text[0]].decode("utf-16-le") if text[1] & 1 else text[2 : 2 + text[0]].decode("latin-1")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
