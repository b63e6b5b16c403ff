"""Parses a ZIP of bank files, as banks send camt and payment services send their bills: its files one after another.

Invariants: nothing is unpacked beyond its bound, whatever the archive says of itself; a file that is no statement is
named and left out; a notification (camt.054) lends its payments to the statements beside it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ar.receipts.bank.formats import recognition
from ar.receipts.bank.formats.camt.statements import NOTIFICATION, notified_details
from ar.receipts.bank.formats.events import (
    BankFormat,
    Event,
    Opened,
    Problem,
    Question,
    Refused,
    Source,
    clean,
)
from ar.receipts.bank.formats.tables import parsing as tables
from kernel.sheets import TableRefused

MAX_MEMBERS: Final = 200
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
#: Members that make an archive a document of its own: workbooks and what else offices save.
_DOCUMENTS: Final = ("[Content_Types].xml", "mimetype", "META-INF/manifest.xml")


class Member(NamedTuple):
    """A file of the archive."""

    name: str
    data: bytes


def is_zip_of_files(data: bytes) -> bool:
    """Tells that the data is an archive and no workbook. Raises Refused when it cannot be opened at all."""
    if not data.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return not any(name in _DOCUMENTS for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False  # the reader of workbooks has the words for a damaged one


def recognise(data: bytes) -> BankFormat:
    """Returns the format of a file, a ZIP of bank files included. Raises Refused when it is no bank statement."""
    return FORMAT if is_zip_of_files(data) else recognition.recognise(data)


def members(data: bytes) -> list[Member]:
    """Returns the files of the archive in the order of their names. Raises Refused beyond its bounds."""
    found, size = [], 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
            if len(infos) > MAX_MEMBERS:
                raise Refused("bank_file_zip_too_many", most=MAX_MEMBERS)
            for info in sorted(infos, key=lambda each: each.filename):
                if info.flag_bits & 1:
                    raise Refused("bank_file_zip_locked")
                with archive.open(info) as stream:
                    content = stream.read(MAX_UNPACKED_BYTES - size + 1)
                size += len(content)
                if size > MAX_UNPACKED_BYTES:
                    raise Refused("bank_file_zip_too_large", most=MAX_UNPACKED_BYTES)
                found.append(Member(_name(info), content))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Refused("bank_file_damaged", line=0) from error
    return found


def format_within(data: bytes) -> str:
    """Returns the code of the first statement in the archive ("camt053", "csv"), an empty text without one."""
    for each in members(data):
        found = _format_or_none(each.data)
        if found is not None and found is not NOTIFICATION:
            try:
                return tables.describe(each.data)[0].partition("-")[0] if found is tables.FORMAT else found.code
            except TableRefused:
                continue
    return ""


def table_within(data: bytes) -> Member | None:
    """Returns the first table of an archive, which a person may have to map; the file itself when it is no archive."""
    if not is_zip_of_files(data):
        return Member("", data)
    return next((each for each in members(data) if _format_or_none(each.data) is tables.FORMAT), None)


def parse(source: Source) -> Iterator[Event]:
    """Parses every file of the archive that is a statement. Raises Refused when none is."""
    files = members(source.data)
    formats = [_format_or_none(each.data) for each in files]
    notified: dict[str, Any] = {}
    for each, found in zip(files, formats, strict=True):
        if found is NOTIFICATION:
            notified |= notified_details(Source(each.data, recognition.encoding_of(each.data), each.name))
    base, statements = 0, 0
    left_out: list[Problem] = []
    asked: Question | None = None  # a table whose columns nobody knows: a summary, unless it is all there is
    for each, found in zip(files, formats, strict=True):
        if found is NOTIFICATION:
            continue
        if found is None:
            left_out.append(_left_out(each.name))
            continue
        inner = Source(
            each.data,
            recognition.encoding_of(each.data),
            each.name,
            source.currency_of,
            source.mapping,
            notified,
        )
        last = base
        try:
            for event in found.parse(inner):
                if isinstance(event, Question) and event.code == "columns_unknown":
                    asked = event
                    break
                moved = event if isinstance(event, Problem | Question) else event._replace(ref=event.ref + base)
                if isinstance(moved, Opened):
                    last = max(last, moved.ref)
                yield moved
            else:
                statements += 1
                base = last
                continue
        except (Refused, TableRefused):
            if last > base:
                raise  # broken in the middle: what came before it is not the whole
        left_out.append(_left_out(each.name))
    if not statements and asked is None:
        raise Refused("bank_file_zip_nothing", files=len(files))
    yield from [asked] if asked and not statements else left_out


def _format_or_none(data: bytes) -> BankFormat | None:
    try:
        return recognition.recognise(data)
    except Refused:
        return None


def _left_out(name: str) -> Problem:
    return Problem(0, "zip_file_left_out", {"found": name}, lost=False)


def _name(info: zipfile.ZipInfo) -> str:
    """Returns the name of a file; without the mark for UTF-8, Chinese systems write it in GB18030."""
    name = info.filename
    if not info.flag_bits & 0x800 and not name.isascii():
        try:
            name = name.encode("cp437").decode("gb18030")
        except UnicodeError:
            name = info.filename
    return clean(name.rpartition("/")[2])


def _is_hidden(name: str) -> bool:
    """What macOS and Windows put beside the files."""
    base = name.rpartition("/")[2]
    return name.startswith("__MACOSX/") or base.startswith(".") or base.lower() in ("thumbs.db", "desktop.ini")


FORMAT: Final = BankFormat("zip", {"zip": "ZIP"}, is_zip_of_files, parse)
