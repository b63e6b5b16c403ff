"""Reading one row of a file into typed values: every cell is judged here, once, for all ways in.

Pure: kernel readers of tables, amounts and dates; no database. Invariant: a row with an error yields no value,
and each error names row, column, what was expected and what was found. Written for 100,000 rows: one small
parser per column, with the few distinct values of a column remembered.
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
    tax_id_doubtful,
)
from ar.imports.columns import CURRENCY_WORDS, ENTITY_WORDS, KIND_WORDS, LANGUAGE_WORDS, words
from ar.imports.inputs import ParsedCustomer, ParsedItem, ParsedReceipt, Report
from kernel.money import MAX_MINOR, BadAmount, exponent, parse_amount
from kernel.sheets import BadDate, DateOrder, header_key, parse_date
from kernel.texts import BadAddress, mail_address, one_line

MAX_DOCUMENT_NO_CHARS = 64

#: A document may be dated a little ahead, never by more than a year; what is older than ten years is asked about.
MAX_DAYS_AHEAD = 366
LONG_AGO_DAYS = 3_660

_CURRENCIES = words(CURRENCY_WORDS)
_KINDS = words(KIND_WORDS)
_ENTITIES = words(ENTITY_WORDS)
_LANGUAGES = words(LANGUAGE_WORDS)
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2}")
_AMOUNT_CODES = {"empty": "value_missing", "ambiguous": "ambiguous_amount"}
_YEAR_LAST_ORDERS: tuple[DateOrder, DateOrder] = ("mdy", "dmy")
#: What is wrong with an amount in whatever currency.
_WRONG_ANYWHERE = ("value_missing", "not_a_number", "ambiguous_amount", "amount_not_positive")
_SEMICOLONS = str.maketrans("；：", ";:")

Parsed = TypeVar("Parsed", ParsedCustomer, ParsedItem, ParsedReceipt)
T = TypeVar("T")


class BadCell(Exception):
    """A cell that says nothing certain. `column`, `code` and `params` become a finding."""

    def __init__(self, column: str, code: str, **params: Any) -> None:
        super().__init__(column, code)
        self.column, self.code, self.params = column, code, params


class BadRow(Exception):
    """A row with at least one bad cell: all of them, so that a row needs to be corrected once.

    `rest` is the row with None in their places.
    """

    def __init__(self, cells: list[BadCell], rest: ParsedCustomer | ParsedItem | ParsedReceipt) -> None:
        super().__init__(cells)
        self.cells, self.rest = cells, rest


class Reader:
    """Reads the cells of one file: knows the order of dates, and whether bare numbers may be spreadsheet dates.

    A row is read to its end whatever is wrong in it; what depends on a bad cell is not judged. Raises BadRow.
    Without `today`, no date is too far away.
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
        """customer_no, name, entity_type, tax_id, owner_email, contact_name, contact_email, term_days,
        settlement_days, language. Empty optional cells leave what is stored.
        """
        number, name, entity, tax_id, owner, contact, email, terms, settlement, language = cells
        if tax_id and tax_id_doubtful(tax_id):
            self.report.add_warning(row, "tax_id", "tax_id_doubtful", found=tax_id)
        take = self._take
        owner_email = take(email_address, "owner_email", owner) if owner else None
        made = CustomerRow(
            number=take(identifier, "customer_no", number, MAX_NUMBER_CHARS),
            name=take(needed_text, "name", name, MAX_NAME_CHARS),
            entity_type=take(word, "entity_type", "unknown_entity_type", entity, _ENTITIES) if entity else None,
            tax_id=take(identifier, "tax_id", tax_id, MAX_TAX_ID_CHARS) if tax_id else None,
            owner_email=owner_email.lower() if owner_email else None,
            contact_name=take(text, "contact_name", contact, MAX_NAME_CHARS) or None,
            contact_email=take(email_address, "contact_email", email) if email else None,
            term_days=take(whole, "term_days", terms, MAX_TERM_DAYS) if terms else None,
            settlement_days=take(whole, "settlement_days", settlement, MAX_SETTLEMENT_DAYS) if settlement else None,
            language=take(word, "language", "unknown_language", language, _LANGUAGES) if language else None,
        )
        return self._whole(ParsedCustomer(row, made))

    def item(self, row: int, cells: Sequence[str]) -> ParsedItem:
        """customer_no, customer_name, document_no, kind, document_date, due_date, currency, amount."""
        number, name, document_no, kind, document_on, due_on, currency, amount = cells
        take = self._take
        known = take(document_kind, kind)
        code = take(currency_code, currency)
        booked_on = take(self._booked, row, "document_date", document_on)
        return self._whole(
            ParsedItem(
                row,
                self._share(take(identifier, "customer_no", number, MAX_NUMBER_CHARS)),
                self._share(take(text, "customer_name", name, MAX_NAME_CHARS)),
                take(identifier, "document_no", document_no, MAX_DOCUMENT_NO_CHARS),
                known,
                booked_on,
                take(self._due, due_on, booked_on, known) if due_on else None,
                code,
                # A reduction is often written with a minus; its kind already says that it reduces.
                take(posted_amount, amount, code, known == "credit_note"),
            )
        )

    def receipt(self, row: int, cells: Sequence[str]) -> ParsedReceipt:
        """customer_no, receipt_no, received_on, currency, amount, applies_to."""
        number, receipt_no, received_on, currency, amount, applies_to = cells
        take = self._take
        code = take(currency_code, currency)
        return self._whole(
            ParsedReceipt(
                row,
                self._share(take(identifier, "customer_no", number, MAX_NUMBER_CHARS)),
                take(identifier, "receipt_no", receipt_no, MAX_DOCUMENT_NO_CHARS),
                take(self._booked, row, "received_on", received_on),
                code,
                take(posted_amount, amount, code, False),
                take(applications, applies_to, code) if applies_to and code else (),
            )
        )

    def _take(self, parse: Callable[..., T], *given: Any) -> T | Any:
        """A cell's value, or None with the fault kept; `_whole` lets no row with such a None pass."""
        try:
            return parse(*given)
        except BadCell as bad:
            self._bad.append(bad)
            return None

    def _whole(self, parsed: Parsed) -> Parsed:
        if self._bad:
            bad, self._bad = self._bad, []
            raise BadRow(bad, parsed)
        return parsed

    def _booked(self, row: int, column: str, found: str) -> date:
        """The day of a document: a wrong year is an error or, where it may be right, a warning."""
        on = self.day(column, found)
        if on > self._latest_on:
            raise BadCell(column, "date_too_far", found=str(on), latest=str(self._latest_on))
        if on > self._today:
            self.report.add_warning(row, column, "date_ahead", found=str(on), today=str(self._today))
        elif on < self._oldest_on:
            self.report.add_warning(row, column, "date_long_ago", found=str(on))
        return on

    def _due(self, found: str, booked_on: date | None, kind: str | None) -> date:
        """A due date, not before the document's; a credit note stands at once."""
        due = self.day("due_date", found)
        if booked_on is None or kind is None or due >= booked_on:
            return due
        if kind != "credit_note":
            raise BadCell("due_date", "due_before_document", found=str(due), document_on=str(booked_on))
        return booked_on

    def _share(self, found: str) -> str:
        """One object for the many rows of a customer: what a long file costs is mostly its texts."""
        return self._shared.setdefault(found, found)

    def day(self, column: str, found: str) -> date:
        """A date by the file's order. Raises BadCell."""
        try:
            return parse_date(found, self._order, serial=self._serial)
        except BadDate as fault:
            if fault.code == "ambiguous_date":
                raise _untold_order(column, found) from None
            code = "value_missing" if fault.code == "empty" else fault.code
            raise BadCell(column, code, found=found) from None


