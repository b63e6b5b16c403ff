"""Parses field :86: of MT940 in its dialects: counterparty, references and purpose.

Invariant: whatever is not understood stays in the remittance, so that nothing a debtor wrote is lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ar.receipts.bank.formats.events import MAX_NAME_CHARS, MAX_REMITTANCE_CHARS, RETURN_CODES, clean, clean_account

#: A subfield of the German form is cut after so many characters and goes on in the next; a line of SWIFT after these.
_FIELD_CHARS: Final = 27
_LINE_CHARS: Final = 64

_MARKED = re.compile(r"\s*(\d{3})([?<>^~@])(?=\d{2})")
_KEYWORDS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|PURP|RREF|MTLG)[+:]")
#: The slash behind a code is not taken, for it opens the next where a code has no value: "/REMI/USTD//text".
_CODES = re.compile(
    r"/(EREF|BENM|ORDP|NAME|REMI|ISDT|IBAN|BIC|TRTP|ADDR|CSID|MARF|PURP|RTRN|CNTP|PREF|SVCL|USTD|STRD|KREF|ACCW|INV|"
    r"TRCD|ULTD|ULTB|CDTRREFTP|CDTRREF|OCMT|CHGS|EXCH|ID)(?=/)"
)
_IBAN_FIRST = re.compile(r"([A-Z]{2}\d{2}[A-Z0-9]{10,30})\s+(\S.*)")
#: What the words IBAN and BIC must be followed by to be more than words of a sentence ("IBAN: siehe Rechnung").
_SHAPES: Final = {
    "IBAN": re.compile(
        r"\s*([A-Z]{2}\d{2}(?:[A-Z0-9]{10,30}|(?: [A-Z0-9]{4}){2,7}(?: \d{1,4})?)|\d{6,20})(?![A-Za-z0-9])"
    ),
    "BIC": re.compile(r"\s*([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?![A-Za-z0-9])"),
}
_NO_REFERENCE: Final = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF", "NON REF", "NOV NONREF", "NOREF"})


class Details(NamedTuple):
    """The details of a movement in :86:."""

    payer_name: str = ""
    payer_account: str = ""
    payer_bank: str = ""
    remittance: str = ""
    reference: str = ""
    end_to_end_id: str = ""
    is_return: bool = False
    return_reason: str = ""


def parse_details(lines: Sequence[str], supplement: str = "") -> Details:
    """Parses the lines of a :86:, and the supplement of its :61:, into fields."""
    first = lines[0] if lines else ""
    if marked := _MARKED.match(first):
        return _subfields("".join(lines)[marked.end() :], marked[2], marked[1])
    joined = _join_lines(lines)
    if joined.lstrip().startswith("/") and _CODES.search(joined):
        return _coded(joined, supplement)
    if found := _IBAN_FIRST.match(first):
        rest = _join_lines(lines[1:])
        return Details(clean(found[2], MAX_NAME_CHARS), found[1], "", clean(rest, MAX_REMITTANCE_CHARS))
    text = f"{joined} {supplement}" if supplement.strip() and supplement.strip() not in joined else joined
    return Details(remittance=clean(text, MAX_REMITTANCE_CHARS))


def _join_lines(lines: Sequence[str]) -> str:
    """Joins lines: a full one was cut by the format and continues directly, a shorter one ended a word."""
    parts = []
    for line in lines:
        parts.append(line if len(line) >= _LINE_CHARS else line + " ")
    return "".join(parts)


def _subfields(text: str, mark: str, code: str) -> Details:
    """Parses the German form and its variants: ?20 to ?29 text, ?30 bank, ?31 account, ?32 and ?33 name.

    `code` is the business transaction code in front, such as 166.
    """
    fields: dict[str, str] = {}
    for part in text.split(mark):
        number, value = part[:2], part[2:]
        if number.isdigit():
            fields[number] = value
        elif fields:  # the mark stood within a text
            last = next(reversed(fields))
            fields[last] += mark + part
    names = [fields.get("32", ""), fields.get("33", "")]
    purpose = _join_subfields([fields.get(f"{number}", "") for number in (*range(20, 30), *range(60, 64))])
    known = _keywords(purpose)
    texts = [known.get(word, "") for word in ("", "SVWZ", "MTLG")]
    if not any(text.strip() for text in texts):
        texts = [fields.get("00", "")]
    return Details(
        clean(_join_subfields(names) or known.get("ABWA", ""), MAX_NAME_CHARS),
        clean_account(fields.get("38", "") or fields.get("31", "") or known.get("IBAN", "")),
        clean(fields.get("30", "") or known.get("BIC", "")),
        clean(" ".join(texts), MAX_REMITTANCE_CHARS),
        _reference_or_empty(known.get("KREF", "")),
        _reference_or_empty(known.get("EREF", "")),
        code in RETURN_CODES or "RTRN" in known,
        clean(fields.get("34", "") if code in RETURN_CODES else ""),
    )


def _join_subfields(values: Sequence[str]) -> str:
    """Joins subfields: a full one continues in the next without a blank."""
    whole = ""
    for value in values:
        if value:
            whole += value if len(value) >= _FIELD_CHARS else value + " "
    return whole.strip()


def _keywords(text: str) -> dict[str, str]:
    """Returns the SEPA keywords of a purpose with their values; text before the first is under ''."""
    known = {"": ""}
    name, begun = "", 0
    for found in _KEYWORDS.finditer(text):
        shape = _SHAPES.get(found[1])
        if shape and not shape.match(text, found.end()):
            continue  # a word of the text, not a field
        _add(known, name, text[begun : found.start()])
        name, begun = found[1], found.end()
        if shape and (value := shape.match(text, begun)):
            _add(known, name, value[1])
            name, begun = "", value.end()  # what follows the number is text again
    _add(known, name, text[begun:])
    return known


def _add(known: dict[str, str], name: str, value: str) -> None:
    known[name] = f"{known[name]} {value}" if known.get(name) else value


def _coded(text: str, supplement: str) -> Details:
    """Parses /EREF/…/NAME/…/REMI/…: the Dutch form and that of SWIFT's guide."""
    parts = _CODES.split(text)
    known: dict[str, str] = {}
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        # One slash ends the value where the next code begins with its own; "/REMI//USTD//text" opens a second level.
        value = value.strip().strip("/").strip()
        if value and name not in known:
            known[name] = value
    account, bank, name = known.get("IBAN", ""), known.get("BIC", ""), known.get("NAME", "")
    if account and not any(character.isdigit() for character in account):
        account = ""
    if "CNTP" in known:
        account, bank, name = [*known["CNTP"].split("/"), "", "", ""][:3]
    # /ORDP/ and /BENM/ open a party; a bank that leaves out /NAME/ writes the name right behind.
    name = name or known.get("ORDP", "") or known.get("BENM", "")
    first = supplement.split(" ")[0]
    if not account and _IBAN_FIRST.match(first + " x"):
        account = first
    remittance_text = [known.get(code, "") for code in ("REMI", "USTD", "STRD", "CDTRREF", "INV", "RTRN")]
    left = "" if any(remittance_text) else parts[0].strip(" /")
    return Details(
        clean(name, MAX_NAME_CHARS),
        clean_account(account),
        clean(bank),
        clean(" ".join(filter(None, [*remittance_text, left])), MAX_REMITTANCE_CHARS),
        _reference_or_empty(known.get("KREF", "") or known.get("PREF", "")),
        _reference_or_empty(known.get("EREF", "")),
        "RTRN" in known,
        clean(known.get("RTRN", "")),
    )


def _reference_or_empty(reference: str) -> str:
    text = clean(reference)
    return "" if text.upper() in _NO_REFERENCE else text
