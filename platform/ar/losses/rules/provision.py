"""How an allowance is estimated: buckets and their rates, by matrix or by migration (迁徙率). Pure: no database.

Invariants: rates are whole millionths (ppm) and whatever is multiplied is rounded half up once; a rate is never above
the whole; what cannot be measured is said to be n/a and takes the fallback that the policy names.
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
class Policy:
    """How the allowance is estimated (R232). Rates in basis points; `factor_bps` 10,000 leaves them as they are."""

    method: str
    buckets: tuple[Bucket, ...]
    lgd_bps: int = BPS
    months: int = 12
    fallback_bps: int = BPS
    factor_bps: int = BPS
    factor_reason: str = ""

    @property
    def through(self) -> tuple[int | None, ...]:
        """The last day late of each bucket."""
        return tuple(bucket.through_days for bucket in self.buckets)


#: What the form of a first policy proposes: the usual five buckets, the last of debts more than 90 days late.
PROPOSED: Final = Policy(
    "matrix", (Bucket(0, 30), Bucket(30, 160), Bucket(60, 360), Bucket(90, 660), Bucket(None, 1060))
)


def problem(buckets: Sequence[Bucket]) -> str | None:
    """Why these are no buckets (a code), or None: from not due upwards, the last alone without end, rates to 100 %."""
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
    """Position of the bucket of a debt; a day on the boundary belongs to the younger."""
    for index, last in enumerate(through):
        if last is None or days_late <= last:
            return index
    return len(through) - 1


def first_days(through: Sequence[int | None]) -> tuple[int | None, ...]:
    """The first day late of each bucket; None for what is not due."""
    return (None, *((last or 0) + 1 for last in through[:-1]))


def snapshot_days(as_of: date, months: int) -> tuple[date, ...]:
    """The last `months` + 1 month ends on or before `as_of`, the oldest first."""
    found, day = list[date](), as_of + timedelta(days=1)
    while len(found) <= months:
        day = day.replace(day=1) - timedelta(days=1)
        found.append(day)
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Roll:
    """How much of a bucket moved on to the next within a month: month by month, and on average.

    `rates`: None where the bucket was empty at the month's begin. `average` None: no month could be measured.
    """

    rates: tuple[Fraction | None, ...]
    average: Fraction | None


def rolls(snapshots: Sequence[Sequence[int]]) -> tuple[Roll, ...]:
    """The roll of each bucket but the last, from balances per bucket at successive month ends (minor units).

    Roll of bucket i in month t: balance in bucket i+1 at its end ÷ balance in bucket i at its begin. More than all
    cannot move on: a rate above 1 counts as 1.
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
    """Loss rate per bucket: the product of the rolls from it on × what is lost of what reaches the end."""
    rates = [lgd]
    for average in reversed(tuple(averages)):
        rates.append(rates[-1] * average)
    return tuple(reversed(rates))


def loss_rates(policy: Policy, measured: Sequence[Roll] = ()) -> tuple[int, ...]:
    """The rate per bucket in ppm, with the forward-looking factor, never above the whole."""
    factor = Fraction(policy.factor_bps, BPS)
    if policy.method == "migration":
        assumed = Fraction(policy.fallback_bps, BPS)
        averages = [roll.average if roll.average is not None else assumed for roll in measured]
        rates = migration_rates(averages, Fraction(policy.lgd_bps, BPS))
    else:
        rates = tuple(Fraction(bucket.rate_bps, BPS) for bucket in policy.buckets)
    return tuple(min(ppm(rate * factor), PPM) for rate in rates)


def ppm(rate: Fraction) -> int:
    """A rate in millionths, half up."""
    return half_up(rate * PPM)


def amount_at(balance_minor: int, rate_ppm: int) -> int:
    """So many millionths of a balance, half up, in its minor units."""
    return half_up(Fraction(balance_minor * rate_ppm, PPM))


def half_up(value: Fraction) -> int:
    """Rounded to a whole, away from zero at the half."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


def policy_json(policy: Policy) -> dict[str, Any]:
    """The policy's columns as they are stored."""
    return {
        "method": policy.method,
        "buckets": [{"through_days": each.through_days, "rate_bps": each.rate_bps} for each in policy.buckets],
        "lgd_bps": policy.lgd_bps,
        "months": policy.months,
        "fallback_bps": policy.fallback_bps,
        "factor_bps": policy.factor_bps,
        "factor_reason": policy.factor_reason,
    }
