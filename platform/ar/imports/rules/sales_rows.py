"""Parses the rows of limits, orders, deliveries and sign-offs, as `checking` parses those of the ledger.

Invariant: quantities and prices are exact decimal numbers; what happened is not dated after today.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from ar.imports.columns import MODE_WORDS, UNLIMITED_WORDS, words
from ar.imports.inputs import ParsedDeliveryLine, ParsedLimit, ParsedOrderLine, ParsedSignOff
from ar.imports.rules.amounts import BadCell, minor_units
from ar.imports.rules.cells import currency_code, identifier, required_text, text, whole, word
from ar.imports.rules.checking import MAX_DOCUMENT_NO_CHARS, RowParser
from kernel.money import MAX_MINOR, exponent
from kernel.sheets import header_key

MAX_TEXT_CHARS: Final = 200
MAX_SIGNER_CHARS: Final = 100
MAX_UNIT_CHARS: Final = 80
#: The longest credit term of a limit or an order.
MAX_TERM_DAYS: Final = 366
MAX_LINE_NO: Final = 99_999
#: Places behind the decimal mark, and digits before it, of quantities and prices.
MAX_PLACES: Final = 6
MAX_DIGITS: Final = 12
MODE_BY_DEFAULT: Final = "direct"
GRADES: Final = ("A", "B", "C", "D")
_MODES: Final = words(MODE_WORDS)
_UNLIMITED: Final = words(UNLIMITED_WORDS)
_BPS: Final = 10_000
_PLAIN: Final = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}")
_ONE_GROUP: Final = re.compile(r"\d{1,3},\d{3}")
_SWAPPED: Final = str.maketrans(".,", ",.")


class SalesRowParser(RowParser):
    """Parses the rows of one file of any kind; see `RowParser`."""

    def limit(self, row: int, cells: Sequence[str]) -> ParsedLimit:
        """Parses customer_no, currency, limit, term_days, valid_from, valid_to, grade, reason.

        An empty limit is none, 0 is zero, a word for it is unlimited: three things.
        """
        number, currency, limit, term_days, valid_from, valid_to, grade, reason = cells
        parse_cell = self._parse_cell
        code = parse_cell(currency_code, self._currency(row, currency))
        unlimited = header_key(limit) in _UNLIMITED
        begins_on = parse_cell(self.day, "valid_from", valid_from)
        return self._complete(
            ParsedLimit(
                row,
                self._intern(parse_cell(self._customer_no, number)),
                code,
                parse_cell(self._limit, row, limit, code) if limit and not unlimited else None,
                unlimited,
                parse_cell(whole, "term_days", term_days, MAX_TERM_DAYS) if term_days else None,
                begins_on,
                parse_cell(self._valid_to, valid_to, begins_on) if valid_to else None,
                parse_cell(_grade, grade) if grade else None,
                parse_cell(text, "reason", reason, MAX_TEXT_CHARS),
            )
        )

    def order_line(self, row: int, cells: Sequence[str]) -> ParsedOrderLine:
        """Parses order_no, customer_no, order_date, currency, term_days, line_no, product, quantity, unit,
        unit_price, tax_rate.
        """
        number, customer, ordered_on, currency, term_days, line_no, product, quantity, unit, price, tax_rate = cells
        parse_cell = self._parse_cell
        code = parse_cell(currency_code, self._currency(row, currency))
        amount = parse_cell(self._quantity, quantity)
        each = parse_cell(self._decimal, "unit_price", price)
        if code and amount and each:
            parse_cell(_require_amount_fits, amount * each, code, price)
        return self._complete(
            ParsedOrderLine(
                row,
                self._intern(parse_cell(identifier, "order_no", number, MAX_DOCUMENT_NO_CHARS)),
                self._intern(parse_cell(self._customer_no, customer)),
                parse_cell(self._document_date, row, "order_date", ordered_on),
                code,
                parse_cell(whole, "term_days", term_days, MAX_TERM_DAYS) if term_days else None,
                parse_cell(_line_no, line_no),
                self._intern(parse_cell(required_text, "product", product, MAX_TEXT_CHARS)),
                amount,
                self._intern(parse_cell(text, "unit", unit, MAX_UNIT_CHARS)),
                each,
                parse_cell(self._tax_rate_bps, tax_rate) if tax_rate else None,
            )
        )

    def delivery_line(self, row: int, cells: Sequence[str]) -> ParsedDeliveryLine:
        """Parses delivery_no, order_no, shipped_on, mode, line_no, quantity. Without a mode our driver brought it."""
        number, order_no, shipped_on, mode, line_no, quantity = cells
        parse_cell = self._parse_cell
        return self._complete(
            ParsedDeliveryLine(
                row,
                self._intern(parse_cell(identifier, "delivery_no", number, MAX_DOCUMENT_NO_CHARS)),
                self._intern(parse_cell(identifier, "order_no", order_no, MAX_DOCUMENT_NO_CHARS)),
                parse_cell(self._past_day, row, "shipped_on", shipped_on),
                parse_cell(word, "mode", "unknown_mode", mode, _MODES) if mode else MODE_BY_DEFAULT,
                parse_cell(_line_no, line_no),
                parse_cell(self._quantity, quantity),
            )
        )

    def sign_off(self, row: int, cells: Sequence[str]) -> ParsedSignOff:
        """Parses delivery_no, signed_on, signed_by."""
        number, signed_on, signed_by = cells
        parse_cell = self._parse_cell
        return self._complete(
            ParsedSignOff(
                row,
                parse_cell(identifier, "delivery_no", number, MAX_DOCUMENT_NO_CHARS),
                parse_cell(self._past_day, row, "signed_on", signed_on),
                parse_cell(required_text, "signed_by", signed_by, MAX_SIGNER_CHARS),
            )
        )

    def _limit(self, row: int, found: str, currency: str | None) -> int | None:
        """Parses a limit in the file's manner; zero is a limit."""
        if currency is None:
            return None
        minor, rounded = minor_units("limit", found, currency, self._mapping)
        if minor < 0 or minor > MAX_MINOR:
            raise BadCell("limit", "limit_negative" if minor < 0 else "too_large", found=found)
        if rounded:
            self.report.add_warning(row, "limit", "amount_rounded", found=found)
        return minor

    def _valid_to(self, found: str, begins_on: date | None) -> date:
        ends_on = self.day("valid_to", found)
        if begins_on is not None and ends_on < begins_on:
            raise BadCell("valid_to", "ends_before_it_begins", found=str(ends_on), valid_from=str(begins_on))
        return ends_on

    def _past_day(self, row: int, column: str, found: str) -> date:
        """Parses the day on which something happened. Raises BadCell for one after today."""
        on = self.day(column, found)
        if on > self._today:
            raise BadCell(column, "not_yet", found=str(on), today=str(self._today))
        if on < self._oldest_on:
            self.report.add_warning(row, column, "date_long_ago", found=str(on))
        return on

    def _quantity(self, found: str) -> Decimal:
        quantity = self._decimal("quantity", found)
        if quantity == 0:
            raise BadCell("quantity", "quantity_not_positive", found=found)
        return quantity

    def _tax_rate_bps(self, found: str) -> int:
        """Parses 13, 13% or 0.13 into basis points; below one it is a share."""
        plain = unicodedata.normalize("NFKC", found).strip()
        rate = self._decimal("tax_rate", plain.removesuffix("%").strip())
        if rate >= 1 or plain.endswith("%"):
            rate /= 100
        bps = rate * _BPS
        if bps != bps.to_integral_value() or bps > _BPS:
            raise BadCell("tax_rate", "not_a_rate", found=found)
        return int(bps)

    def _decimal(self, column: str, found: str) -> Decimal:
        """Parses a number of zero or more, in the file's manner. Raises BadCell."""
        plain = unicodedata.normalize("NFKC", found).replace(" ", "").replace("'", "")
        if not plain:
            raise BadCell(column, "value_missing", found=found)
        if self._mapping.decimal_mark == ",":
            plain = plain.translate(_SWAPPED)
        if _ONE_GROUP.fullmatch(plain) and self._mapping.decimal_mark is None:
            raise BadCell(column, "ambiguous_amount", found=found)
        if _GROUPED.fullmatch(plain) or _ONE_GROUP.fullmatch(plain):
            plain = plain.replace(",", "")
        if not (plain.isascii() and _PLAIN.fullmatch(plain)):
            raise BadCell(column, "not_a_quantity", found=found)
        number = Decimal(plain).normalize()
        if number != round(number, MAX_PLACES):
            raise BadCell(column, "too_many_places", found=found, most=MAX_PLACES)
        if number >= 10**MAX_DIGITS:
            raise BadCell(column, "too_large", found=found)
        return number


def _line_no(found: str) -> int:
    """Parses the number of an order line, from 1."""
    plain = unicodedata.normalize("NFKC", found).strip()
    if not plain:
        raise BadCell("line_no", "value_missing", found=found)
    if not (plain.isascii() and plain.isdigit() and len(plain) < 9) or not 0 < int(plain) <= MAX_LINE_NO:
        raise BadCell("line_no", "not_a_line_no", found=found, most=MAX_LINE_NO)
    return int(plain)


def _grade(found: str) -> str:
    """Parses a grade A to D; "A级" is one."""
    grade = unicodedata.normalize("NFKC", found).strip().upper().removesuffix("级").removesuffix("类")
    if grade not in GRADES:
        raise BadCell("grade", "unknown_grade", found=found)
    return grade


def _require_amount_fits(amount: Decimal, currency: str, found: str) -> None:
    if amount * 10 ** exponent(currency) > MAX_MINOR:
        raise BadCell("unit_price", "too_large", found=found)
