"""Published rates and statutory sums, with the days from which they hold: data beside this module, and lookups.

Pure: standard library only. Invariants: a day before a series' first rate has none; a day after what is known of a
series gets its last rate and says so (`beyond`), never an invented one; what a company recorded itself comes first.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

LPR, SME_DAILY, ECB, BOE = "lpr_1y", "sme_daily", "ecb_reference", "boe_reference"
HALF_YEARLY: Final = (ECB, BOE)
DATA: Final = Path(__file__).with_name("reference_rates.json")


@dataclass(frozen=True, slots=True)
class Published:
    """A rate of a series in per cent, valid from a day until the next; `own`: recorded by the company."""

    series: str
    from_on: date
    percent: Decimal
    source: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """The rate that holds on a day. `beyond`: the day lies after all that is known of the series."""

    from_on: date
    percent: Decimal
    beyond: bool


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Who publishes a series, how often it is set (None: by law, until changed), and through when it is known."""

    publisher: str
    every_months: int | None
    known_through: date | None


class RateTable:
    """The product's rates with a company's own on top."""

    def __init__(self, own: Iterable[Published] = ()) -> None:
        by_series: dict[str, dict[date, Published]] = {}
        for rate in (*shipped_rates(), *own):  # a later one of the same day takes the place of the earlier
            by_series.setdefault(rate.series, {})[rate.from_on] = rate
        self._rates = {name: [rates[on] for on in sorted(rates)] for name, rates in by_series.items()}
        self._days = {name: [rate.from_on for rate in rates] for name, rates in self._rates.items()}

    def at(self, series: str, day: date) -> Quote | None:
        """The rate in force on `day`; None before the first."""
        place = bisect_right(self._days[series], day) - 1
        if place < 0:
            return None
        rate, known = self._rates[series][place], self.known_through(series)
        return Quote(rate.from_on, rate.percent, known is not None and day > known)

    def known_through(self, series: str) -> date | None:
        """The last day for which the series is known; None: it holds until a law changes it."""
        facts = series_facts()[series]
        if facts.every_months is None or facts.known_through is None:
            return None
        own = [_before(rate.from_on, facts.every_months) for rate in self._rates[series] if rate.own]
        return max([facts.known_through, *own])

    def rates(self, series: str) -> list[Published]:
        """All rates of a series, the newest first."""
        return list(reversed(self._rates[series]))


@cache
def series_facts() -> Mapping[str, SeriesFacts]:
    """What is known of each series itself."""
    return {
        name: SeriesFacts(
            each["publisher"],
            each["every_months"],
            date.fromisoformat(each["known_through"]) if each["known_through"] else None,
        )
        for name, each in _data()["series"].items()
    }


@cache
def shipped_rates() -> tuple[Published, ...]:
    """The rates that the product brings."""
    return tuple(
        Published(name, date.fromisoformat(day), Decimal(percent), each["source"])
        for name, each in _data()["series"].items()
        for day, percent in each["rates"]
    )


def margin(kind: str) -> Decimal:
    """Percentage points over the reference rate where nothing else is said (`eu`, `uk`)."""
    return Decimal(_data()["margins"][kind])


def lpr_factor() -> Decimal:
    """By what the LPR is multiplied where nothing else is said: the lower end of art. 18 (130 % to 150 %)."""
    return Decimal(_data()["factors"]["lpr"])


def waived_freely_minor() -> int:
    """Up to which amount (minor units of the company's currency) interest is waived without asking anybody."""
    return int(_data()["waived_freely_minor"])


def fixed_sum(kind: str, currency: str, debt_minor: int, on: date) -> int | None:
    """The sum (minor units) a late debt of that size carries beside interest; None where there is none.

    `on`: the day of default. The sums are set in one currency and owed in no other.
    """
    found = None
    for rule in _data()["fixed_sums"].get(kind, ()):
        if rule["currency"] == currency and date.fromisoformat(rule["from_on"]) <= on:
            found = max(step for step in rule["by_debt"] if step[0] <= debt_minor)[1]
    return found


def half_year_start(day: date) -> date:
    """1 January or 1 July on or before `day`."""
    return date(day.year, 7 if day.month > 6 else 1, 1)


def next_half_year(day: date) -> date:
    """The first day of the half-year after that of `day`."""
    return date(day.year, 7, 1) if day.month <= 6 else date(day.year + 1, 1, 1)


def _before(on: date, months: int) -> date:
    """The day before the next rate of the series may be set."""
    month = on.month - 1 + months
    year, month = on.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(on.day, last)) - timedelta(days=1)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found
