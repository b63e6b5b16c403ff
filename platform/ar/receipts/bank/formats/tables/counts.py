"""Counts in one pass over the rows of a table how their days, amounts, marks, states and balances are written.

Invariant: it decides nothing; what the counts prove is decided in `survey`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from ar.receipts.bank.formats.tables.layout import Layout
from kernel.sheets import BadDate, parse_date

_DAY = re.compile(r"\d{4}[-/.年]\d|\d{8}|\d{1,2}[-/. ][\dA-Za-z]{1,9}[-/. ,]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_YEAR_FIRST_POINTS = re.compile(r"\d{4}\.\d{1,2}\.\d{1,2}\.")
_COMMA_DECIMAL = re.compile(r"(?:\d\.\d{3}|^[^\d]*\d+),\d{1,2}[^\d]*$|^[^\d]*\d{4,},\d+[^\d]*$")
_POINT_DECIMAL = re.compile(r"\d\.\d{1,2}[^\d]*$|,\d{3}\.\d|\d{4,}\.\d")
_MONEY_CELL = re.compile(r"[-+(]?\s*[^\w\s]{0,3}\s*\d[\d.,' ]*[.,]\d{2}\s*[-)]?")
#: What stands for nothing in a cell.
NOTHING: Final = frozenset({"", "-", "--", "---", "—", "——", "/", "\\", "null", "none", "n/a", "nan", "nil", "无"})
MAX_NOTHING_CHARS: Final = max(map(len, NOTHING))
MAX_COUNTED: Final = 200


class Balance(NamedTuple):
    """A row with a running balance, its cells as they are written."""

    when: str
    balance: str
    money_in: str
    money_out: str
    amount: str
    mark: str


NO_ROW: Final = Balance("", "", "", "", "", "")


class Counts:
    """What one pass over the rows finds."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.rows = self.days = self.commas = self.points = 0
        self.day_first = self.month_first = self.either = self.dotted = 0
        self.signed = self.positive = self.out_negative = self.out_positive = 0
        self.marks: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.others: dict[int, Counter[str]] = {place: Counter() for place in layout.unknown}
        self.money_cells: Counter[int] = Counter()
        self.references: set[str] = set()
        self.reference_rows = 0
        self.balances: list[Balance] = []

    def add(self, cells: Sequence[str]) -> None:
        """Counts a row; one without a day is no data."""
        when = self._cell(cells, "booked_on")
        if not _DAY.search(when):
            return
        self.rows += 1
        self._add_day(when)
        for name in ("in", "out", "amount"):
            if (text := self._cell(cells, name)).casefold() not in NOTHING:
                self._add_amount(name, text)
        for name, counter in (("mark", self.marks), ("status", self.states)):
            if (word := self._cell(cells, name)) and len(counter) <= MAX_COUNTED:
                counter[word] += 1
        for place, counter in self.others.items():
            if place < len(cells) and (text := cells[place]) and len(counter) <= MAX_COUNTED:
                counter[text] += 1
                self.money_cells[place] += _MONEY_CELL.fullmatch(text) is not None
        if reference := self._cell(cells, "reference"):
            self.reference_rows += 1
            self.references.add(reference)
        if balance := self._cell(cells, "balance"):
            money_in, money_out, amount, mark = (self._cell(cells, name) for name in ("in", "out", "amount", "mark"))
            self.balances.append(Balance(when, balance, money_in, money_out, amount, mark))

    def _cell(self, cells: Sequence[str], name: str) -> str:
        place = self.layout.at.get(name)
        return cells[place].lstrip("`") if place is not None and place < len(cells) else ""

    def _add_day(self, when: str) -> None:
        if found := _YEAR_LAST.match(when):
            first, second = int(found[1]), int(found[3])
            self.day_first += first > 12 >= second
            self.month_first += second > 12 >= first
            self.either += first <= 12 and second <= 12
            self.dotted += found[2] == "."
        try:
            parse_date(short_year(when), "dmy")
        except BadDate as fault:
            self.days += fault.code in ("no_such_day", "day_out_of_range")
        else:
            self.days += 1

    def _add_amount(self, name: str, text: str) -> None:
        self.commas += _COMMA_DECIMAL.search(text) is not None
        self.points += _POINT_DECIMAL.search(text) is not None
        negative = "-" in text or "\u2212" in text or text.startswith("(")
        if name == "amount":
            self.signed += negative or text.startswith("+")
            self.positive += not negative
        elif name == "out" and text.strip("0., -"):
            self.out_negative += negative
            self.out_positive += not negative


def short_year(when: str) -> str:
    """Returns a date whose year has two digits with four: "02.01.26" is of this century."""
    if _YEAR_FIRST_POINTS.fullmatch(when):
        return when.rstrip(".")  # 2026.11.03. as in Hungary
    found = _YEAR_LAST.match(when)
    if found is None or len(found[4]) != 2:
        return when
    return f"{found[1]}{found[2]}{found[3]}{found[2]}20{found[4]}{when[found.end() :]}"
