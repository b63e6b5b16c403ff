"""Estimates an allowance from buckets and their loss rates, by matrix or by migration (迁徙率).

Invariants: rates are whole millionths (ppm) and each product is rounded half up once; a rate is never above 100 %;
a roll that cannot be measured takes the fallback of the policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

BPS: Final = 10_000
PPM: Final = 1_000_000
BUCKETS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Bucket:
    """Debts late by up to `through_days` (0: not due; None: without end) and their loss rate in the matrix."""

    through_days: int | None
    rate_bps: int


@dataclass(frozen=True, slots=True)
class EstimationPolicy:
    """Parameters of the estimate (R232). Rates in basis points; `factor_bps` 10,000 leaves them as they are."""

    method: str
    buckets: tuple[Bucket, ...]
    lgd_bps: int = BPS
    months: int = 12
    fallback_bps: int = BPS
    factor_bps: int = BPS
    factor_reason: str = ""

    @property
    def through(self) -> tuple[int | None, ...]:
        """Returns the last day late of each bucket."""
        return tuple(bucket.through_days for bucket in self.buckets)


#: What the form of a first policy proposes: the usual five buckets, the last of debts more than 90 days late.
PROPOSED: Final = EstimationPolicy(
    "matrix", (Bucket(0, 30), Bucket(30, 160), Bucket(60, 360), Bucket(90, 660), Bucket(None, 1060))
)


def bucket_problem(buckets: Sequence[Bucket]) -> str | None:
    """Returns the error code of invalid buckets, or None: ends ascend from 0, only the last is open, rates ≤ 100 %."""
    if not 2 <= len(buckets) <= BUCKETS_MAX:
        return "provision_buckets_few"
    ends = [bucket.through_days for bucket in buckets]
    bounded = [end for end in ends[:-1] if end is not None]
    if ends[-1] is not None or len(bounded) != len(ends) - 1:
        return "provision_last_open"
    if bounded[0] != 0 or any(one >= other for one, other in pairwise(bounded)):
        return "provision_buckets_order"
    if any(not 0 <= bucket.rate_bps <= BPS for bucket in buckets):
        return "provision_rate_range"
    return None


def bucket_index(through: Sequence[int | None], days_late: int) -> int:
    """Returns the index of a debt's bucket; a day on the boundary belongs to the younger bucket."""
    for index, last in enumerate(through):
        if last is None or days_late <= last:
            return index
    return len(through) - 1


def first_days(through: Sequence[int | None]) -> tuple[int | None, ...]:
    """Returns the first day late of each bucket; None for the bucket not due."""
    return (None, *((last or 0) + 1 for last in through[:-1]))


def snapshot_days(as_of: date, months: int) -> tuple[date, ...]:
    """Returns the last `months` + 1 month ends on or before `as_of`, the oldest first."""
    found, day = list[date](), as_of + timedelta(days=1)
    while len(found) <= months:
        day = day.replace(day=1) - timedelta(days=1)
        found.append(day)
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Roll:
    """The share of a bucket that rolled into the next within a month: month by month, and on average.

    `rates`: None where the bucket was empty at the month's begin. `average` None: no month could be measured.
    """

    rates: tuple[Fraction | None, ...]
    average: Fraction | None


def rolls(snapshots: Sequence[Sequence[int]]) -> tuple[Roll, ...]:
    """Returns the roll of each bucket but the last, from balances per bucket at successive month ends (minor units).

    Roll of bucket i in month t: balance in bucket i+1 at its end ÷ balance in bucket i at its begin. A
    rate above 1 counts as 1.
    """
    width = len(snapshots[0])
    return tuple(
        _roll(
            [
                min(Fraction(after[index + 1], before[index]), Fraction(1)) if before[index] else None
                for before, after in pairwise(snapshots)
            ]
        )
        for index in range(width - 1)
    )


def _roll(rates: Sequence[Fraction | None]) -> Roll:
    known = [rate for rate in rates if rate is not None]
    return Roll(tuple(rates), sum(known, Fraction(0)) / len(known) if known else None)


def migration_rates(averages: Iterable[Fraction], lgd: Fraction) -> tuple[Fraction, ...]:
    """Returns the loss rate per bucket: the product of the rolls from it on × loss given default."""
    rates = [lgd]
    for average in reversed(tuple(averages)):
        rates.append(rates[-1] * average)
    return tuple(reversed(rates))


def loss_rates(policy: EstimationPolicy, measured: Sequence[Roll] = ()) -> tuple[int, ...]:
    """Returns the rate per bucket in ppm, with the forward-looking factor, at most 100 %."""
    factor = Fraction(policy.factor_bps, BPS)
    if policy.method == "migration":
        assumed = Fraction(policy.fallback_bps, BPS)
        averages = [roll.average if roll.average is not None else assumed for roll in measured]
        rates = migration_rates(averages, Fraction(policy.lgd_bps, BPS))
    else:
        rates = tuple(Fraction(bucket.rate_bps, BPS) for bucket in policy.buckets)
    return tuple(min(ppm(rate * factor), PPM) for rate in rates)


def ppm(rate: Fraction) -> int:
    """Returns a rate in ppm, rounded half up."""
    return round_half_away_from_zero(rate * PPM)


def amount_at(balance_minor: int, rate_ppm: int) -> int:
    """Returns a ppm share of a balance in its minor units, rounded half up."""
    return round_half_away_from_zero(Fraction(balance_minor * rate_ppm, PPM))


def round_half_away_from_zero(value: Fraction) -> int:
    """Returns the value rounded to an integer, halves away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


def policy_json(policy: EstimationPolicy) -> dict[str, Any]:
    """Returns the policy as its stored columns."""
    return {
        "method": policy.method,
        "buckets": [{"through_days": each.through_days, "rate_bps": each.rate_bps} for each in policy.buckets],
        "lgd_bps": policy.lgd_bps,
        "months": policy.months,
        "fallback_bps": policy.fallback_bps,
        "factor_bps": policy.factor_bps,
        "factor_reason": policy.factor_reason,
    }
