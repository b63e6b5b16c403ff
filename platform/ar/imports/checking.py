"""Parses and checks the cells of one row into typed values, the same way for pages and command line.

Invariant: a row with an error yields no value, and each error names row, column, what was expected and what was found.
Written for 100,000 rows: one small parser per column, with the few distinct values of a column cached.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from ar.customers.inputs import (
    MAX_NAME_CHARS,
    MAX_NUMBER_CHARS,
    MAX_SETTLEMENT_DAYS,
    MAX_TAX_ID_CHARS,
    MAX_TERM_DAYS,
    CustomerRow,
    has_invalid_check_character,
)
from ar.imports.columns import CURRENCY_WORDS, ENTITY_WORDS, KIND_WORDS, LANGUAGE_WORDS, words
from ar.imports.inputs import ParsedCustomer, ParsedItem, ParsedReceipt, Report
from kernel.bookable import LIMITS
from kernel.money import MAX_MINOR, BadAmount, exponent, parse_amount
from kernel.sheets import BadDate, DateOrder, header_key, parse_date
from kernel.texts import BadAddress, mail_address, one_line

MAX_DOCUMENT_NO_CHARS = 64

#: A document may be dated at most a year ahead; one older than ten years gives a warning.
MAX_DAYS_AHEAD = 366
LONG_AGO_DAYS = 3_660

_CURRENCIES = words(CURRENCY_WORDS)
_KINDS = words(KIND_WORDS)
_ENTITIES = words(ENTITY_WORDS)
_LANGUAGES = words(LANGUAGE_WORDS)
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2}")
_AMOUNT_CODES = {"empty": "value_missing", "ambiguous": "ambiguous_amount"}
_YEAR_LAST_ORDERS: tuple[DateOrder, DateOrder] = ("mdy", "dmy")
#: Error codes of an amount that do not depend on its currency.
_WRONG_ANYWHERE = ("value_missing", "not_a_number", "ambiguous_amount", "amount_not_positive")
_SEMICOLONS = str.maketrans("；：", ";:")

Parsed = TypeVar("Parsed", ParsedCustomer, ParsedItem, ParsedReceipt)
T = TypeVar("T")


class BadCell(Exception):
    """A cell that cannot be parsed. `column`, `code` and `params` become a finding."""

    def __init__(self, column: str, code: str, **params: Any) -> None:
        super().__init__(column, code)
        self.column, self.code, self.params = column, code, params


class BadRow(Exception):
    """A row with bad cells, all of them, so that it needs correcting only once.

    `rest` is the row with None in place of each bad cell.
    """

    def __init__(self, cells: list[BadCell], rest: ParsedCustomer | ParsedItem | ParsedReceipt) -> None:
        super().__init__(cells)
        self.cells, self.rest = cells, rest


class RowParser:
    """Parses the rows of one file, given its order of dates and whether bare numbers may be spreadsheet dates.

    A row is parsed to its end despite errors; cells that depend on a bad cell are not checked. Raises BadRow.
    Without `today`, dates are not checked for being too far ahead or long ago.
    """

    def __init__(
        self, report: Report, date_order: DateOrder | None, *, serial: bool, today: date | None = None
    ) -> None:
        self.report = report
        self._today = today or date.max
        self._latest_on = today + timedelta(days=MAX_DAYS_AHEAD) if today else date.max
        self._oldest_on = today - timedelta(days=LONG_AGO_DAYS) if today else date.min
        self._order = date_order
        self._serial = serial
        self._shared: dict[str, str] = {}
        self._bad: list[BadCell] = []

    def customer(self, row: int, cells: Sequence[str]) -> ParsedCustomer:
        """Parses customer_no, name, entity_type, tax_id, owner_email, contact_name, contact_email, term_days,
        settlement_days, language. Empty optional cells keep the stored values.
        """
        number, name, entity, tax_id, owner, contact, email, terms, settlement, language = cells
        if tax_id and has_invalid_check_character(tax_id):
            self.report.add_warning(row, "tax_id", "tax_id_doubtful", found=tax_id)
        parse_cell = self._parse_cell
        owner_email = parse_cell(email_address, "owner_email", owner) if owner else None
        made = CustomerRow(
            number=parse_cell(identifier, "customer_no", number, MAX_NUMBER_CHARS),
            name=parse_cell(required_text, "name", name, MAX_NAME_CHARS),
            entity_type=parse_cell(word, "entity_type", "unknown_entity_type", entity, _ENTITIES) if entity else None,
            tax_id=parse_cell(identifier, "tax_id", tax_id, MAX_TAX_ID_CHARS) if tax_id else None,
            owner_email=owner_email.lower() if owner_email else None,
            contact_name=parse_cell(text, "contact_name", contact, MAX_NAME_CHARS) or None,
            contact_email=parse_cell(email_address, "contact_email", email) if email else None,
            term_days=parse_cell(whole, "term_days", terms, MAX_TERM_DAYS) if terms else None,
            settlement_days=parse_cell(whole, "settlement_days", settlement, MAX_SETTLEMENT_DAYS)
            if settlement
            else None,
            language=parse_cell(word, "language", "unknown_language", language, _LANGUAGES) if language else None,
        )
        return self._complete(ParsedCustomer(row, made))

    def item(self, row: int, cells: Sequence[str]) -> ParsedItem:
        """Parses customer_no, customer_name, document_no, kind, document_date, due_date, currency, amount."""
        number, name, document_no, kind, document_on, due_on, currency, amount = cells
        parse_cell = self._parse_cell
        known = parse_cell(document_kind, kind)
        code = parse_cell(currency_code, currency)
        booked_on = parse_cell(self._document_date, row, "document_date", document_on)
        return self._complete(
            ParsedItem(
                row,
                self._intern(parse_cell(identifier, "customer_no", number, MAX_NUMBER_CHARS)),
                self._intern(parse_cell(text, "customer_name", name, MAX_NAME_CHARS)),
                parse_cell(identifier, "document_no", document_no, MAX_DOCUMENT_NO_CHARS),
                known,
                booked_on,
                parse_cell(self._due_date, due_on, booked_on, known) if due_on else None,
                code,
                # Credit notes are often written with a minus, although their kind already implies the sign.
                parse_cell(posted_amount, amount, code, known == "credit_note"),
            )
        )

    def receipt(self, row: int, cells: Sequence[str]) -> ParsedReceipt:
        """Parses customer_no, receipt_no, received_on, currency, amount, applies_to."""
        number, receipt_no, received_on, currency, amount, applies_to = cells
        parse_cell = self._parse_cell
        code = parse_cell(currency_code, currency)
        return self._complete(
            ParsedReceipt(
                row,
                self._intern(parse_cell(identifier, "customer_no", number, MAX_NUMBER_CHARS)),
                parse_cell(identifier, "receipt_no", receipt_no, MAX_DOCUMENT_NO_CHARS),
                parse_cell(self._document_date, row, "received_on", received_on),
                code,
                parse_cell(posted_amount, amount, code, False),
                parse_cell(applications, applies_to, code) if applies_to and code else (),
            )
        )

    def _parse_cell(self, parse: Callable[..., T], *given: Any) -> T | Any:
        """Returns a cell's value, or None and remembers the error; `_complete` then refuses the row."""
        try:
            return parse(*given)
        except BadCell as bad:
            self._bad.append(bad)
            return None

    def _complete(self, parsed: Parsed) -> Parsed:
        if self._bad:
            bad, self._bad = self._bad, []
            raise BadRow(bad, parsed)
        return parsed

    def _document_date(self, row: int, column: str, found: str) -> date:
        """Parses a document's date: an implausible year is an error or, where it may be right, a warning."""
        on = self.day(column, found)
        if on > self._latest_on:
            raise BadCell(column, "date_too_far", found=str(on), latest=str(self._latest_on))
        if on > self._today:
            self.report.add_warning(row, column, "date_ahead", found=str(on), today=str(self._today))
        elif on < self._oldest_on:
            self.report.add_warning(row, column, "date_long_ago", found=str(on))
        return on

    def _due_date(self, found: str, booked_on: date | None, kind: str | None) -> date:
        """Parses a due date, not before the document's; a credit note is due at once."""
        due = self.day("due_date", found)
        if booked_on is None or kind is None or due >= booked_on:
            return due
        if kind != "credit_note":
            raise BadCell("due_date", "due_before_document", found=str(due), document_on=str(booked_on))
        return booked_on

    def _intern(self, found: str) -> str:
        """Returns one shared object for equal texts, since they dominate the memory of a long file."""
        return self._shared.setdefault(found, found)

    def day(self, column: str, found: str) -> date:
        """Parses a date in the file's order. Raises BadCell."""
        try:
            return parse_date(found, self._order, serial=self._serial)
        except BadDate as fault:
            if fault.code == "ambiguous_date":
                raise _undeclared_order(column, found) from None
            code = "value_missing" if fault.code == "empty" else fault.code
            limits = LIMITS if code == "day_out_of_range" else {}
            raise BadCell(column, code, found=found, **limits) from None


