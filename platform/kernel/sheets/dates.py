"""Dates as people and programs write them.

Invariant: a date that could be two days is refused, not guessed; a day outside `kernel.bookable` is refused as well.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, Literal

from kernel.bookable import is_bookable

DateOrder = Literal["ymd", "mdy", "dmy"]

_WIDE: Final[dict[int, int | str]] = {
    **{wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x00A0), " "),
    0x3002: ".",
}
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
_TIME = rf"(?:(?:[ T]|, ?| at ){_CLOCK} ?(?:Z|UTC|GMT|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME)
_CHINESE = re.compile(r"([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号號]? ?(?:[0-9]{1,2}[:时時][0-9:分秒]*)?")
#: 20261121, and with a time of day behind it: 20261121153000, 20261121T1530, 20261121 15:30:00.
_COMPACT = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})"
    r"(?:[ T]?[0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.:][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})" + _TIME)
#: 31/12/26, 12/31/26, 26-12-31: the year of two digits may stand first or last.
_SHORT_YEAR = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME)
#: Years of two digits from here on are of the last century.
_LAST_CENTURY: Final = 70
#: 28-Feb-2026, 28 Feb 2026, 28. Februar 2026; 2026-Feb-28; Feb 28, 2026. A month in letters leaves no doubt.
_DAY_NAME_YEAR = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?[-/. ]{1,2}([^\W\d_]{3,10})\.?[-/., ]{1,2}([0-9]{4}|[0-9]{2})" + _TIME
)
_YEAR_NAME_DAY = re.compile(r"([0-9]{4})[-/. ]([^\W\d_]{3,10})\.?[-/. ]([0-9]{1,2})" + _TIME)
_NAME_DAY_YEAR = re.compile(r"([^\W\d_]{3,10})\.?[- ]([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})" + _TIME)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sat|sun)(?:day)?,? +", re.IGNORECASE)
_SERIAL = re.compile(r"[0-9]{4,6}(?:\.[0-9]+)?")
# Excel believes in 29 February 1900; from March 1900 on, day 1 of its count lies here.
SERIAL_ZERO: Final = date(1899, 12, 30)
#: Days between the two counts of spreadsheets: workbooks of the Macintosh count from 1904.
DAYS_TO_1904: Final = 1462

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
#: Months in other tongues where their first three letters are not the English ones.
_MORE_MONTHS: Final = {
    "januar": 1,
    "jänner": 1,
    "februar": 2,
    "feber": 2,
    "märz": 3,
    "mär": 3,
    "maerz": 3,
    "mrz": 3,
    "mai": 5,
    "juni": 6,
    "juli": 7,
    "oktober": 10,
    "okt": 10,
    "dezember": 12,
    "dez": 12,
    "sept": 9,
    "janvier": 1,
    "janv": 1,
    "février": 2,
    "févr": 2,
    "fév": 2,
    "fevrier": 2,
    "mars": 3,
    "avril": 4,
    "avr": 4,
    "juin": 6,
    "juillet": 7,
    "juil": 7,
    "août": 8,
    "aout": 8,
    "septembre": 9,
    "octobre": 10,
    "novembre": 11,
    "décembre": 12,
    "déc": 12,
    "decembre": 12,
    "enero": 1,
    "ene": 1,
    "febrero": 2,
    "marzo": 3,
    "abril": 4,
    "abr": 4,
    "mayo": 5,
    "junio": 6,
    "julio": 7,
    "agosto": 8,
    "ago": 8,
    "septiembre": 9,
    "octubre": 10,
    "noviembre": 11,
    "diciembre": 12,
    "dic": 12,
    "gennaio": 1,
    "gen": 1,
    "febbraio": 2,
    "aprile": 4,
    "maggio": 5,
    "mag": 5,
    "giugno": 6,
    "giu": 6,
    "luglio": 7,
    "lug": 7,
    "settembre": 9,
    "set": 9,
    "ottobre": 10,
    "ott": 10,
    "dicembre": 12,
    "maart": 3,
    "mrt": 3,
    "mei": 5,
    "augustus": 8,
    "janeiro": 1,
    "fevereiro": 2,
    "março": 3,
    "maio": 5,
    "junho": 6,
    "julho": 7,
    "setembro": 9,
    "outubro": 10,
    "out": 10,
    "novembro": 11,
    "dezembro": 12,
}
_MONTH_OF: Final = {
    **{name: at for at, name in enumerate(_MONTHS, start=1)},
    **{name[:3]: at for at, name in enumerate(_MONTHS, start=1)},
    **_MORE_MONTHS,
}


class BadDate(ValueError):
    """A text that is not one unambiguous day.

    `code` is one of `empty`, `not_a_date`, `ambiguous_date`, `no_such_day`, `day_out_of_range`; `found` is the text as
    it stood.
    """

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found!r}")
        self.code, self.found = code, found


@lru_cache(maxsize=8192)
def parse_date(text: str, order: DateOrder | None = None, *, serial: bool = False, from_1904: bool = False) -> date:
    """Parses a date: 2026-11-21, 2026/11/21, 20261121, 2026年11月21日, 21-Nov-2026, also in full-width digits.

    A year at the end (11/21/2026) is read only under `order` "mdy" or "dmy", one of two digits (21.11.26) under any; an
    Excel serial number only when `serial`, counted from 1900 or 1904. A time of day behind the date is dropped, in
    whatever zone it was.

    Raises BadDate.
    """
    body = (text if text.isascii() else text.translate(_WIDE)).strip()
    if not body:
        raise BadDate("empty", text)
    if len(body) > 60:
        raise BadDate("not_a_date", text)
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
    if found := _SHORT_YEAR.fullmatch(body):
        return _short(found[1], found[3], found[4], order, text)
    if serial and _SERIAL.fullmatch(body):
        on = SERIAL_ZERO + timedelta(days=int(body.partition(".")[0]) + DAYS_TO_1904 * from_1904)
        if is_bookable(on):
            return on
    return _by_name(_WEEKDAY.sub("", body, count=1), text)


def _short(first: str, second: str, third: str, order: DateOrder | None, found: str) -> date:
    """Parses three short numbers in the order told. Raises BadDate, `ambiguous_date` where none is."""
    if order is None:
        raise BadDate("ambiguous_date", found)
    places = {"mdy": (third, first, second), "dmy": (third, second, first), "ymd": (first, second, third)}
    year, month, day = places[order]
    if len(year) != 2:
        raise BadDate("not_a_date", found)
    return _day(_four_digits(year), month, day, found)


def _four_digits(year: str) -> str:
    return f"{'19' if int(year) >= _LAST_CENTURY else '20'}{year}"


def _by_name(body: str, found: str) -> date:
    """Parses a date whose month is a word. Raises BadDate."""
    if match := _DAY_NAME_YEAR.fullmatch(body):
        day, name, year = match[1], match[2], match[3]
        year = _four_digits(year) if len(year) == 2 else year  # 3-Nov-26, as spreadsheets show a day
    elif match := _YEAR_NAME_DAY.fullmatch(body):
        year, name, day = match[1], match[2], match[3]
    elif match := _NAME_DAY_YEAR.fullmatch(body):
        name, day, year = match[1], match[2], match[3]
    else:
        raise BadDate("not_a_date", found)
    month = _MONTH_OF.get(name.casefold())
    if month is None:
        raise BadDate("not_a_date", found)
    return _day(year, str(month), day, found)


def _day(year: str, month: str, day: str, found: str) -> date:
    try:
        read = date(int(year), int(month), int(day))
    except ValueError:
        raise BadDate("no_such_day", found) from None
    if not is_bookable(read):
        raise BadDate("day_out_of_range", found)
    return read
