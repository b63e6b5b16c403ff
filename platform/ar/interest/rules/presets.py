"""Looks up published reference rates, statutes of late payment and their fixed sums by the day they are in force.

Invariants: a day for which no rate is known to be published has none, and the last one is never taken for it (ADR
0029); rates that a company recorded itself take precedence. The data are in `reference_rates.json`: a rate is there
only where it was read, or follows from one that was.
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
BGB_BASE, OENB_BASE = "bgb_base", "oenb_base"
HALF_YEARLY: Final = (ECB, BOE, BGB_BASE, OENB_BASE)
#: The LPR is published on this day of the month, or on the next working day.
LPR_DAY: Final = 20
#: So many days after its usual day a rate may be published, over a week of holidays.
LATE_DAYS: Final = 10
DATA: Final = Path(__file__).with_name("reference_rates.json")


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A rate of a series in per cent, in force from a day until the next; `own`: recorded by the company.

    `through_on`: the last day for which its source tells that it held; None: until the next one may be published.
    """

    series: str
    from_on: date
    percent: Decimal
    source: str
    own: bool = False
    through_on: date | None = None


@dataclass(frozen=True, slots=True)
class RateInForce:
    """The rate in force on a day, in per cent, and the day it took effect."""

    from_on: date
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Statute:
    """A law of late payment: `margin` points over a reference rate (None: the terms name them).

    `on_default`: the rate of the half-year of default holds for the whole delay; otherwise it changes with the
    half-years. `round_up_to`: the sum is rounded up to the next multiple of so many points.
    """

    series: str
    margin: Decimal | None
    on_default: bool
    round_up_to: Decimal | None
    law: str


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series: its publisher and where it publishes, its interval in months (None: set by law), the last day known."""

    publisher: str
    source: str
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
        """Returns the rate in force on `day`; None where none is known to be published for it."""
        place = bisect_right(self._days.get(series, []), day) - 1
        if place < 0:
            return None
        rate = self._rates[series][place]
        last, later = self._held_through(rate), self._rates[series][place + 1 : place + 2]
        # Published a few days after its usual day, the next rate leaves no gap: until then this one was in force.
        if last is None or day <= last or any((each.from_on - last).days <= LATE_DAYS for each in later):
            return RateInForce(rate.from_on, rate.percent)
        return None

    def known_through(self, series: str) -> date | None:
        """Returns the last day for which a rate is known; None: none is, or it is in force until a law changes it."""
        rates = self._rates.get(series, [])
        return self._held_through(rates[-1]) if rates else None

    def _held_through(self, rate: PublishedRate) -> date | None:
        """Returns the last day for which the rate is known to hold; None: until a law changes it."""
        facts = series_facts()[rate.series]
        if facts.every_months is None:
            return None
        last = rate.through_on or _day_before_next(rate.from_on, facts.every_months)
        if facts.known_through is not None and rate.from_on <= facts.known_through:
            last = max(last, facts.known_through)
        return last

    def rates(self, series: str) -> list[PublishedRate]:
        """Returns all rates of a series, the newest first."""
        return list(reversed(self._rates.get(series, [])))


@cache
def series_facts() -> Mapping[str, SeriesFacts]:
    """Returns publisher, interval and last known day of each series."""
    return {
        name: SeriesFacts(
            each["publisher"],
            each["source"],
            each["every_months"],
            date.fromisoformat(each["known_through"]) if each["known_through"] else None,
        )
        for name, each in _data()["series"].items()
    }


@cache
def shipped_rates() -> tuple[PublishedRate, ...]:
    """Returns the rates shipped with the product."""
    return tuple(
        PublishedRate(name, date.fromisoformat(day), Decimal(percent), each.get("read", {}).get(day, each["source"]))
        for name, each in _data()["series"].items()
        for day, percent in each["rates"]
    )


@cache
def statutes() -> Mapping[str, Statute]:
    """Returns the laws of late payment by their code: `eu`, `uk`, and countries."""
    return {
        code: Statute(
            series=each["series"],
            margin=Decimal(each["margin"]) if "margin" in each else None,
            on_default=each.get("on_default", False),
            round_up_to=Decimal(each["round_up_to"]) if "round_up_to" in each else None,
            law=each.get("law", ""),
        )
        for code, each in _data()["statutes"].items()
    }


def publication_day(series: str, day: date) -> date:
    """Returns the day on which the rate for `day` took effect, as far as the series' own calendar tells."""
    if series in HALF_YEARLY:
        return half_year_start(day)
    if series != LPR:
        return day
    month = day.replace(day=1) if day.day >= LPR_DAY else (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    return month.replace(day=LPR_DAY)


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
