"""Calculates the interest on a late debt by days, principal and rate, rounded once per segment.

Invariants: simple interest, exact integers until one rounding half
up per segment; days run from the day after the due date to the day of payment, both included; no day twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from ar.interest.rules.presets import (
    HALF_YEARLY,
    LPR,
    SME_DAILY,
    RateTable,
    fixed_sum,
    half_year_start,
    next_half_year,
    statutes,
)

ONE_DAY: Final = timedelta(days=1)
YEAR, DAY = "year", "day"
# Reasons why a late debt bears no interest (yet).
NO_INTEREST, IN_GRACE, NO_RATE, BELOW_MINIMUM = "none", "grace", "no_rate", "minimum"
_SCALE: Final = 10**8
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class AccrualTerms:
    """Terms in force for a debt; `kind` names an agreement or a law. `minimum_minor`: the smallest charge of a
    debt, `document_minimum_minor`: the smallest document of interest. Percentages per year or per day.
    """

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
    document_minimum_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its source. `basis`: days of the year (0 for a rate per day).

    `round_up_to`: the sum was rounded up to a multiple of so many points. `after_last_known`: charged before rates had
    to be known, by the last one of the series.
    """

    percent: Decimal
    per: str
    basis: int
    kind: str
    series: str | None = None
    reference_on: date | None = None
    reference_percent: Decimal | None = None
    factor: Decimal | None = None
    margin_percent: Decimal | None = None
    after_last_known: bool = False
    round_up_to: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns the rate for storing: decimals and dates as text."""
        return {name: _json_value(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Rate:
        """Parses what `as_json` returned."""
        numbers = ("percent", "reference_percent", "factor", "margin_percent", "round_up_to")
        values: dict[str, Any] = {n: Decimal(v) if n in numbers and v else v for n, v in stored.items()}
        if stored["reference_on"]:
            values["reference_on"] = date.fromisoformat(stored["reference_on"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt: `paid`: (day the money came, minor units); `charged`: days charged before.

    `due_on`: the last day on which payment is in time, which after a day off may be later than the printed due date.
    """

    amount_minor: int
    currency: str
    due_on: date
    paid: tuple[tuple[date, int], ...] = ()
    charged: tuple[Span, ...] = ()
    fixed_charged: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Days with the same principal and rate; both ends included."""

    from_on: date
    to_on: date
    principal_minor: int
    rate: Rate

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def amount_minor(self) -> int:
        """Returns minor units, rounded half up once."""
        top, bottom = self._product()
        return (2 * top + bottom) // (2 * bottom)

    @property
    def exact_minor(self) -> Decimal:
        """Returns the amount before rounding, to six decimals of a minor unit, for display."""
        top, bottom = self._product()
        return Decimal((2 * top * 10**6 + bottom) // (2 * bottom)).scaleb(-6)

    def _product(self) -> tuple[int, int]:
        """Returns principal × percent × days ÷ (100 × basis) as a fraction of integers."""
        percent = int((self.rate.percent * _SCALE).to_integral_value(ROUND_HALF_UP))
        return self.principal_minor * percent * self.days, 100 * _SCALE * (self.rate.basis or 1)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Interest of a debt through a day: segments, the fixed sum if due now, or the reason why there is none.

    `missing_on`: a day for which no rate is known of `missing_series`; then the other days are not charged either.
    """

    segments: tuple[Segment, ...] = ()
    fixed_minor: int = 0
    fixed_rate: Rate | None = None
    reason: str | None = None
    missing_on: date | None = None
    missing_series: str | None = None

    @property
    def interest_minor(self) -> int:
        return sum(segment.amount_minor for segment in self.segments)

    @property
    def total_minor(self) -> int:
        return self.interest_minor + self.fixed_minor


