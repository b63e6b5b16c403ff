"""What a review asks to be explained: limits hardly used, and limits used up for long."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ar.credit.rules.exposure import DatedLimit
from ar.credit.rules.review import flags_of, high_use_days, is_low_use

TODAY = date(2026, 12, 1)
DAY = timedelta(days=1)


def limit(minor: int | None, start: date = date(2026, 1, 1), end: date | None = None, kind: str = "regular") -> DatedLimit:
    return DatedLimit(kind, "CNY", minor, start, end)


@pytest.mark.parametrize(
    ("sales", "limit_minor", "term", "low"),
    [
        (600_00, 100_00, 30, False),  # 100 a month, limit 100 at one month: as much as is granted
        (599_99, 100_00, 30, True),
        (300_00, 100_00, 60, False),  # two months of credit: half as much is enough
        (299_99, 100_00, 60, True),
        (0, 100_00, 30, True),
        (0, 0, 30, False),
        (0, None, 30, False),
        (0, 100_00, 0, False),
        (0, 100_00, None, False),
        (-50_00, 100_00, 30, True),
    ],
)
def test_average_sales_below_the_monthly_limit_are_low_use(
    sales: int, limit_minor: int | None, term: int | None, low: bool
) -> None:
    assert is_low_use(sales, limit_minor, term) is low


@pytest.mark.parametrize(("owed", "days"), [(80_00, 180), (79_99, 0), (-1, 0)])
def test_eighty_per_cent_of_the_limit_is_high_use(owed: int, days: int) -> None:
    assert high_use_days(owed, {}, [limit(100_00)], TODAY, use_bps=8_000) == days


def test_the_days_are_counted_back_from_change_to_change() -> None:
    changes = {TODAY - 89 * DAY: 90_00}
    assert high_use_days(90_00, changes, [limit(100_00)], TODAY, use_bps=8_000) == 90
    changes = {TODAY: -90_00, TODAY - 10 * DAY: 90_00}
    assert high_use_days(0, changes, [limit(100_00)], TODAY, use_bps=8_000) == 10, "paid today: ten days before"


def test_each_day_is_measured_by_the_limit_of_that_day() -> None:
    was, now = limit(200_00, end=TODAY - 31 * DAY), limit(100_00, start=TODAY - 30 * DAY)
    assert high_use_days(90_00, {}, [was, now], TODAY, use_bps=8_000) == 31
    temporary = limit(50_00, TODAY - 10 * DAY, TODAY - 1 * DAY, "temporary")
    assert high_use_days(90_00, {}, [limit(100_00), temporary], TODAY, use_bps=8_000) == 170


def test_days_without_a_limit_or_with_an_unlimited_one_do_not_count_a_limit_of_zero_does() -> None:
    assert high_use_days(90_00, {}, [limit(100_00, start=TODAY - 4 * DAY)], TODAY, use_bps=8_000) == 5
    assert high_use_days(90_00, {}, [limit(None)], TODAY, use_bps=8_000) == 0
    assert high_use_days(1, {}, [limit(0)], TODAY, use_bps=8_000) == 180


@pytest.mark.parametrize(("days", "flags"), [(90, []), (91, ["long_use"])])
def test_more_than_ninety_days_are_long(days: int, flags: list[str]) -> None:
    found = flags_of(sales_minor=600_00, limit_minor=100_00, term_days=30, used_days=days, most_days=90)
    assert found == flags
