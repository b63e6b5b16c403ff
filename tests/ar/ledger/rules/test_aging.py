"""Aging: exact boundaries, rows that tie out, totals per currency."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ar.ledger.rules.aging import (
    BUCKETS,
    AgingRow,
    OpenAmount,
    age,
    bucket_index,
    bucket_ranges,
    totals,
)

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("days_overdue", "bucket"),
    [
        (-400, "not_due"),
        (-1, "not_due"),
        (0, "not_due"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, ">90"),
        (4000, ">90"),
    ],
)
def test_given_due_today_then_not_due_and_each_boundary_is_exact(days_overdue: int, bucket: str) -> None:
    assert BUCKETS[bucket_index(days_overdue)] == bucket


@settings(deadline=None)
@given(st.integers(-500, 500))
def test_ranges_of_dates_and_counts_of_days_agree(days_overdue: int) -> None:
    anchor = TODAY - timedelta(days=days_overdue)
    inside = [
        each.bucket
        for each in bucket_ranges(TODAY)
        if (each.first_on is None or each.first_on <= anchor) and (each.last_on is None or anchor <= each.last_on)
    ]
    assert inside == [BUCKETS[bucket_index(days_overdue)]]


def test_given_a_part_payment_of_an_old_invoice_when_aged_then_the_rest_stays_in_its_own_bucket() -> None:
    rest = OpenAmount("C1", "CNY", TODAY - timedelta(days=75), 400_00)
    fresh = OpenAmount("C1", "CNY", TODAY, 1_000_00)
    (row,) = age([rest, fresh], {}, TODAY)
    assert row.by_bucket() == {"not_due": 1_000_00, "1-30": 0, "31-60": 0, "61-90": 400_00, ">90": 0}
    assert row.overdue_minor == 400_00


def test_given_instalments_with_the_first_late_when_aged_then_only_the_first_is_overdue() -> None:
    instalments = [OpenAmount("C1", "CNY", TODAY + timedelta(days=days), 300_00) for days in (-5, 25, 55)]
    (row,) = age(instalments, {}, TODAY)
    assert row.buckets_minor == (600_00, 300_00, 0, 0, 0)


def test_given_unapplied_cash_when_aged_then_it_has_its_own_column_and_lowers_only_the_balance() -> None:
    (row,) = age([OpenAmount("C1", "CNY", TODAY - timedelta(days=1), 100_00)], {("C1", "CNY"): 30_00}, TODAY)
    assert row == AgingRow("C1", "CNY", (0, 100_00, 0, 0, 0), 30_00)
    assert row.balance_minor == 70_00


def test_given_cash_and_no_claim_then_a_row_of_credit_and_given_nothing_then_no_row() -> None:
    rows = age([OpenAmount("C2", "CNY", TODAY, 0)], {("C1", "CNY"): 30_00, ("C3", "CNY"): 0}, TODAY)
    assert [(row.customer_no, row.balance_minor) for row in rows] == [("C1", -30_00)]


def test_currencies_are_never_added() -> None:
    rows = age([OpenAmount("C1", "CNY", TODAY, 100), OpenAmount("C1", "USD", TODAY, 7)], {}, TODAY)
    assert [(row.currency, row.balance_minor) for row in totals(rows)] == [("CNY", 100), ("USD", 7)]
    assert totals([]) == ()


def test_a_row_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="buckets"):
        AgingRow("C1", "CNY", (1, 2), 0)
    with pytest.raises(ValueError, match="unapplied"):
        AgingRow("C1", "CNY", (0,) * len(BUCKETS), -1)


customers = st.sampled_from(["C1", "C2", "C3"])
currencies = st.sampled_from(["CNY", "JPY", "USD"])
amounts = st.builds(
    OpenAmount, customers, currencies, st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 10**12)
)


@settings(deadline=None)
@given(
    st.lists(amounts),
    st.dictionaries(st.tuples(customers, currencies), st.integers(0, 10**12)),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)
def test_given_any_book_when_aged_at_any_date_then_buckets_less_unapplied_are_the_ledger_balance(
    book: list[OpenAmount], unapplied: dict[tuple[str, str], int], as_of: date
) -> None:
    rows = age(book, unapplied, as_of)
    for row in rows:
        key = (row.customer_no, row.currency)
        owed = sum(item.open_minor for item in book if item[:2] == key)
        assert row.balance_minor == owed - unapplied.get(key, 0)
    for total in totals(rows):
        mine = [row for row in rows if row.currency == total.currency]
        assert total.balance_minor == sum(row.balance_minor for row in mine)
        assert sum(total.buckets_minor) == sum(i.open_minor for i in book if i.currency == total.currency)
    assert len({(row.customer_no, row.currency) for row in rows}) == len(rows)
