"""Parses OFX 1 (SGML without end tags) and OFX 2 (XML): bank and card statements.

Invariant: read tag by tag, never as a tree, so that missing ends and several accounts in one file do not matter and
the size of the file does not either.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from ar.receipts.bank.formats.events import (
    MAX_NAME_CHARS,
    MAX_REMITTANCE_CHARS,
    BankFormat,
    Closed,
    Event,
    Line,
    Opened,
    Refused,
    Source,
    Unreadable,
    clean,
    clean_account,
    day,
    decimals_of,
    parse_minor,
    problem,
    quoted,
)

_CHUNK: Final = 1 << 16
_MAX_TEXT_CHARS: Final = 8_000
_CDATA: Final = "![CDATA["
_BEGINNING = re.compile(rb"<OFX[>\s]|OFXHEADER", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
#: Digits with points, commas and blanks between them: "+1 006,60" is grouped by a blank, also a narrow or fixed one.
_AMOUNT = re.compile(r"([+\u2212-]?) ?(\d[\d,. '\u2019]*)(-?)")
_BLANK = re.compile(r"\s")
_GROUPED = re.compile(r"\d{1,3}(?:([ '\u2019])\d{3})(?:\1\d{3})*(?:[.,]\d*)?")
_STATEMENTS: Final = frozenset({"STMTRS", "CCSTMTRS"})
#: Elements whose values are gathered, and within which list they belong.
_GROUPS: Final = frozenset({"STMTTRN", "STMTTRNP", "LEDGERBAL", "AVAILBAL", "BANKACCTTO", "CCACCTTO", "PAYEE"})
_LISTED: Final = ("STMTTRN", "STMTTRNP", "LEDGERBAL", "AVAILBAL")


class _Statement:
    def __init__(self, ref: int) -> None:
        self.ref, self.opened = ref, False
        self.bank = self.account_no = self.currency = ""
        self.closing: int | None = None
        self.closing_on: date | None = None

    def open(self, source: Source) -> Iterator[Event]:
        if not self.opened:
            self.opened = True
            self.currency = self.currency or source.currency_of(self.account_no)
            yield Opened(self.ref, self.account_no, self.currency)


class _State:
    def __init__(self) -> None:
        self.refs = 0
        self.statement: _Statement | None = None
        self.group = ""
        self.inner = ""
        self.values: dict[str, str] = {}
        self.line = 0


def parse(source: Source) -> Iterator[Event]:
    """Parses an OFX file into events. Raises Refused when it has no account statement."""
    state = _State()
    for line, tag, text in _tokens(source):
        yield from _handle_token(line, tag, text, state, source)
    yield from _finish(state, source)
    if not state.refs:
        raise Refused("bank_file_no_statement")


def _tokens(source: Source) -> Iterator[tuple[int, str, str]]:
    """Yields (line, tag in capitals, unescaped text after it); an end tag as "/TAG"."""
    line = 1
    pending: tuple[int, str, str] | None = None
    for at, piece in _pieces(source):
        line = at
        if piece.startswith(_CDATA):
            inner, _end, rest = piece[len(_CDATA) :].partition("]]>")
            if pending and len(pending[2]) < _MAX_TEXT_CHARS:
                pending = (pending[0], pending[1], pending[2] + (html.escape(inner) + rest)[:_MAX_TEXT_CHARS])
            continue
        name, found, text = piece.partition(">")
        if not found or name[:1] in "?!":
            continue
        if pending:
            yield pending[0], pending[1], html.unescape(pending[2]).strip()
        pending = (line, name.split()[0].upper() if name.split() else "", text[:_MAX_TEXT_CHARS])
    if pending:
        yield pending[0], pending[1], html.unescape(pending[2]).strip()


def _pieces(source: Source) -> Iterator[tuple[int, str]]:
    """Yields the text between one < and the next with its line number; a CDATA section is one piece."""
    text = io.TextIOWrapper(io.BytesIO(source.data), source.encoding, errors="replace", newline=None)
    line, rest = 1, ""
    started = False
    pending: list[str] = []  # of a CDATA section: each < in it makes another piece, so they are joined once, at its end
    length = 0
    while chunk := text.read(_CHUNK):
        parts = (rest + chunk).split("<")
        rest = parts.pop()
        for part in parts:
            whole = part
            if pending or part.startswith(_CDATA):
                pending.append(part)
                length += len(part) + 1
                if "]]>" not in part:
                    continue
                whole, pending, length = "<".join(pending), [], 0
            if started:
                yield line, whole
            started = True
            line += whole.count("\n")
        if length + len(rest) > 4 * _CHUNK:
            raise Refused("bank_file_damaged", line=line)
    if started:
        yield line, "<".join([*pending, rest])


def _handle_token(line: int, tag: str, text: str, state: _State, source: Source) -> Iterator[Event]:
    if tag in _STATEMENTS:
        yield from _finish(state, source)
        state.refs += 1
        state.statement = _Statement(state.refs)
    elif tag.lstrip("/") in _STATEMENTS:
        yield from _finish(state, source)
    statement = state.statement
    if statement is None:
        return
    # In SGML the end may be left out: a new group, or the end of the list, ends the one before it.
    if tag in (*_LISTED, "/BANKTRANLIST", "/BANKTRANLISTP"):
        yield from _end_group(state, source)
    if tag in _LISTED:
        state.group, state.values, state.line, state.inner = tag, {}, line, ""
    elif tag == f"/{state.group}" and state.group:
        yield from _end_group(state, source)
    elif state.group:
        _collect_value(tag, text, state)
    elif tag == "CURDEF":
        statement.currency = clean(text).upper()
    elif tag == "ACCTID":
        statement.account_no = statement.account_no or clean(text)


def _collect_value(tag: str, text: str, state: _State) -> None:
    """Stores a value of the group; of a nested group under "BANKACCTTO.ACCTID"."""
    if tag in _GROUPS:
        state.inner = tag + "."
    elif tag == "/" + state.inner.rstrip("."):
        state.inner = ""
    elif text and not tag.startswith("/"):
        inner = state.inner if tag in ("ACCTID", "BANKID", "NAME") else ""
        state.values.setdefault(inner + tag, text)


def _end_group(state: _State, source: Source) -> Iterator[Event]:
    group, values, statement = state.group, state.values, state.statement
    state.group, state.inner = "", ""
    if statement is None or not group:
        return
    if group in ("STMTTRN", "STMTTRNP"):
        yield from statement.open(source)
        try:
            line = _movement(values, state.line, statement)
            yield line if group == "STMTTRN" else line._replace(status="pending")
        except Unreadable as fault:
            yield problem(state.line, fault)
    elif group == "LEDGERBAL":
        yield from statement.open(source)
        try:
            sign, minor = _amount(values.get("BALAMT", ""), statement.currency)
            statement.closing = sign * minor
            statement.closing_on = _day(values["DTASOF"]) if values.get("DTASOF") else None
        except Unreadable as fault:
            yield problem(state.line, fault, lost=False)


def _finish(state: _State, source: Source) -> Iterator[Event]:
    yield from _end_group(state, source)
    if state.statement is not None:
        yield from state.statement.open(source)
        yield Closed(state.statement.ref, state.statement.closing, state.statement.closing_on)
    state.statement = None


def _movement(values: dict[str, str], line: int, statement: _Statement) -> Line:
    decimals_of(statement.currency)
    sign, minor = _amount(values.get("TRNAMT", ""), statement.currency)
    if not minor:
        raise Unreadable("nothing_moved")
    booked_on = _day(values.get("DTPOSTED") or values.get("DTTRAN", ""))
    name = values.get("NAME") or values.get("PAYEE.NAME", "")
    memo = values.get("MEMO", "")
    check = values.get("CHECKNUM", "")
    return Line(
        statement.ref,
        line,
        booked_on,
        _day(values["DTAVAIL"]) if values.get("DTAVAIL") else booked_on,
        statement.currency,
        sign,
        minor,
        payer_name=clean(name, MAX_NAME_CHARS),
        payer_account=clean_account(values.get("BANKACCTTO.ACCTID", "") or values.get("CCACCTTO.ACCTID", "")),
        payer_bank=clean(values.get("BANKACCTTO.BANKID", "")),
        remittance=clean(memo or name, MAX_REMITTANCE_CHARS),
        bank_reference=clean(values.get("FITID", "")),
        end_to_end_id=clean(values.get("REFNUM", "") or ("" if check.strip("0") == "" else check)),
        raw_kind=clean(values.get("TRNTYPE", "")),
        entry_id=clean(values.get("FITID", "")),
    )


def _day(text: str) -> date:
    matched = _DATE.match(text)
    if matched is None:
        raise Unreadable("not_a_date", found=quoted(text))
    return day(int(matched[1]), int(matched[2]), int(matched[3]), text[:8])


def _amount(text: str, currency: str) -> tuple[int, int]:
    """Parses (sign, minor units): "-6.60", "+1,200.00", "1200,5", "+1 006,60", "6.60-" as banks write it."""
    matched = _AMOUNT.fullmatch(_BLANK.sub(" ", text.strip()))
    if matched is None or (matched[1] and matched[3]):
        raise Unreadable("not_an_amount", found=quoted(text))
    digits = matched[2].strip()
    if " " in digits or "'" in digits or "\u2019" in digits:
        if not _GROUPED.fullmatch(digits):
            raise Unreadable("ambiguous_amount", found=quoted(text))
        digits = re.sub(r"[ '\u2019]", "", digits)
    if "," in digits and "." in digits:
        digits = digits.replace("," if digits.rindex(".") > digits.rindex(",") else ".", "")
    elif digits.count(",") > 1 or ("," in digits and len(digits.rpartition(",")[2]) == 3):
        raise Unreadable("ambiguous_amount", found=quoted(text))
    negative = matched[1] in ("-", "\u2212") or bool(matched[3])
    return (-1 if negative else 1), parse_minor(digits, currency)


def _matches(head: bytes) -> bool:
    return _BEGINNING.search(head[:4096]) is not None


FORMAT: Final = BankFormat("ofx", {"ofx": "OFX"}, _matches, parse)
