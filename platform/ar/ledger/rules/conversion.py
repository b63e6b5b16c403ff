"""Converts amounts into another currency at dated rates: exact, rounded once, half up.

Pure. Invariant: no float and no decimal context of limited digits; an amount without a rate makes the total unknown and
is named.
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
    """Units of the company's currency per unit of another, as recorded for `rate_on`."""

    rate: Decimal
    rate_on: date


@dataclass(frozen=True, slots=True)
class ConvertedAmount:
    """An amount of one currency with its value; `worth_minor` and `rate` are None when there is no rate by then."""

    currency: str
    minor: int
    rate: DatedRate | None
    worth_minor: int | None


@dataclass(frozen=True, slots=True)
class ConvertedTotal:
    """A sum over currencies in the company's `currency`; `minor` is None while a rate is missing."""

    currency: str
    as_of: date
    lines: tuple[ConvertedAmount, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Currencies without a rate by `as_of`."""
        return tuple(line.currency for line in self.lines if line.worth_minor is None)

    @property
    def minor(self) -> int | None:
        """Sum of the lines (minor units), each rounded on its own as shown."""
        return None if self.missing else sum(line.worth_minor or 0 for line in self.lines)

    @property
    def foreign(self) -> bool:
        """True when a line is in another currency than the company's."""
        return any(line.currency != self.currency for line in self.lines)


def convert(minor: int, currency: str, into: str, rate: Decimal) -> int:
    """Converts `minor` units of `currency` into minor units of `into`, rounded half up (away from zero).

    `rate`: units of `into` for one unit of `currency`, of at most RATE_PLACES decimals. Raises
    ValueError otherwise.
    """
    scaled = rate.scaleb(RATE_PLACES)
    if scaled != int(scaled):
        raise ValueError(f"a rate has at most {RATE_PLACES} decimals: {rate}")
    above = abs(minor) * int(scaled) * 10 ** exponent(into)
    below = 10 ** (exponent(currency) + RATE_PLACES)
    worth = (2 * above + below) // (2 * below)
    return int(worth) if minor >= 0 else -int(worth)


def total_in(amounts: Mapping[str, int], rates: Mapping[str, DatedRate], into: str, as_of: date) -> ConvertedTotal:
    """Converts amounts per currency (minor units) into `into`; a zero amount needs no rate."""
    lines = []
    for currency in sorted(amounts, key=lambda code: (code != into, code)):
        minor = amounts[currency]
        rate = DatedRate(Decimal(1), as_of) if currency == into else rates.get(currency)
        if not minor:
            continue
        worth = None if rate is None else convert(minor, currency, into, rate.rate)
        lines.append(ConvertedAmount(currency, minor, rate, worth))
    return ConvertedTotal(into, as_of, tuple(lines))
