"""Dates as people and programs write them.

Invariant: a date that could be two days is refused, not guessed.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

DateOrder = Literal["ymd", "mdy", "dmy"]

_WIDE: Final[dict[int, int | str]] = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x00A0), " "),
    0x3002: ".",
}
_TIME = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME)
_CHINESE = re.compile(r"([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})" + _TIME)
_SERIAL = re.compile(r"[0-9]{4,6}(?:\.[0-9]+)?")
# Excel believes in 29 February 1900; from March 1900 on, day 1 of its count lies here.
_SERIAL_ZERO: Final = date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class BadDate(ValueError):
    """A text that is not one unambiguous day.

    `code` is one of `empty`, `not_a_date`, `ambiguous_date`, `no_such_day`; `found` is the text as it stood.
    """

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found!r}")
        self.code, self.found = code, found


@lru_cache(maxsize=8192)
def parse_date(text: str, order: DateOrder | None = None, *, serial: bool = False) -> date:
    """Parses a date: 2026-11-21, 2026/11/21, 2026.11.21, 20261121, 2026年11月21日, also in full-width digits.

    A year at the end (11/21/2026) is read only under `order` "mdy" or "dmy"; an Excel serial number only when
    `serial`. A time of day behind the date is dropped. Raises BadDate.
    """
    body = (text if text.isascii() else text.translate(_WIDE)).strip()
    if not body:
        raise BadDate("empty", text)
    if found := _YEAR_FIRST.fullmatch(body):
        return _day(found[1], found[3], found[4], text)
    if found := _COMPACT.fullmatch(body) or _CHINESE.fullmatch(body):
        return _day(found[1], found[2], found[3], text)
    if found := _YEAR_LAST.fullmatch(body):
        if order == "mdy":
            return _day(found[4], found[1], found[3], text)
        if order == "dmy":
            return _day(found[4], found[3], found[1], text)
        raise BadDate("ambiguous_date", text)
    if serial and _SERIAL.fullmatch(body):
        day = _SERIAL_ZERO + timedelta(days=int(body.partition(".")[0]))
        if _FIRST_YEAR < day.year <= _LAST_YEAR:
            return day
    raise BadDate("not_a_date", text)


def _day(year: str, month: str, day: str, found: str) -> date:
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise BadDate("no_such_day", found) from None
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        raise BadDate("no_such_day", found)
    return read
