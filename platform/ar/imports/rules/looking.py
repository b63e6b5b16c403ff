"""Looks at the first rows of a table for how it writes dates and amounts, what it leaves empty, and whose its rows are.

Invariant: what only one reading allows is taken; what two allow is a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from ar.imports.rules.groups import NUMBER, headings_in, read_heading, split_numbered
from kernel.sheets import BadDate, DateOrder, Table, parse_date
from kernel.sheets.mapping import SKIP, ColumnMapping
from kernel.sheets.passed_over import has_day, plain

#: Rows whose dates and amounts are looked at for how the file writes them.
ROWS_LOOKED_AT: Final = 2_000
#: A year of two digits is read so that the days lie around today: no ledger holds what is far from it.
_DAYS_BACK: Final = 3_660
_DAYS_AHEAD: Final = 1_100
_COMMA: Final = re.compile(r"[-(+]?\s*\d{1,3}(?:[. ']\d{3})*,\d{1,2}\s*[-)]?|[-(+]?\s*\d+,\d{1,2}\s*[-)]?")
_POINT: Final = re.compile(r"[-(+]?\s*\d{1,3}(?:[, ']\d{3})*\.\d{1,2}\s*[-)]?|[-(+]?\s*\d+\.\d{1,2}\s*[-)]?")
_THOUSANDS: Final = re.compile(r"[-(+]?\s*\d{1,3}([.,])\d{3}\s*[-)]?")
_SHORT: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}(?:\D.*)?")
_HAS_DIGIT: Final = re.compile(r"\d")
_CODE_BESIDE: Final = re.compile(r"[-(]?\s*([A-Z]{3}|[€£₹¥￥$]|US\$|HK\$|NT\$)?\s*[-\d.,' ()]+\s*([A-Z]{3}|€|£|₹)?\)?")
_SIGNS: Final = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "US$": "USD",
    "HK$": "HKD",
    "NT$": "TWD",
    "$": "USD",
    "¥": "CNY",
    "￥": "CNY",
}
#: Currencies that write one sign; the first is taken where the company has none of them.
_SHARED_SIGNS: Final = (("USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN"), ("CNY", "JPY"))
_DATES: Final = (
    *("document_date", "due_date", "received_on"),
    *("valid_from", "valid_to", "order_date", "shipped_on", "signed_on"),
)
_AMOUNTS: Final = ("amount", "debit", "credit", "limit", "unit_price")


@dataclass(frozen=True, slots=True)
class Question:
    """What a file leaves open: a code with parameters, worded when it is shown."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Looked:
    """The first rows of a table, by the places of the canonical columns in it."""

    def __init__(self, table: Table, places: Mapping[str, int]) -> None:
        self.dates: set[str] = set()
        self.amounts: set[str] = set()
        self._places = places
        self._above = table.above()
        self._rows = [row for row in islice(table.rows(), ROWS_LOOKED_AT) if row.reason in ("", "heading", "remark")]
        self._dated = [row.cells for row in self._rows if not row.reason and has_day(row.cells)]
        wanted = [(self.dates, places[name]) for name in _DATES if name in places]
        wanted += [(self.amounts, places[name]) for name in _AMOUNTS if name in places]
        for row in self._rows:
            if not row.reason:
                for found, place in wanted:
                    if place < len(row.cells):
                        found.add(row.cells[place])

    def decimal_mark(self, mapping: ColumnMapping) -> tuple[Any, list[Question]]:
        """Returns the decimal mark: told, or shown by amounts with one reading; a question where both are shown."""
        if mapping.decimal_mark:
            return mapping.decimal_mark, []
        comma = next((cell for cell in self.amounts if _COMMA.fullmatch(cell)), "")
        point = next((cell for cell in self.amounts if _POINT.fullmatch(cell)), "")
        either = next((cell for cell in self.amounts if _THOUSANDS.fullmatch(cell)), "")
        if comma and point:
            return None, [Question("decimal_mark_doubtful", {"found": f"{comma}; {point}"})]
        if comma:
            return ",", []
        if either and "." in either and not point:
            return None, [Question("decimal_mark_doubtful", {"found": either})]
        return ("." if point and either else None), []

    def date_order(self, mapping: ColumnMapping, today: date) -> tuple[DateOrder | None, list[Question]]:
        """Returns the order of dates that end with the year: told, or the only one by which all of them are days."""
        if mapping.date_order:
            return mapping.date_order, []
        doubtful = [cell for cell in self.dates if cell and _needs_order(cell)]
        if not doubtful:
            return None, []
        short = all(map(_SHORT.fullmatch, doubtful))
        tried: tuple[DateOrder, ...] = ("mdy", "dmy", "ymd") if short else ("mdy", "dmy")
        orders = [order for order in tried if _all_days(doubtful, order, today if short else None)]
        if len(orders) == 1:
            return orders[0], []
        if all("." in cell for cell in doubtful) and "dmy" in orders:
            return "dmy", []  # points between day, month and year are the German and Nordic way, day first
        return None, [Question("date_order_doubtful", {"found": doubtful[0]})]

    def lacks_currency(self) -> bool:
        """Tells that some rows of data leave the column of currencies empty."""
        place = self._places.get("currency")
        return place is not None and any(not cells[place] for cells in self._dated)

    def customers_above(self) -> tuple[str | None, list[Question]]:
        """Returns the column that lines above groups of rows fill, None where none do, and a question to confirm it.

        Lines that only repeat what the rows below say of themselves are headings without a question.
        """
        found = list(headings_in([*self._above, *(row.cells for row in self._rows)]))
        if not found or not self._dated:
            return None, []
        inside = [(row.cells, read_heading(row.cells)) for row in self._rows if not has_day(row.cells)]
        if self._customers_in_rows():
            names = {plain(cells[place]) for cells in self._dated for place in self._whose()}
            own = {self._places[name] for name in ("document_no", NUMBER, "customer_name") if name in self._places}
            strange = [
                heading
                for cells, heading in inside
                if heading and (heading.text in names or not any(cells[place] for place in own))
            ]
            return (SKIP if strange else None), []
        told = [each for each in found if each.number or each.name]
        if told:
            column = NUMBER if any(each.number for each in told) else "customer_name"
            first = next((each.number or each.name) for each in told)
        else:
            lone = [each.text for each in headings_in(row.cells for row in self._rows)]
            if not lone:
                return None, []
            column = NUMBER if all(text.isdigit() or split_numbered(text) for text in lone) else "customer_name"
            first = lone[0]
        return column, [Question("headings_taken", {"found": first})]

    def carries_customers(self) -> bool:
        """Tells that rows leave the customer to the row above, as merged cells do: empty below a filled one."""
        whose = self._whose()
        seen = False
        for row in self._rows:
            if row.reason or not has_day(row.cells):
                seen = seen or any(row.cells[place] for place in whose)
            elif any(row.cells[place] for place in whose):
                seen = True
            elif seen:
                return bool(whose)
        return False

    def _whose(self) -> list[int]:
        return [self._places[name] for name in (NUMBER, "customer_name", "name") if name in self._places]

    def _customers_in_rows(self) -> bool:
        """Tells that every row of data names its customer itself."""
        whose = self._whose()
        return bool(whose) and all(any(cells[place] for place in whose) for cells in self._dated)

    def currency(self, own: str) -> str:
        """Returns the currency whose code or sign every amount bears, else the company's `own`.

        A sign of several currencies is the own one's where that has it.
        """
        found = {_code_of(cell) for cell in self.amounts if cell}
        code = found.pop() if len(found) == 1 else ""
        shared = next((codes for codes in _SHARED_SIGNS if code == codes[0]), (code,))
        return own if not code or own in shared else code

    def unnamed_numbers(self, headers: Sequence[str]) -> int | None:
        """Returns the column without a header that numbers every row of data, as reports write their first one."""
        taken = set(self._places.values())
        for place, header in enumerate(headers):
            if header or place in taken:
                continue
            cells = [row[place] for row in self._dated]
            if cells and all(cells) and len(set(cells)) == len(cells) and all(map(_HAS_DIGIT.search, cells)):
                return place
        return None


def _code_of(cell: str) -> str:
    found = _CODE_BESIDE.fullmatch(cell.strip())
    code = (found[1] or found[2] or "") if found else ""
    return _SIGNS.get(code, code if len(code) == 3 else "")


def _needs_order(cell: str) -> bool:
    try:
        parse_date(cell)
    except BadDate as fault:
        return fault.code == "ambiguous_date"
    return False


def _all_days(cells: Iterable[str], order: DateOrder, around: date | None) -> bool:
    """Tells that all cells are days in this order; `around`: and none of them is far from it."""
    try:
        days = [parse_date(cell, order) for cell in cells]
    except BadDate:
        return False
    if around is None:
        return True
    first, last = around - timedelta(days=_DAYS_BACK), around + timedelta(days=_DAYS_AHEAD)
    return all(first <= day <= last for day in days)