def _undeclared_order(column: str, found: str) -> BadCell:
    """Returns the error of a date ending with the year when the file's order of month and day was not declared."""
    by_month, by_day = (_day_or_none(found, order) for order in _YEAR_LAST_ORDERS)
    if by_month and by_day and by_month != by_day:
        return BadCell(column, "ambiguous_date", found=found)
    read = by_month or by_day
    if read is None:
        return BadCell(column, "no_such_day", found=found)
    code = "same_day_untold" if by_month and by_day else "month_first_untold" if by_month else "day_first_untold"
    return BadCell(column, code, found=found, read=str(read))


def _day_or_none(found: str, order: DateOrder) -> date | None:
    try:
        return parse_date(found, order)
    except BadDate:
        return None


def identifier(column: str, found: str, most: int) -> str:
    """Parses an identifier, keeping leading zeros. Refuses scientific notation, a sign of a damaged long number."""
    line = text(column, found, most, needed=True)
    if "+" in line and _SCIENTIFIC.fullmatch(line):
        raise BadCell(column, "number_damaged", found=line)
    return line


def text(column: str, found: str, most: int, *, needed: bool = False) -> str:
    """Parses a text of at most `most` characters, without invisible characters."""
    line = one_line(found)
    if needed and not line:
        raise BadCell(column, "value_missing")
    if len(line) > most:
        raise BadCell(column, "too_long", most=most, found=len(line))
    return line