def _untold_order(column: str, found: str) -> BadCell:
    """What is true of a date that ends with the year while nobody has said which part comes first."""
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
    """An id as text, its leading noughts kept. Refuses what a spreadsheet has made of a long number."""
    line = text(column, found, most, needed=True)
    if "+" in line and _SCIENTIFIC.fullmatch(line):
        raise BadCell(column, "number_damaged", found=line)
    return line


def text(column: str, found: str, most: int, *, needed: bool = False) -> str:
    """A text within its length, judged by what is left of it without the characters that nobody sees."""
    line = one_line(found)
    if needed and not line:
        raise BadCell(column, "value_missing")
    if len(line) > most:
        raise BadCell(column, "too_long", most=most, found=len(line))
    return line


def needed_text(column: str, found: str, most: int) -> str:
    """A text that must be there."""
    return text(column, found, most, needed=True)


def word(column: str, code: str, found: str, known: dict[str, str]) -> str:
    """One of a few words, in either language."""
    value = known.get(header_key(found))
    if value is None:
        raise BadCell(column, code if found else "value_missing", found=found)
    return value


def document_kind(found: str) -> str:
    """invoice, debit_note or credit_note; most files write the very same word in every row."""
    return _KINDS.get(found) or word("kind", "unknown_kind", found, _KINDS)


def whole(column: str, found: str, most: int) -> int:
    """A whole number from 0 to `most`; a trailing 天 or "days" is allowed."""
    digits = unicodedata.normalize("NFKC", found).casefold().removesuffix("天").removesuffix("days").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6) or int(digits) > most:
        raise BadCell(column, "not_whole_number", most=most, found=found)
    return int(digits)


def email_address(column: str, found: str) -> str:
    """An address that mail can be sent to."""
    try:
        return mail_address(found)
    except BadAddress as fault:
        raise BadCell(column, fault.code, found=found) from None


@lru_cache(maxsize=1024)
def currency_code(found: str) -> str:
    """An ISO 4217 code, RMB, or the Chinese name of a common currency."""
    code = _CURRENCIES.get(header_key(found)) or unicodedata.normalize("NFKC", found).upper()
    try:
        exponent(code)
    except ValueError:
        raise BadCell("currency", "unknown_currency" if found else "value_missing", found=found) from None
    return code


def posted_amount(found: str, currency: str | None, reduces: bool) -> int:
    """An amount above zero, or below when it reduces; in minor units.

    Without a currency (its own cell is bad) only what is wrong in every currency is said.
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
    """An amount in minor units that can be posted; may be negative."""
    try:
        minor = parse_amount(found, currency)
    except BadAmount as fault:
        raise BadCell(column, _AMOUNT_CODES.get(fault.code, fault.code), found=found, currency=currency) from None
    if abs(minor) > MAX_MINOR:
        raise BadCell(column, "too_large", found=found, currency=currency)
    return minor


def applications(found: str, currency: str) -> tuple[tuple[str, int | None], ...]:
    """`INV1:100.00;INV2` → (("INV1", 10000), ("INV2", None)): without an amount, as much as is open."""
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
