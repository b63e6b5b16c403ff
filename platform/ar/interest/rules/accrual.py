"""What a late debt bears: which days, at which principal and rate, and how each product is rounded.

Pure: standard library and this slice's presets. Invariants: simple interest, exact integers until one rounding half
up per segment; days run from the day after the due date to the day of payment, both included; no day twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from ar.interest.rules.presets import BOE, ECB, LPR, SME_DAILY, RateTable, fixed_sum, half_year_start, next_half_year

ONE_DAY: Final = timedelta(days=1)
YEAR, DAY = "year", "day"
# Why a late debt bears nothing (yet).
NO_INTEREST, IN_GRACE, NO_RATE, BELOW_MINIMUM = "none", "grace", "no_rate", "minimum"
_SCALE: Final = 10**8
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a debt bears. Percents are a year's or a day's; `minimum_minor`: less than that is not charged."""

    kind: str
    id: UUID | None = None
    annual_percent: Decimal | None = None
    daily_percent: Decimal | None = None
    factor: Decimal | None = None
    margin_percent: Decimal | None = None
    basis: int = 365
    grace_days: int = 0
    fixed_sum: bool = False
    minimum_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate and where it came from. `basis` is the year's days (0 for a rate per day); `beyond`: not confirmed."""

    percent: Decimal
    per: str
    basis: int
    kind: str
    series: str | None = None
    reference_on: date | None = None
    reference_percent: Decimal | None = None
    factor: Decimal | None = None
    margin_percent: Decimal | None = None
    beyond: bool = False

    def as_json(self) -> dict[str, Any]:
        """For storing: decimals and days as text."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Rate:
        """The rate that `as_json` wrote."""
        numbers = ("percent", "reference_percent", "factor", "margin_percent")
        values: dict[str, Any] = {n: Decimal(v) if n in numbers and v else v for n, v in stored.items()}
        if stored["reference_on"]:
            values["reference_on"] = date.fromisoformat(stored["reference_on"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt: `paid` what took effect when (minor units, negative when taken back), `charged` days charged before."""

    amount_minor: int
    currency: str
    due_on: date
    paid: tuple[tuple[date, int], ...] = ()
    charged: tuple[Span, ...] = ()
    fixed_charged: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Days on which principal and rate stay the same; both ends included."""

    from_on: date
    to_on: date
    principal_minor: int
    rate: Rate

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def amount_minor(self) -> int:
        """Rounded half up to the currency's smallest unit, once."""
        top, bottom = self._product()
        return (2 * top + bottom) // (2 * bottom)

    @property
    def exact_minor(self) -> Decimal:
        """Before that rounding, to six decimals of a minor unit: for the eye."""
        top, bottom = self._product()
        return Decimal((2 * top * 10**6 + bottom) // (2 * bottom)).scaleb(-6)

    def _product(self) -> tuple[int, int]:
        """principal × percent × days ÷ (100 × basis) as a fraction of integers."""
        percent = int((self.rate.percent * _SCALE).to_integral_value(ROUND_HALF_UP))
        return self.principal_minor * percent * self.days, 100 * _SCALE * (self.rate.basis or 1)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a debt bears through a day: segments, the fixed sum where it is due now, or why there is nothing.

    `missing_on`: a day for which no rate is known at all; what other days bear is then not charged either.
    """

    segments: tuple[Segment, ...] = ()
    fixed_minor: int = 0
    fixed_rate: Rate | None = None
    reason: str | None = None
    missing_on: date | None = None

    @property
    def interest_minor(self) -> int:
        return sum(segment.amount_minor for segment in self.segments)

    @property
    def total_minor(self) -> int:
        return self.interest_minor + self.fixed_minor


def assess(debt: Debt, terms: Terms, table: RateTable, through_on: date) -> Assessment:
    """Interest on `debt` through `through_on`, without the days charged before (R196, domain §1.3 and §6).

    Grace decides whether a debt bears interest, not from when. Segments that come to less than half a unit are left
    out: their days stay free and count with the next ones.
    """
    if terms.kind == NO_INTEREST:
        return Assessment(reason=NO_INTEREST)
    first = debt.due_on + ONE_DAY
    owed = principals(debt.amount_minor, debt.paid, first, through_on)
    if not owed:
        return Assessment()
    if (owed[-1][1] - debt.due_on).days <= terms.grace_days:
        return Assessment(reason=IN_GRACE)
    segments = []
    for from_on, to_on, principal in owed:
        for free_from, free_to in uncharged(from_on, to_on, debt.charged):
            for rate_from, rate_to, rate in rates_over(terms, table, first, free_from, free_to):
                if rate is None:
                    return Assessment(reason=NO_RATE, missing_on=rate_from)
                segments.append(Segment(rate_from, rate_to, principal, rate))
    kept = tuple(segment for segment in segments if segment.amount_minor)
    found = _with_fixed_sum(Assessment(kept), debt, terms, owed[0][2], first)
    if found.total_minor and terms.minimum_minor and found.total_minor < terms.minimum_minor:
        return Assessment(reason=BELOW_MINIMUM)
    return found


def principals(
    amount_minor: int, paid: Iterable[tuple[date, int]], first: date, last: date
) -> list[tuple[date, date, int]]:
    """The days from `first` to `last` by what was owed on them, where anything was.

    What is paid on a day is still owed on that day; what is taken back is owed again from the next.
    """
    steps: dict[date, int] = {}
    principal = amount_minor
    for on, minor in paid:
        if on < first:
            principal -= minor
        elif on < last:
            steps[on + ONE_DAY] = steps.get(on + ONE_DAY, 0) + minor
    spans, start = [], first
    for day in sorted(steps):
        if steps[day] == 0:
            continue
        if principal > 0:
            spans.append((start, day - ONE_DAY, principal))
        principal, start = principal - steps[day], day
    if principal > 0 and start <= last:
        spans.append((start, last, principal))
    return spans


def uncharged(first: date, last: date, charged: Sequence[Span]) -> list[Span]:
    """The days from `first` to `last` that lie in none of `charged`, as spans."""
    free, start = [], first
    for from_on, to_on in sorted(charged):
        if to_on < start:
            continue
        if from_on > last:
            break
        if from_on > start:
            free.append((start, from_on - ONE_DAY))
        start = to_on + ONE_DAY
    if start <= last:
        free.append((start, last))
    return free


def rates_over(
    terms: Terms, table: RateTable, default_on: date, first: date, last: date
) -> list[tuple[date, date, Rate | None]]:
    """The days from `first` to `last` by the rate that holds on them; None: no rate is known.

    Contract, LPR and UK rates are those of the day of default and stay; an EU rate changes with the half-year.
    """
    if terms.kind != "eu":
        return [(first, last, rate_on(terms, table, default_on))]
    spans, start = [], first
    while start <= last:
        end = min(next_half_year(start) - ONE_DAY, last)
        spans.append((start, end, rate_on(terms, table, start)))
        start = end + ONE_DAY
    return spans


def rate_on(terms: Terms, table: RateTable, day: date) -> Rate | None:
    """The rate of a debt in default on `day` (EU: of the half-year of `day`); None when none is known."""
    if terms.kind == "contract":
        if terms.daily_percent is not None:
            return Rate(terms.daily_percent, DAY, 0, terms.kind)
        return Rate(terms.annual_percent or Decimal(0), YEAR, terms.basis, terms.kind)
    series = {"lpr": LPR, "sme_daily": SME_DAILY, "eu": ECB, "uk": BOE}[terms.kind]
    quote = table.at(series, half_year_start(day) if series in (ECB, BOE) else day)
    if quote is None:
        return None
    percent = quote.percent * (terms.factor or 1) + (terms.margin_percent or 0)
    found = Rate(percent, YEAR, terms.basis, terms.kind, series, quote.from_on, quote.percent, beyond=quote.beyond)
    if series == SME_DAILY:
        return replace(found, per=DAY, basis=0)
    return replace(found, factor=terms.factor, margin_percent=terms.margin_percent)


def _with_fixed_sum(found: Assessment, debt: Debt, terms: Terms, principal_minor: int, default_on: date) -> Assessment:
    """Adds the fixed sum once per debt, with its first interest."""
    if not terms.fixed_sum or debt.fixed_charged:
        return found
    minor = fixed_sum(terms.kind, debt.currency, principal_minor, default_on)
    if not minor:
        return found
    rate = Rate(Decimal(0), YEAR, terms.basis, terms.kind)
    return replace(found, fixed_minor=minor, fixed_rate=rate)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value
