"""Looks up published reference rates and statutory sums by the day they are in force.

Invariants: a day before a series' first rate has none; a day after its last known one gets that rate, marked
`after_last_known`; rates that a company recorded itself take precedence. The data are in `reference_rates.json`.
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
class PublishedRate:
    """A rate of a series in per cent, in force from a day until the next; `own`: recorded by the company."""

    series: str
    from_on: date
    percent: Decimal
    source: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class RateInForce:
    """The rate in force on a day. `after_last_known`: the day is after the last one known of the series."""

    from_on: date
    percent: Decimal
    after_last_known: bool


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series: its publisher, its interval in months (None: set by law until changed), the last day known."""

    publisher: str
    every_months: int | None
    known_through: date | None


class RateTable:
    """The product's rates; a company's own take precedence."""

    def __init__(self, own: Iterable[PublishedRate] = ()) -> None:
        by_series: dict[str, dict[date, PublishedRate]] = {}
        for rate in (*shipped_rates(), *own):  # a later one replaces an earlier one of the same day
            by_series.setdefault(rate.series, {})[rate.from_on] = rate
        self._rates = {name: [rates[on] for on in sorted(rates)] for name, rates in by_series.items()}
        self._days = {name: [rate.from_on for rate in rates] for name, rates in self._rates.items()}

    def in_force_on(self, series: str, day: date) -> RateInForce | None:
        """Returns the rate in force on `day`; None before the first."""
        place = bisect_right(self._days[series], day) - 1
        if place < 0:
            return None
        rate, known = self._rates[series][place], self.known_through(series)
        return RateInForce(rate.from_on, rate.percent, known is not None and day > known)

    def known_through(self, series: str) -> date | None:
        """Returns the last day for which the series is known; None: in force until a law changes it."""
        facts = series_facts()[series]
        if facts.every_months is None or facts.known_through is None:
            return None
        own = [_day_before_next(rate.from_on, facts.every_months) for rate in self._rates[series] if rate.own]
        return max([facts.known_through, *own])

    def rates(self, series: str) -> list[PublishedRate]:
        """Returns all rates of a series, the newest first."""
        return list(reversed(self._rates[series]))


@cache
def series_facts() -> Mapping[str, SeriesFacts]:
    """Returns publisher, interval and last known day of each series."""
    return {
        name: SeriesFacts(
            each["publisher"],
            each["every_months"],
            date.fromisoformat(each["known_through"]) if each["known_through"] else None,
        )
        for name, each in _data()["series"].items()
    }


@cache
def shipped_rates() -> tuple[PublishedRate, ...]:
    """Returns the rates shipped with the product."""
    return tuple(
        PublishedRate(name, date.fromisoformat(day), Decimal(percent), each["source"])
        for name, each in _data()["series"].items()
        for day, percent in each["rates"]
    )


def margin(kind: str) -> Decimal:
    """Returns the default percentage points over the reference rate (`eu`, `uk`)."""
    return Decimal(_data()["margins"][kind])


def lpr_factor() -> Decimal:
    """Returns the default multiplier of the LPR: the lower end of art. 18 (130 % to 150 %)."""
    return Decimal(_data()["factors"]["lpr"])


def waiver_limit_minor() -> int:
    """Returns the limit (minor units of the company's currency) up to which a waiver needs no approval."""
    return int(_data()["waived_freely_minor"])


def fixed_sum(kind: str, currency: str, debt_minor: int, on: date) -> int | None:
    """Returns the fixed sum (minor units) due on a late debt of that size besides interest; None if there is none.

    `on`: the day of default. A sum applies only to debts in its own currency.
    """
    found = None
    for rule in _data()["fixed_sums"].get(kind, ()):
        if rule["currency"] == currency and date.fromisoformat(rule["from_on"]) <= on:
            found = max(step for step in rule["by_debt"] if step[0] <= debt_minor)[1]
    return found


def half_year_start(day: date) -> date:
    """Returns 1 January or 1 July on or before `day`."""
    return date(day.year, 7 if day.month > 6 else 1, 1)


def next_half_year(day: date) -> date:
    """Returns the first day of the half-year after that of `day`."""
    return date(day.year, 7, 1) if day.month <= 6 else date(day.year + 1, 1, 1)


def _day_before_next(on: date, months: int) -> date:
    """Returns the day before the next rate of the series may be published."""
    month = on.month - 1 + months
    year, month = on.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(on.day, last)) - timedelta(days=1)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found
