"""Amounts in another currency, by dated rates: exact, rounded once, half up; nothing is guessed. Pure.

Imports kernel.money only. Invariant: no float and no context of limited digits; an amount without a rate makes the
total unknown, and says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from kernel.money import exponent

RATE_PLACES: Final = 10


@dataclass(frozen=True, slots=True)
class DatedRate:
    """What one unit was worth in the company's currency, by the rate of `rate_on`."""

    rate: Decimal
    rate_on: date


@dataclass(frozen=True, slots=True)
class ConvertedAmount:
    """One currency's amount and what it is worth; `worth_minor` and `rate` None: there is no rate by then."""

    currency: str
    minor: int
    rate: DatedRate | None
    worth_minor: int | None


@dataclass(frozen=True, slots=True)
class ConvertedTotal:
    """A sum over currencies in the company's `currency`; `minor` None while a rate is missing."""

    currency: str
    as_of: date
    lines: tuple[ConvertedAmount, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The currencies without a rate by `as_of`."""
        return tuple(line.currency for line in self.lines if line.worth_minor is None)

    @property
    def minor(self) -> int | None:
        """The sum of the lines as shown, each rounded on its own."""
        return None if self.missing else sum(line.worth_minor or 0 for line in self.lines)

    @property
    def foreign(self) -> bool:
        """Whether it says more than the single currency's own line."""
        return any(line.currency != self.currency for line in self.lines)


def convert(minor: int, currency: str, into: str, rate: Decimal) -> int:
    """`minor` units of `currency` in minor units of `into`, rounded half up (away from zero) to its own decimals.

    `rate`: units of `into` for one unit of `currency`, at most RATE_PLACES decimals (else ValueError).
    """
    scaled = rate.scaleb(RATE_PLACES)
    if scaled != int(scaled):
        raise ValueError(f"a rate has at most {RATE_PLACES} decimals: {rate}")
    above = abs(minor) * int(scaled) * 10 ** exponent(into)
    below = 10 ** (exponent(currency) + RATE_PLACES)
    worth = (2 * above + below) // (2 * below)
    return int(worth) if minor >= 0 else -int(worth)


def total_in(amounts: Mapping[str, int], rates: Mapping[str, DatedRate], into: str, as_of: date) -> ConvertedTotal:
    """The amounts per currency (minor units) in `into`; a currency in which nothing is left needs no rate."""
    lines = []
    for currency in sorted(amounts, key=lambda each: (each != into, each)):
        minor = amounts[currency]
        rate = DatedRate(Decimal(1), as_of) if currency == into else rates.get(currency)
        if not minor:
            continue
        worth = None if rate is None else convert(minor, currency, into, rate.rate)
        lines.append(ConvertedAmount(currency, minor, rate, worth))
    return ConvertedTotal(into, as_of, tuple(lines))