def assess(debt: Debt, terms: AccrualTerms, table: RateTable, through_on: date) -> Assessment:
    """Calculates the interest on `debt` through `through_on`, without days charged before (R196, domain §1.3 and §6).

    Days of grace decide whether a debt bears interest, not from when. Segments that round to zero are left out: their
    days stay uncharged and count with the next ones.
    """
    if terms.kind == NO_INTEREST:
        return Assessment(reason=NO_INTEREST)
    first = debt.due_on + ONE_DAY
    principal_spans = principal_by_span(debt.amount_minor, debt.paid, first, through_on)
    if not principal_spans:
        return Assessment()
    if (principal_spans[-1][1] - debt.due_on).days <= terms.grace_days:
        return Assessment(reason=IN_GRACE)
    segments = []
    for from_on, to_on, principal in principal_spans:
        for free_from, free_to in uncharged_spans(from_on, to_on, debt.charged):
            for rate_from, rate_to, rate in rates_by_span(terms, table, first, free_from, free_to):
                if rate is None:
                    missing_on = first if _is_fixed_on_default(terms) else rate_from
                    return Assessment(reason=NO_RATE, missing_on=missing_on, missing_series=series_of(terms))
                segments.append(Segment(rate_from, rate_to, principal, rate))
    charged_segments = tuple(segment for segment in segments if segment.amount_minor)
    found = _with_fixed_sum(Assessment(charged_segments), debt, terms, principal_spans[0][2], first)
    if found.total_minor and terms.minimum_minor and found.total_minor < terms.minimum_minor:
        return Assessment(reason=BELOW_MINIMUM)
    return found


def principal_by_span(
    amount_minor: int, paid: Iterable[tuple[date, int]], first: date, last: date
) -> list[tuple[date, date, int]]:
    """Returns the spans from `first` to `last` with the principal owed (minor units), where any was.

    A payment reduces the principal from the day after it came, whenever it was applied (ADR 0028).
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


def uncharged_spans(first: date, last: date, charged: Sequence[Span]) -> list[Span]:
    """Returns the spans from `first` to `last` that are in none of `charged`."""
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


def rates_by_span(
    terms: AccrualTerms, table: RateTable, default_on: date, first: date, last: date
) -> list[tuple[date, date, Rate | None]]:
    """Returns the spans from `first` to `last` with the rate in force; None: no rate is known.

    Contract, LPR and UK rates are fixed on the day of default; the others change with the half-year.
    """
    if _is_fixed_on_default(terms):
        return [(first, last, rate_on(terms, table, default_on))]
    spans, start = [], first
    while start <= last:
        end = min(next_half_year(start) - ONE_DAY, last)
        spans.append((start, end, rate_on(terms, table, start)))
        start = end + ONE_DAY
    return spans


def series_of(terms: AccrualTerms) -> str | None:
    """Returns the series of reference rates that the terms rest on; None: on none."""
    law = statutes().get(terms.kind)
    return law.series if law else {"lpr": LPR, "sme_daily": SME_DAILY}.get(terms.kind)


def rate_on(terms: AccrualTerms, table: RateTable, day: date) -> Rate | None:
    """Returns the rate of a debt in default on `day` (of its half-year, where it changes); None when none is known."""
    series = series_of(terms)
    if series is None:
        if terms.daily_percent is not None:
            return Rate(terms.daily_percent, DAY, 0, terms.kind)
        return Rate(terms.annual_percent or Decimal(0), YEAR, terms.basis, terms.kind)
    quote = table.in_force_on(series, half_year_start(day) if series in HALF_YEARLY else day)
    if quote is None:
        return None
    law = statutes().get(terms.kind)
    margin = law.margin if law and law.margin is not None else terms.margin_percent
    percent = quote.percent * (terms.factor or 1) + (margin or 0)
    step = law.round_up_to if law else None
    if step:
        percent = (percent / step).to_integral_value(ROUND_CEILING) * step
    found = Rate(percent, YEAR, terms.basis, terms.kind, series, quote.from_on, quote.percent)
    if series == SME_DAILY:
        return replace(found, per=DAY, basis=0)
    return replace(found, factor=terms.factor, margin_percent=margin, round_up_to=step)


def _is_fixed_on_default(terms: AccrualTerms) -> bool:
    law = statutes().get(terms.kind)
    return law is None or law.on_default


def _with_fixed_sum(
    found: Assessment, debt: Debt, terms: AccrualTerms, principal_minor: int, default_on: date
) -> Assessment:
    """Adds the fixed sum once per debt, with its first interest."""
    if not terms.fixed_sum or debt.fixed_charged:
        return found
    minor = fixed_sum(terms.kind, debt.currency, principal_minor, default_on)
    if not minor:
        return found
    rate = Rate(Decimal(0), YEAR, terms.basis, terms.kind)
    return replace(found, fixed_minor=minor, fixed_rate=rate)


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value
