"""Parses exchange rates typed by a person, or from a CSV file or workbook.

A file has the columns currency, date, rate and, optionally, units and source. Invariant: all rows or none; an error
names its row; an ambiguous number is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from ar.ledger.closing.fx.rates import NewRate
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.money import exponent
from kernel.sheets import TableRefused, header_key, open_table

ERRORS_MAX: Final = 10
SOURCE_MAX: Final = 100
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "currency": ("currency", "币种", "货币", "外币"),
    "rate_on": ("date", "日期", "汇率日期"),
    "rate": ("rate", "汇率", "中间价", "middle rate"),
    "units": ("units", "单位", "外币单位"),
    "source": ("source", "来源"),
}
CURRENCY_NAMES: Final = {"美元": "USD", "欧元": "EUR", "日元": "JPY", "港元": "HKD", "港币": "HKD", "英镑": "GBP"}
#: Codes of `TableRefused` → sentences (msgids), as the import has them.
REFUSALS: Final = {
    "table_too_large": mark("The file has more than %(most)s bytes."),
    "table_too_many_rows": mark("The file has more than %(most)s rows. Split it."),
    "table_too_many_columns": mark("The file has more than %(most)s columns."),
    "table_line_too_long": mark("Line %(row)s has more than %(most)s characters: this is no table."),
    "table_encrypted": mark("The workbook is protected by a password. Save it without one and upload it again."),
    "table_empty": mark("The file is empty."),
    "table_kind": mark("This is neither a CSV file nor an XLSX workbook."),
    "table_encoding": mark("The text of the file is neither UTF-8 nor GB18030."),
    "table_malformed": mark("The file is damaged and cannot be read."),
}
_DAY: Final = re.compile(r"(\d{4})(?:(\d\d)(\d\d)|\D(\d{1,2})\D(\d{1,2})\D?)", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,10}(?:\.\d{1,10})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedRates:
    """The rates of a file; with `errors` (sentences that name their rows) none may be recorded."""

    rates: tuple[NewRate, ...]
    errors: tuple[str, ...]


def parse_rate(text: str, units: str = "1") -> Decimal | None:
    """Parses a rate quoted for 1 or 100 units; returns it per unit, None unless it has at most ten decimals."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain) or units not in ("1", "100"):
        return None
    try:
        return Decimal(plain) / int(units)
    except InvalidOperation:
        return None


def parse_rate_file(data: bytes, filename: str) -> ParsedRates:
    """Parses an uploaded file; a file that is no table gives one error."""
    try:
        names = [name for each in COLUMNS.values() for name in each]
        table = open_table(data, filename, names)
        found = {header_key(header): at for at, header in reversed(list(enumerate(table.headers)))}
        places = {
            column: next((found[header_key(name)] for name in each if header_key(name) in found), None)
            for column, each in COLUMNS.items()
        }
        missing = [column for column in ("currency", "rate_on", "rate") if places[column] is None]
        if missing:
            names_missing = ", ".join(COLUMNS[column][0] for column in missing)
            return ParsedRates((), (_("The file has no column %(names)s.", names=names_missing),))
        rates: list[NewRate] = []
        errors: list[str] = []
        for row in table.rows():
            cells = {column: "" if at is None else row.cells[at] for column, at in places.items()}
            parsed = _parse_row(cells)
            if isinstance(parsed, NewRate):
                rates.append(parsed)
            else:
                errors.append(_("Row %(row)s: %(error)s", row=row.number, error=parsed))
    except TableRefused as refused:
        text = REFUSALS.get(refused.code, mark("The file is damaged and cannot be read."))
        return ParsedRates((), (_(text, **refused.params) if refused.params else _(text),))
    if not rates and not errors:
        errors.append(_("The file is empty."))
    return ParsedRates(tuple(rates), _capped(errors))


def _capped(errors: Sequence[str]) -> tuple[str, ...]:
    if len(errors) <= ERRORS_MAX:
        return tuple(errors)
    return (*errors[:ERRORS_MAX], _("… and %(count)s more rows", count=len(errors) - ERRORS_MAX))


def _parse_row(cells: dict[str, str]) -> NewRate | str:
    """Returns the row's rate, or the error as a sentence."""
    currency = CURRENCY_NAMES.get(cells["currency"], cells["currency"].upper())
    try:
        exponent(currency)
    except ValueError:
        return _("“%(currency)s” is not a currency.", currency=cells["currency"])
    on = _parse_day(cells["rate_on"])
    if on is None:
        return _("“%(text)s” is not a date.", text=cells["rate_on"])
    rate = parse_rate(cells["rate"], cells["units"] or "1")
    if rate is None:
        return _("“%(text)s” is not a rate. Enter a number such as 7.1234.", text=cells["rate"])
    return NewRate(currency, on, rate, cells["source"][:SOURCE_MAX])


def _parse_day(text: str) -> date | None:
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = found[1], found[2] or found[4], found[3] or found[5]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
