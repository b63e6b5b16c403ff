"""Names the bank formats and texts that are not read, so that a refusal says what was seen and what to ask for.

A format that is read has its own module; when one of these gets one, its line here goes.
"""

from __future__ import annotations

import re
from typing import Final

from ar.receipts.bank.formats.events import BLANKS

#: A confirmation of one debit or credit: :32A: where a statement has its balance.
_ADVICE: Final = (
    rb":20:[^\r\n]{0,40}[\r\n]+:21:[^\r\n]{0,40}[\r\n]+(?::25P?:[^\r\n]{0,60}[\r\n]+)?"
    rb"(?::13D:[^\r\n]{0,40}[\r\n]+)?:32A:"
)
#: Pattern of the beginning → what people call it, in any language. Anchored: each looks at a bounded piece only.
_BEGINNINGS: Final[tuple[tuple[re.Pattern[bytes], str], ...]] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rb"0\d{4}\d{6}\d{3}05[ D\d]", "CODA (Febelfin)"),
        (rb"11\d{18}\d{12}[12 ]\d{14}\d{3}", "Norma 43 (AEB/CSB)"),
        (rb"01\d{5}.{4}\d{5}[A-Z]{3}\d[ \d]", "CFONB 120"),
        (rb"01,[^\r\n]{0,200},2/", "BAI2"),
        (rb"!(?:Type|Account|Option|Clear):", "QIF"),
        (rb"\{1:[^}]{0,60}\}\{2:[IO]9[01]0|" + _ADVICE, "MT900 / MT910"),
        (rb"MIME-Version:|From: [^\r\n]{0,200}@|Received: |Return-Path:", "e-mail (EML, MHTML)"),
        (rb"\{\\rtf", "RTF"),
        (rb"[\[{]\s*[\"\[{]", "JSON"),
    )
)
_XML_MESSAGE = re.compile(rb"xsd:((?:pain|camt|pacs|acmt|auth)\.\d{3})\.\d{3}\.\d{2}")
_XML_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?([A-Za-z][\w.-]{0,60})[\s/>]")


def name_of(head: bytes) -> str:
    """Returns what a file that is not read looks like ("CODA (Febelfin)", "pain.001"), an empty text when unknown."""
    body = head.lstrip(BLANKS)
    found = next((name for pattern, name in _BEGINNINGS if pattern.match(body)), "")
    if found or body[:1] != b"<":
        return found
    if message := _XML_MESSAGE.search(body):
        return message[1].decode()
    root = _XML_ROOT.search(body)
    return f"XML <{root[1].decode()}>" if root else "XML"
