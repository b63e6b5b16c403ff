"""Recognises the format and encoding of a bank file by its content, never by its name.

Invariant: what is none of the known formats is refused with a reason; decoding never fails, a byte that means nothing
stays visible as a replacement sign.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from ar.receipts.bank.formats import FORMATS, unread
from ar.receipts.bank.formats.events import BankFormat, Refused
from ar.receipts.bank.formats.tables import parsing as tables
from kernel.sheets.markup import is_html, is_spreadsheet_ml

HEAD_BYTES: Final = 64 * 1024
#: A workbook is a ZIP archive, or a compound file of Office 97; whatever stands inside it, it is a table.
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_DECLARED = re.compile(r"""<\?xml[^>]*?encoding=["']([A-Za-z0-9_.:-]+)["']""")
#: What a bank may declare. Python knows more under that name: codecs
#: that are no encodings (zlib, rot13, unicode_escape).
_ENCODINGS = re.compile(
    r"iso8859-\d{1,2}|cp\d{3,5}|gb2312|gbk|gb18030|hz|big5(?:hkscs)?|shift_jis|euc_(?:jp|kr)|koi8-[ru]"
)
_HIGH = re.compile(rb"[\x80-\xff]+")


def recognise(data: bytes) -> BankFormat:
    """Returns the format of a file. Raises Refused when the content is no bank statement."""
    if data.startswith(_WORKBOOKS):
        return tables.FORMAT
    head = _utf8_head(data)
    if not head.strip(b"\x00\r\n\t "):
        raise Refused("bank_file_empty")
    if is_html(head) or is_spreadsheet_ml(head):
        return tables.FORMAT
    found = next((each for each in FORMATS if each.matches(head)), None)
    if found is None or found is tables.FORMAT:
        if name := unread.name_of(head):
            raise Refused("bank_file_other_format", found=name)
        if found is None:
            raise Refused("bank_file_unknown")
    return found


def encoding_of(data: bytes) -> str:
    """Returns the encoding: UTF-8 if valid, UTF-16 by its mark, Chinese if high bytes come in pairs, else Western."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if data[:3] == codecs.BOM_UTF8:
        return "utf-8-sig"
    declared = _DECLARED.search(data[:200].decode("latin-1"))
    try:
        name = codecs.lookup(declared[1]).name if declared else "utf-8"
        if _ENCODINGS.fullmatch(name):
            return "gb18030" if name in ("gb2312", "gbk") else name  # what says GBK is often more than that
    except LookupError:
        pass
    return "utf-8" if _is_utf8(data) else _eastern_or_western(data)


def _is_utf8(data: bytes) -> bool:
    """Tells that all data is UTF-8, decoding in chunks so that the whole text is never in memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 1 << 20):
            decoder.decode(data[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _eastern_or_western(data: bytes) -> str:
    """Returns gb18030 or cp1252: Chinese characters are two high bytes, so runs are even; umlauts are single."""
    even = odd = 0
    for at, run in enumerate(_HIGH.finditer(data)):
        length = run.end() - run.start()
        even, odd = (even + length, odd) if length % 2 == 0 else (even, odd + length)
        if at > 5_000:
            break
    return "gb18030" if even >= odd else "cp1252"


def _utf8_head(data: bytes) -> bytes:
    head = data[:HEAD_BYTES]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace").encode("utf-8", "replace")
    return head
