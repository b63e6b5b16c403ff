"""Parses MT940 as banks send it: with or without SWIFT envelopes, and the common dialects of :86:.

Invariant: one pass, a line at a time; a movement that cannot be read is named by its line and the reading goes on
with the next tag.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from ar.receipts.bank.formats.events import (
    BankFormat,
    Closed,
    Event,
    Line,
    Opened,
    Problem,
    Source,
    Unreadable,
    clean,
    day,
    parse_minor,
    problem,
    quoted,
)
from ar.receipts.bank.formats.mt940_details import Details, parse_details

_BEGINNING = re.compile(rb"(?:^|[\r\n}{:\xbf])[ \t]{0,4}:20:[^\r\n]*[\r\n]+(?s:.{0,4000}?):(?:28C?|60[FM]|61):")
_TAG = re.compile(r":(20|21|25P?|28C?|60[FM]|61|62[FM]|64|65|86|13[CD]?|34F|90[CD]|NS|940):(.*)", re.DOTALL)
_BALANCE = re.compile(r"([CD])(\d{2})(\d{2})(\d{2})([A-Z]{3})([\d.,]+)")
_MOVEMENT = re.compile(
    r"(?P<value>\d{6})(?:(?P<entry>\d{4})| {0,6})(?P<mark>R?[CD]|E[CD])(?P<fund>[A-Z])?(?P<amount>\d[\d.]*,?\d*)"
    r"(?P<kind>[NFS](?:[A-Z0-9]{3}|[A-Z0-9]{2} ))?(?P<rest>.*)"
)
#: The smallest movement that the customer wants to be told of (MT942); it carries the currency of the report.
_FLOOR = re.compile(r"([A-Z]{3})[CD]?[\d.]*,?\d*")
_NO_REFERENCE: Final = frozenset(
    {"", "N", "NONREF", "NON REF", "NOREF", "NOREFERENCE", "NOTPROVIDED", "NOT PROVIDED", "NONE", "N/A"}
    | {"KREF+", "EREF+", "KREF", "EREF", "NREF"}
)
#: Some banks write the payer's name behind "NONREF" and blanks.
_NONREF_BEFORE = re.compile(r"^NON ?REF\s+(?=\S)")
#: SWIFT's types of a returned item.
_RETURNED_KINDS: Final = ("NRTI", "FRTI", "SRTI")
#: A dash alone ends a message; within a text it is part of the text where one of these comes next.
_SAME_MESSAGE: Final = ("61", "86", "62F", "62M", "64", "65", "90C", "90D")
#: A longer line than this is no line of a statement; it is cut before anything looks at it.
_LONGEST_LINE: Final = 10_000
#: So many lines of text belong to one tag at most.
_MOST_TEXT: Final = 200


@dataclass(slots=True)
class _Tag:
    name: str
    line: int
    texts: list[str]


@dataclass(slots=True)
class _Statement:
    """The statement being parsed; `ref` is 0 until its opening balance."""

    ref: int = 0
    account_no: str = ""
    number: str = ""
    currency: str = ""


@dataclass(slots=True)
class _State:
    refs: int = 0
    statement: _Statement = field(default_factory=_Statement)
    pending: Line | None = None
    supplement: str = ""


def parse(source: Source) -> Iterator[Event]:
    """Parses an MT940 file into events."""
    state = _State()
    for tag in _tags(source):
        yield from _handle_tag(tag, state, source)
    yield from _flush_movement(state)
    if state.statement.ref:
        yield Closed(state.statement.ref)


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    text = io.TextIOWrapper(io.BytesIO(source.data), source.encoding, errors="replace", newline=None)
    number = 0
    while line := text.readline(_LONGEST_LINE):
        number += 1
        yield number, line.rstrip("\r\n").lstrip("\x01\x00\ufeff")


def _tags(source: Source) -> Iterator[_Tag]:
    """Yields tags with their lines; envelopes and ends of messages end a tag."""
    current: _Tag | None = None
    dash: _Tag | None = None  # a dash alone within a text, and what follows it: an end or text, as the next tag tells
    for number, whole in _lines(source):
        line = whole.partition("{4:")[2] if whole.startswith("{") else whole
        matched = _TAG.match(line)
        if dash and current and (matched or whole.startswith(("{", "-}", "\x03"))):
            if matched and matched[1] in _SAME_MESSAGE:
                current.texts += dash.texts
            else:
                yield current
                current = _Tag("-", dash.line, [])
            dash = None
        if matched:
            if current:
                yield current
            current = _Tag(matched[1], number, [matched[2]])
        elif line.rstrip() == "-" and current and current.name in ("61", "86"):
            dash = dash or _Tag("-", number, [])
            dash.texts.append(line)
        elif line.rstrip() == "-" or line.startswith(("-}", "\x03")) or (whole.startswith("{") and not line):
            if current:
                yield current
            current = _Tag("-", number, [])
        elif current and len((dash or current).texts) < _MOST_TEXT:
            (dash or current).texts.append(line)
    if current:
        yield current


def _handle_tag(tag: _Tag, state: _State, source: Source) -> Iterator[Event]:
    if tag.name == "86":
        if state.pending is not None:
            yield _with_details(state.pending, parse_details(tag.texts, state.supplement))
            state.pending = None
        return  # else it speaks of the statement, not of a movement
    yield from _flush_movement(state)
    if tag.name in ("20", "-"):
        if state.statement.ref:  # no closing balance came
            yield Closed(state.statement.ref)
        state.statement = _Statement()
    elif tag.name in ("25", "25P"):
        state.statement.account_no = clean(tag.texts[0])
    elif tag.name in ("28", "28C"):
        state.statement.number = clean(tag.texts[0])
    elif tag.name == "34F":
        if (floor := _FLOOR.fullmatch(tag.texts[0].strip())) and not state.statement.ref:
            state.statement.currency = floor[1]
    elif tag.name in ("60F", "60M"):
        yield from _open(tag, state)
    elif tag.name in ("62F", "62M"):
        yield from _close(tag, state)
    elif tag.name == "61":
        yield from _start_movement(tag, state, source)


def _flush_movement(state: _State) -> Iterator[Line]:
    """Yields the pending movement, also without its :86:."""
    if state.pending is not None:
        pending, state.pending = state.pending, None
        yield pending._replace(remittance=clean(state.supplement))


def _open(tag: _Tag, state: _State) -> Iterator[Event]:
    statement = state.statement
    if statement.ref:  # a second opening balance within one message: what came before it is a statement of its own
        yield Closed(statement.ref)
        statement.ref = 0
    minor, on = None, None
    try:
        minor, statement.currency, on = _balance(tag.texts[0])
    except Unreadable as fault:
        yield problem(tag.line, fault, lost=False)
        if matched := _BALANCE.match(tag.texts[0].strip()):
            statement.currency = matched[5]
    if statement.currency:
        state.refs += 1
        statement.ref = state.refs
        yield Opened(statement.ref, statement.account_no, statement.currency, statement.number, minor, on)


def _close(tag: _Tag, state: _State) -> Iterator[Event]:
    statement = state.statement
    if not statement.ref:
        return
    try:
        minor, currency, on = _balance(tag.texts[0])
        if currency != statement.currency:
            raise Unreadable("balance_other_currency", found=currency, currency=statement.currency)
        yield Closed(statement.ref, minor, on)
    except Unreadable as fault:
        yield problem(tag.line, fault, lost=False)
        yield Closed(statement.ref)
    # Some banks let several statements follow without a new :20:.
    state.statement = _Statement(account_no=statement.account_no, number=statement.number)


def _balance(text: str) -> tuple[int, str, date]:
    matched = _BALANCE.match(text.strip())
    if matched is None:
        raise Unreadable("not_a_balance", found=quoted(text))
    mark, year, month, of_month, currency, amount = matched.groups()
    on = day(2000 + int(year), int(month), int(of_month), text[1:7])
    minor = _minor(amount, currency)
    return (minor if mark == "C" else -minor), currency, on


def _start_movement(tag: _Tag, state: _State, source: Source) -> Iterator[Event]:
    statement = state.statement
    if not statement.ref:
        if not statement.account_no:
            yield Problem(tag.line, "line_without_statement", {})
            return
        # No opening balance: the account's own currency tells how to read the amounts.
        is_stated = bool(statement.currency)
        statement.currency = statement.currency or source.currency_of(statement.account_no)
        state.refs += 1
        statement.ref = state.refs
        opened = Opened(statement.ref, statement.account_no, statement.currency, statement.number)
        yield opened._replace(currency_stated=is_stated)
    try:
        state.pending = _movement(tag, statement)
        state.supplement = " ".join(tag.texts[1:])
    except Unreadable as fault:
        yield problem(tag.line, fault)


def _movement(tag: _Tag, statement: _Statement) -> Line:
    text = tag.texts[0].strip()
    matched = _MOVEMENT.fullmatch(text)
    if matched is None:
        raise Unreadable("not_a_movement", found=quoted(text))
    value_on = day(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]), matched["value"])
    booked_on = _entry_day(matched["entry"], value_on) if matched["entry"] else value_on
    amount = _minor(matched["amount"], statement.currency)
    if not amount:
        raise Unreadable("nothing_moved")
    mark, (reference, bank_reference) = matched["mark"], _references(matched["rest"])
    credit, kind = mark in ("C", "RD", "EC"), (matched["kind"] or "").strip()
    return Line(
        statement.ref,
        tag.line,
        booked_on,
        value_on,
        statement.currency,
        1 if credit else -1,
        amount,
        bank_reference=bank_reference or reference,
        end_to_end_id=reference,
        raw_kind=f"{mark} {kind}".strip(),
        is_reversal=mark.startswith("R"),
        status="pending" if mark.startswith("E") else "booked",
        is_return=kind in _RETURNED_KINDS,
    )


def _minor(text: str, currency: str) -> int:
    """Parses an amount: comma is the decimal mark; a point is, too, unless there is a comma (then thousands)."""
    if "," not in text and len(text.rpartition(".")[2]) == 3 and "." in text:
        raise Unreadable("ambiguous_amount", found=quoted(text))
    return parse_minor(text.replace(".", "") if "," in text else text, currency)


def _entry_day(text: str, value_on: date) -> date:
    """Returns the entry date, which has no year: the one nearest to the value date."""
    month, of_month = int(text[:2]), int(text[2:])
    year = value_on.year
    if month == 2 and of_month == 29:
        return day(year, month, of_month, text)
    near = [day(each, month, of_month, text) for each in (year - 1, year, year + 1)]
    half = timedelta(days=183)
    return next((each for each in near if abs(each - value_on) <= half), near[1])


def _references(rest: str) -> tuple[str, str]:
    """Returns the customer's and the bank's reference; NONREF counts as empty."""
    own, _mark, bank = rest.partition("//")
    return _reference(own), _reference(bank)


def _reference(text: str) -> str:
    reference = clean(_NONREF_BEFORE.sub("", text))
    return "" if reference.upper() in _NO_REFERENCE or not reference.strip("0 -./") else reference


def _with_details(line: Line, details: Details) -> Line:
    reference = details.end_to_end_id or line.end_to_end_id
    return line._replace(
        payer_name=details.payer_name,
        payer_account=details.payer_account,
        payer_bank=details.payer_bank,
        remittance=details.remittance,
        bank_reference=line.bank_reference or details.reference,
        end_to_end_id=reference,
        is_return=line.is_return or details.is_return,
        return_reason=details.return_reason,
    )


def _matches(head: bytes) -> bool:
    return _BEGINNING.search(head) is not None


FORMAT: Final = BankFormat("mt940", {"mt940": "MT940"}, _matches, parse)