def required_text(column: str, found: str, most: int) -> str:
    """Parses a text that must not be empty."""
    return text(column, found, most, needed=True)


def word(column: str, code: str, found: str, known: dict[str, str]) -> str:
    """Parses one of the words of `known`, in either language."""
    value = known.get(header_key(found))
    if value is None:
        raise BadCell(column, code if found else "value_missing", found=found)
    return value


def document_kind(found: str) -> str:
    """Parses invoice, debit_note or credit_note; tries the exact word first, since it repeats in every row."""
    return _KINDS.get(found) or word("kind", "unknown_kind", found, _KINDS)


def whole(column: str, found: str, most: int) -> int:
    """Parses a whole number from 0 to `most`; a trailing 天 or "days" is allowed."""
    digits = unicodedata.normalize("NFKC", found).casefold().removesuffix("天").removesuffix("days").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6) or int(digits) > most:
        raise BadCell(column, "not_whole_number", most=most, found=found)
    return int(digits)


def email_address(column: str, found: str) -> str:
    """Parses an e-mail address."""
    try:
        return mail_address(found)
    except BadAddress as fault:
        raise BadCell(column, fault.code, found=found) from None


@lru_cache(maxsize=1024)
def currency_code(found: str) -> str:
    """Parses an ISO 4217 code, RMB, or the Chinese name of a common currency."""
    code = _CURRENCIES.get(header_key(found)) or unicodedata.normalize("NFKC", found).upper()
    try:
        exponent(code)
    except ValueError:
        raise BadCell("currency", "unknown_currency" if found else "value_missing", found=found) from None
    return code


def posted_amount(found: str, currency: str | None, reduces: bool) -> int:
    """Parses an amount above zero, or also below when `reduces`; returns minor units.

    Without a currency (its own cell is bad) only errors that do not depend on it are raised.
    """
    try:
        minor = minor_units("amount", found, currency or "CNY")
        if minor == 0 or (minor < 0 and not reduces):
            raise BadCell("amount", "amount_not_positive", found=found)
    except BadCell as bad:
        if currency or bad.code in _WRONG_ANYWHERE:
            raise
        return 0
    return minor


def minor_units(column: str, found: str, currency: str) -> int:
    """Parses an amount into minor units within the ledger's range; may be negative."""
    try:
        minor = parse_amount(found, currency)
    except BadAmount as fault:
        raise BadCell(column, _AMOUNT_CODES.get(fault.code, fault.code), found=found, currency=currency) from None
    if abs(minor) > MAX_MINOR:
        raise BadCell(column, "too_large", found=found, currency=currency)
    return minor


def applications(found: str, currency: str) -> tuple[tuple[str, int | None], ...]:
    """Parses `INV1:100.00;INV2` into (("INV1", 10000), ("INV2", None)); None means as much as is open."""
    named: dict[str, int | None] = {}
    for part in found.translate(_SEMICOLONS).split(";"):
        if not part.strip():
            continue
        document, colon, amount = (piece.strip() for piece in part.rpartition(":"))
        if not colon:
            document, amount = amount, ""
        if not document or (colon and not amount):
            raise BadCell("applies_to", "applies_to_form", found=found)
        minor = _applied(amount, currency, found) if colon else None
        if document in named:
            raise BadCell("applies_to", "document_named_twice", found=document)
        named[document] = minor
    return tuple(named.items())


def _applied(amount: str, currency: str, found: str) -> int:
    try:
        minor = parse_amount(amount, currency)
    except BadAmount:
        raise BadCell("applies_to", "applies_to_form", found=found) from None
    if not 0 < minor <= MAX_MINOR:
        raise BadCell("applies_to", "applies_to_form", found=found)
    return minor
