"""Parses and checks the cells of one row into typed values, the same way for pages and command line.

Invariant: a row with an error yields no value, and each error names row, column, what was expected and what was found.
Written for 100,000 rows: one small parser per column, with the few distinct values of a column cached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, NoReturn, TypeVar

from ar.customers.inputs import (
    MAX_NAME_CHARS,
    MAX_NUMBER_CHARS,
    MAX_SETTLEMENT_DAYS,
    MAX_TAX_ID_CHARS,
    MAX_TERM_DAYS,
    CustomerRow,
)
from ar.customers.rules.identity_numbers import doubt_about
from ar.imports.columns import ENTITY_WORDS, LANGUAGE_WORDS, words
from ar.imports.inputs import ParsedCustomer, ParsedItem, ParsedReceipt, Report
from ar.imports.rules.amounts import BadCell, applications, minor_units, require_current, without_side
from ar.imports.rules.cells import (
    currency_code,
    document_kind,
    email_address,
    identifier,
    required_text,
    text,
    whole,
    word,
)
from kernel.bookable import LIMITS
from kernel.sheets import BadDate, DateOrder, header_key, parse_date
from kernel.sheets.mapping import SKIP, ColumnMapping

MAX_DOCUMENT_NO_CHARS = 64

#: A document may be dated at most a year ahead; one older than ten years gives a warning.
MAX_DAYS_AHEAD = 366
LONG_AGO_DAYS = 3_660

_ENTITIES = words(ENTITY_WORDS)
_LANGUAGES = words(LANGUAGE_WORDS)
_YEAR_LAST_ORDERS: tuple[DateOrder, ...] = ("mdy", "dmy")
#: Error codes of an amount that do not depend on its currency.
_WRONG_ANYWHERE = ("value_missing", "not_a_number", "ambiguous_amount", "amount_not_positive")
DEBIT_WORDS = ("invoice", "debit_note")

Parsed = TypeVar("Parsed", bound=tuple[Any, ...])
T = TypeVar("T")


class BadRow(Exception):
    """A row with bad cells, all of them, so that it needs correcting only once.

    `rest` is the row with None in place of each bad cell.
    """

    def __init__(self, cells: list[BadCell], rest: tuple[Any, ...]) -> None:
        super().__init__(cells)
        self.cells, self.rest = cells, rest


class PassedOver(Exception):
    """A row that is nothing to import. `reason` and `params` are said beside the totals."""

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.reason, self.params = reason, params


class RowParser:
    """Parses the rows of one file, given its mapping and whether bare numbers may be spreadsheet dates.

    A row is parsed to its end despite errors; cells that depend on a bad cell are not checked. Raises BadRow, and
    PassedOver for a row without an amount to post. Without `today`, dates are not checked for being too far ahead or
    long ago. `by_name`: customers are known by their names, which are cut to a number's length. `sides`: debit less
    credit is the amount. `from_1904`: bare numbers of days count from there.
    """

    def __init__(
        self,
        report: Report,
        mapping: ColumnMapping,
        *,
        serial: bool,
        today: date | None = None,
        by_name: bool = False,
        sides: bool = False,
        from_1904: bool = False,
    ) -> None:
        self.report = report
        self._today = today or date.max
        self._latest_on = today + timedelta(days=MAX_DAYS_AHEAD) if today else date.max
        self._oldest_on = today - timedelta(days=LONG_AGO_DAYS) if today else date.min
        self._order = mapping.date_order
        self._mapping = mapping
        self._kinds = {header_key(word): kind for word, kind in mapping.kinds.items()}
        self._by_name = by_name
        self._sides = sides
        self._from_1904 = from_1904
        self._own_currency = mapping.constants.get("currency", "")
        self._serial = serial
        self._shared: dict[str, str] = {}
        self._bad: list[BadCell] = []

    def customer(self, row: int, cells: Sequence[str]) -> ParsedCustomer:
        """Parses customer_no, name, entity_type, tax_id, owner_email, contact_name, contact_email, term_days,
        settlement_days, language, owner. Empty optional cells keep the stored values.
        """
        number, name, entity, tax_id, owner, contact, email, terms, settlement, language, owner_name = cells
        if not owner and "@" in owner_name:
            owner, owner_name = owner_name, ""
        parse_cell = self._parse_cell
        form = parse_cell(word, "entity_type", "unknown_entity_type", entity, _ENTITIES) if entity else None
        if doubt_about(form or "company", tax_id) is not None:
            self.report.add_warning(row, "tax_id", "tax_id_doubtful", found=tax_id)
        owner_email = parse_cell(email_address, "owner_email", owner) if owner else None
        made = CustomerRow(
            number=parse_cell(self._customer_no, number),
            name=parse_cell(required_text, "name", name, MAX_NAME_CHARS),
            entity_type=form,
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
        return self._complete(ParsedCustomer(row, made, parse_cell(text, "owner", owner_name, MAX_NAME_CHARS)))

    def item(self, row: int, cells: Sequence[str]) -> ParsedItem:
        """Parses customer_no, customer_name, document_no, kind, document_date, due_date, currency, amount, owner, and
        debit and credit.
        """
        number, name, document_no, kind, document_on, due_on, currency, amount, owner, debit, credit = cells
        parse_cell = self._parse_cell
        known = parse_cell(self._kind, kind)
        code = parse_cell(currency_code, self._currency(row, currency))
        booked_on = parse_cell(self._document_date, row, "document_date", document_on)
        if code and booked_on:
            parse_cell(require_current, code, booked_on)
        if self._sides:
            minor, amount = parse_cell(self._side_amount, row, debit, credit, code), debit or f"-{credit}"
        else:
            minor = parse_cell(self._amount, row, amount, code)
        known = parse_cell(self._kind_by_sign, row, known, minor, amount) if known and minor else known
        return self._complete(
            ParsedItem(
                row,
                self._intern(parse_cell(self._customer_no, number)),
                self._intern(parse_cell(text, "customer_name", name, MAX_NAME_CHARS)),
                parse_cell(self._document_no, document_no, known),
                known,
                booked_on,
                parse_cell(self._due_date, row, due_on, booked_on, known) if due_on else None,
                code,
                minor,
                self._intern(parse_cell(text, "owner", owner, MAX_NAME_CHARS)),
            )
        )

    def receipt(self, row: int, cells: Sequence[str]) -> ParsedReceipt:
        """Parses customer_no, receipt_no, received_on, currency, amount, applies_to."""
        number, receipt_no, received_on, currency, amount, applies_to = cells
        parse_cell = self._parse_cell
        code = parse_cell(currency_code, self._currency(row, currency))
        minor = parse_cell(self._amount, row, amount, code)
        return self._complete(
            ParsedReceipt(
                row,
                self._intern(parse_cell(self._customer_no, number)),
                parse_cell(self._document_no, receipt_no, "receipt", "receipt_no"),
                parse_cell(self._received_on, row, received_on, code),
                code,
                parse_cell(self._received, minor, amount) if minor else minor,
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

    def _pass_over(self, reason: str, **params: Any) -> NoReturn:
        """Ends a row that is nothing to import, with whatever is wrong in it. Raises PassedOver."""
        self._bad = []
        raise PassedOver(reason, **params)

    def _complete(self, parsed: Parsed) -> Parsed:
        if self._bad:
            bad, self._bad = self._bad, []
            raise BadRow(bad, parsed)
        return parsed

    def _customer_no(self, found: str) -> str:
        """Parses a customer's number; a name in its place is cut to its length, and stays told apart from others."""
        if self._by_name and len(found) > MAX_NUMBER_CHARS:
            return f"{found[:31].strip()}~{blake2b(found.encode(), digest_size=4).hexdigest()}"
        return identifier("customer_no", found, MAX_NUMBER_CHARS)

    def _document_no(self, found: str, kind: str | None, column: str = "document_no") -> str:
        """Parses a document's number; empty where the mapping gives such documents one of ours."""
        given = self._mapping.unnumbered
        if not found and (given == "all" or (given == "payments" and kind == "receipt")):
            return ""
        return identifier(column, found, MAX_DOCUMENT_NO_CHARS)

    def _currency(self, row: int, found: str) -> str:
        """Returns the currency of a row: the file's own where its cell is empty, with a warning."""
        if found or not self._own_currency:
            return found
        self.report.add_warning(row, "currency", "currency_assumed", currency=self._own_currency)
        return self._own_currency

    def _kind(self, found: str) -> str:
        """Parses a kind of document: as the mapping says, else by its usual words. Raises PassedOver."""
        if self._kinds and (told := self._kinds.get(header_key(found))):
            if told == SKIP:
                self._pass_over("kind_skipped", found=found)
            return told
        return document_kind(found)

    def _amount(self, row: int, found: str, currency: str | None) -> int:
        """Parses an amount in the file's manner; may be negative. Raises PassedOver for zero."""
        plain, turned = without_side(found)
        try:
            minor, rounded = minor_units("amount", plain, currency or "CNY", self._mapping, shown=found)
        except BadCell as bad:
            if currency or bad.code in _WRONG_ANYWHERE:
                raise
            return 0
        if rounded:
            self.report.add_warning(row, "amount", "amount_rounded", found=found)
        if minor == 0 and currency:
            self._pass_over("zero_amount")
        return -minor if turned else minor

    def _side_amount(self, row: int, debit: str, credit: str, currency: str | None) -> int:
        """Parses the debit less the credit of a row. Raises PassedOver for zero."""
        if not (debit or credit):
            raise BadCell("debit", "value_missing")
        given = currency or "CNY"
        charged, credited = (
            minor_units(column, found, given, self._mapping)[0] if found.strip(" -") else 0
            for column, found in (("debit", debit), ("credit", credit))
        )
        if charged == credited and currency:
            self._pass_over("zero_amount")
        return charged - credited

    def _kind_by_sign(self, row: int, kind: str, minor: int, found: str) -> str:
        """Returns the kind that sign and word give together: below zero, what is owed is a credit."""
        owes = kind in DEBIT_WORDS
        sign = self._mapping.sign
        if sign in ("owed_positive", "owed_negative"):
            owed = (minor > 0) == (sign == "owed_positive")
            if owes == owed:
                return kind
            self.report.add_warning(row, "kind", "kind_by_sign", found=found)
            return "debit_note" if owed else "credit_note"
        if minor < 0 and owes:
            if "kind" not in self._mapping.constants:
                raise BadCell("amount", "amount_not_positive", found=found)
            self.report.add_warning(row, "amount", "minus_is_credit", found=found)
            return "credit_note"
        return kind

    def _received_on(self, row: int, found: str, currency: str | None) -> date:
        """Parses the day of a receipt, on which its currency was money."""
        on = self._document_date(row, "received_on", found)
        if currency:
            require_current(currency, on)
        return on

    def _received(self, minor: int, found: str) -> int:
        """Returns the amount of a receipt, above zero; in some systems money that came in stands below it."""
        received = -minor if self._mapping.sign in ("owed_positive", "in_negative") else minor
        if received < 0:
            raise BadCell("amount", "amount_not_positive", found=found)
        return received

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

    def _due_date(self, row: int, found: str, booked_on: date | None, kind: str | None) -> date:
        """Parses a due date; one before the document's is kept or raised, as told. Credits stand at once."""
        due = self.day("due_date", found)
        if booked_on is None or kind is None or due >= booked_on:
            return due
        if kind not in DEBIT_WORDS:
            return booked_on
        kept = self._mapping.early_due == "keep"
        code = "due_before_document" if kept else "due_raised"
        self.report.add_warning(row, "due_date", code, found=str(due), document_on=str(booked_on))
        return due if kept else booked_on

    def _intern(self, found: str) -> str:
        """Returns one shared object for equal texts, since they dominate the memory of a long file."""
        return self._shared.setdefault(found, found)

    def day(self, column: str, found: str) -> date:
        """Parses a date in the file's order. Raises BadCell."""
        try:
            return parse_date(found, self._order, serial=self._serial, from_1904=self._from_1904)
        except BadDate as fault:
            if fault.code == "ambiguous_date":
                raise _undeclared_order(column, found) from None
            code = "value_missing" if fault.code == "empty" else fault.code
            limits = LIMITS if code == "day_out_of_range" else {}
            raise BadCell(column, code, found=found, **limits) from None


def _undeclared_order(column: str, found: str) -> BadCell:
    """Returns the error of a date ending with the year when the file's order of month and day was not declared."""
    by_month, by_day = (_day_or_none(found, order) for order in _YEAR_LAST_ORDERS)
    if _day_or_none(found, "ymd"):
        return BadCell(column, "ambiguous_date", found=found)
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
