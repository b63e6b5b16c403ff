"""Reads the official notice of China's days off of a year as it is published, or a list of days.

Pure: standard library only. Invariant: a weekday that the notice names has to be that of the day, so that the notice of
one year is never read for another.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import Final, NamedTuple

from kernel.calendars import statutory_days_off
from kernel.i18n import mark

_DAY: Final = r"(?:(\d{4})\s*[年-]\s*)?(\d{1,2})\s*[月-]\s*(\d{1,2})\s*日?"
_WEEKDAY: Final = r"\s*(?:\((?:[^()]*?(?:周|星期)([一二三四五六日天]))?[^()]*\))?"
_LATER: Final = r"(?:(?:(\d{4})\s*[年-]\s*)?(\d{1,2})\s*[月-]\s*)?(\d{1,2})\s*日?"
_DAYS: Final = re.compile(f"{_DAY}{_WEEKDAY}(?:\\s*(?:至|到|~|–|—|\\.\\.|to|through)\\s*{_LATER}{_WEEKDAY})?")
_OFF: Final = re.compile("放假|补休|休息|off", re.IGNORECASE)
_WORKED: Final = re.compile("上班|work", re.IGNORECASE)
_WEEKDAYS: Final = "一二三四五六日"
_LONGEST_DAYS: Final = 14


class Notice(NamedTuple):
    """The days off of a year, weekends among them as the notice names them, and the weekend days that are worked."""

    off: tuple[date, ...]
    working: tuple[date, ...]


def read_notice(text: str, year: int) -> Notice:
    """Returns what the notice of `year` says: spans of days before 放假 (off), single days before 上班 (work).

    Raises ValueError with a sentence for what cannot be the notice of that year.
    """
    off: set[date] = set()
    working: set[date] = set()
    for sentence in re.split(r"[。;\n]|\.(?=\s|$)", unicodedata.normalize("NFKC", text)):
        pending: set[date] = set()
        # Commas stand between the days of one verb and between two: days wait for the next verb of their sentence.
        for piece in re.split(r",|、(?=\D*$)", sentence):
            pending |= _days_in(piece, year)
            if pending and _WORKED.search(piece):
                working |= pending
                pending = set()
            elif pending and _OFF.search(piece):
                off |= pending
                pending = set()
    off -= working
    missing = [day for day in sorted(statutory_days_off(year)) if day not in off and day.weekday() < 5]
    if missing:
        raise ValueError(
            mark("A day off by statute is not among the days off. Is it the whole notice, and of that year?")
        )
    if any(day.weekday() < 5 for day in working):
        raise ValueError(mark("A day that is worked in exchange is a Saturday or a Sunday. Check the year."))
    return Notice(tuple(sorted(off)), tuple(sorted(working)))


def _days_in(text: str, year: int) -> set[date]:
    days: set[date] = set()
    for found in _DAYS.finditer(text):
        first_year, month, day, weekday, last_year, last_month, last_day, last_weekday = found.groups()
        first = _date(int(first_year or year), int(month), int(day), weekday)
        last = first
        if last_day:
            last = _date(int(last_year or first.year), int(last_month or month), int(last_day), last_weekday)
            if last < first and not last_year:  # from December into January
                last = last.replace(year=last.year + 1)
        if not 0 <= (last - first).days <= _LONGEST_DAYS or abs(first.year - year) > 1:
            raise ValueError(mark("A span of days cannot be right. Check the year."))
        days |= {first + timedelta(days=step) for step in range((last - first).days + 1)}
    return days


def _date(year: int, month: int, day: int, weekday: str | None) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValueError(mark("There is a day in it that no calendar has.")) from None
    if weekday and _WEEKDAYS[found.weekday()] != weekday.replace("天", "日"):
        raise ValueError(mark("A weekday in it is not that of the day. Is it the notice of another year?"))
    return found
