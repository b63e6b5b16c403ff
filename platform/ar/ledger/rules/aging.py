"""Aging: buckets of open amounts by days past due, rows per customer and currency, totals per currency.

Pure: standard library only, `as_of` is an argument. Amounts are minor units. Invariant: the buckets of a row less its
unapplied cash are its balance, and the rows of a currency add up to its total; unapplied cash is never part of a
bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Final, NamedTuple

BUCKETS: Final[tuple[str, ...]] = ("not_due", "1-30", "31-60", "61-90", ">90")
#: Labels of the SQL columns that contain the sums of BUCKETS.
BUCKET_COLUMNS: Final = tuple(f"bucket_{at}" for at in range(len(BUCKETS)))
_BUCKET_MINORS: Final = attrgetter(*BUCKET_COLUMNS)
# Last overdue day of each bucket except the open-ended last one.
_LAST_DAYS: Final[tuple[int, ...]] = (0, 30, 60, 90)


class OpenAmount(NamedTuple):
    """An open debit item at the as-of date (minor units); `anchor_on` is its due date or its document date."""

    customer_no: str
    currency: str
    anchor_on: date
    open_minor: int


class BucketRange(NamedTuple):
    """The anchor dates of a bucket, both ends included; None is an open end."""

    bucket: str
    first_on: date | None
    last_on: date | None


@dataclass(frozen=True, slots=True)
class AgingRow:
    """Open amounts of a customer in one currency by bucket. In a total, `customer_no` is empty.

    `buckets_minor` follows BUCKETS; `unapplied_minor` (receipts and credit notes not yet allocated) is 0 or
    more. Raises ValueError otherwise.
    """

    customer_no: str
    currency: str
    buckets_minor: tuple[int, ...]
    unapplied_minor: int

    def __post_init__(self) -> None:
        if len(self.buckets_minor) != len(BUCKETS):
            raise ValueError(f"expected {len(BUCKETS)} buckets")
        if self.unapplied_minor < 0:
            raise ValueError("unapplied_minor must be 0 or more")

    @property
    def balance_minor(self) -> int:
        """Buckets less unapplied cash: the ledger balance as of the same date."""
        return sum(self.buckets_minor) - self.unapplied_minor

    @property
    def overdue_minor(self) -> int:
        """Sum of the buckets past the due date."""
        return sum(self.buckets_minor[1:])

    def by_bucket(self) -> dict[str, int]:
        """Returns minor units per bucket name, in order."""
        return dict(zip(BUCKETS, self.buckets_minor, strict=True))


def bucket_minors(row: object) -> tuple[int, ...]:
    """Returns the sums of a row with columns BUCKET_COLUMNS, in the order of BUCKETS."""
    minors: tuple[int, ...] = _BUCKET_MINORS(row)
    return minors


def bucket_index(days_overdue: int) -> int:
    """Returns the index in BUCKETS of an amount `days_overdue` days past its anchor; due today (0) is not due.

    A boundary belongs to the younger bucket: 30 → 1-30, 31 → 31-60, 90 → 61-90.
    """
    for index, last in enumerate(_LAST_DAYS):
        if days_overdue <= last:
            return index
    return len(_LAST_DAYS)


def bucket_ranges(as_of: date) -> tuple[BucketRange, ...]:
    """Returns the boundaries of `bucket_index` as anchor dates, so that SQL and this module cannot disagree."""
    lasts = [as_of - timedelta(days=days) for days in _LAST_DAYS]
    firsts: list[date | None] = [*lasts, None]
    ends = [None, *(last - timedelta(days=1) for last in lasts)]
    return tuple(map(BucketRange, BUCKETS, firsts, ends))


def age(
    amounts: Iterable[OpenAmount], unapplied_minor: Mapping[tuple[str, str], int], as_of: date
) -> tuple[AgingRow, ...]:
    """Ages open amounts into rows by customer and currency, sorted; `unapplied_minor` by (customer_no, currency).

    Customers with neither an open amount nor unapplied cash are left out.
    """
    sums: dict[tuple[str, str], list[int]] = {}
    for amount in amounts:
        if not amount.open_minor:
            continue
        buckets = sums.setdefault((amount.customer_no, amount.currency), [0] * len(BUCKETS))
        buckets[bucket_index((as_of - amount.anchor_on).days)] += amount.open_minor
    keys = sums.keys() | {key for key, minor in unapplied_minor.items() if minor}
    empty = [0] * len(BUCKETS)
    return tuple(
        AgingRow(no, currency, tuple(sums.get((no, currency), empty)), unapplied_minor.get((no, currency), 0))
        for no, currency in sorted(keys)
    )


def totals(rows: Iterable[AgingRow]) -> tuple[AgingRow, ...]:
    """Returns one row per currency, sorted by it; amounts of different currencies are never added."""
    buckets: dict[str, list[int]] = {}
    unapplied: dict[str, int] = {}
    for row in rows:
        sums = buckets.setdefault(row.currency, [0] * len(BUCKETS))
        for index, minor in enumerate(row.buckets_minor):
            sums[index] += minor
        unapplied[row.currency] = unapplied.get(row.currency, 0) + row.unapplied_minor
    return tuple(AgingRow("", currency, tuple(buckets[currency]), unapplied[currency]) for currency in sorted(buckets))
