"""The rules of the allowance and of expected cash, as tables: the vectors of the papers and what must always hold."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.losses.rules import expected_cash as expected
from ar.losses.rules.provision import (
    PPM,
    Bucket,
    EstimationPolicy,
    amount_at,
    bucket_index,
    bucket_problem,
    loss_rates,
    migration_rates,
    rolls,
    snapshot_days,
)

THROUGH = (0, 30, 60, 90, None)


def matrix(*rates_bps: int) -> EstimationPolicy:
    ends: tuple[int | None, ...] = (*range(0, 30 * (len(rates_bps) - 1), 30), None)
    return EstimationPolicy("matrix", tuple(Bucket(end, rate) for end, rate in zip(ends, rates_bps, strict=True)))


@pytest.mark.parametrize(
    ("balances", "rates_bps", "amounts"),
    [
        # IFRS 9, illustrative example 12, in minor units
        (
            [15_000_000_00, 7_500_000_00, 4_000_000_00, 2_500_000_00, 1_000_000_00],
            [30, 160, 360, 660, 1060],
            [45_000_00, 120_000_00, 144_000_00, 165_000_00, 106_000_00],
        ),
        ([15_000_00, 7_500_00, 4_000_00, 2_500_00], [50, 220, 270, 450], [75_00, 165_00, 108_00, 112_50]),
        ([33], [5000], [17]),
        ([0, 0], [100, 10_000], [0, 0]),
    ],
)
def test_a_matrix_gives_each_bucket_its_allowance(
    balances: list[int], rates_bps: list[int], amounts: list[int]
) -> None:
    rates = loss_rates(matrix(*rates_bps))
    found = [amount_at(minor, rate) for minor, rate in zip(balances, rates, strict=True)]
    assert found == amounts
    if len(balances) == 5:
        assert sum(found) == 580_000_00


def test_the_rolls_of_the_paper_give_its_loss_rates() -> None:
    """.30 .40 .50 .60 and a loss of .80 at the end: 2.88 %, 9.6 %, 24 %, 48 %, 80 %."""
    averages = [Fraction(n, 10) for n in (3, 4, 5, 6)]
    found = migration_rates(averages, Fraction(8, 10))
    assert [rate * 100 for rate in found] == [Fraction(288, 100), Fraction(96, 10), 24, 48, 80]


def test_a_roll_is_what_stands_in_the_next_bucket_a_month_later_and_is_averaged_over_the_months() -> None:
    first, second = rolls([[1000, 200], [1000, 300], [500, 500]])[0], rolls([[0, 5], [0, 9]])[0]
    assert first.rates == (Fraction(3, 10), Fraction(1, 2))
    assert first.average == Fraction(4, 10)
    assert (second.rates, second.average) == ((None,), None)
    assert rolls([[10, 0], [0, 40]])[0].average == 1, "more than all cannot move on"
    assert rolls([[10, 0], [0, 0], [8, 4]])[0].rates == (Fraction(0), None)


def test_what_cannot_be_measured_takes_the_fallback_that_the_policy_names() -> None:
    policy = EstimationPolicy("migration", tuple(Bucket(end, 0) for end in (0, 30, None)), 5000, 1, 4000)
    assert loss_rates(policy, rolls([[0, 100, 0], [0, 100, 50]])) == (100_000, 250_000, 500_000)


@pytest.mark.parametrize(
    ("factor_bps", "rates"), [(10_000, (100_000, 900_000)), (12_000, (120_000, PPM)), (5_000, (50_000, 450_000))]
)
def test_the_forward_looking_factor_moves_every_rate_up_to_the_whole(factor_bps: int, rates: tuple[int, ...]) -> None:
    policy = EstimationPolicy("matrix", (Bucket(0, 1000), Bucket(None, 9000)), factor_bps=factor_bps)
    assert loss_rates(policy) == rates


@pytest.mark.parametrize(
    ("days", "index"), [(-5, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (4000, 4)]
)
def test_a_day_on_the_boundary_is_of_the_younger_bucket(days: int, index: int) -> None:
    assert bucket_index(THROUGH, days) == index


@pytest.mark.parametrize(
    ("as_of", "days"),
    [
        (date(2026, 3, 31), [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]),
        (date(2026, 3, 30), [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]),
    ],
)
def test_snapshots_are_taken_at_the_month_ends_before(as_of: date, days: list[date]) -> None:
    assert list(snapshot_days(as_of, 2)) == days


@pytest.mark.parametrize(
    ("ends", "fault"),
    [
        ([0, 30, None], None),
        ([None], "provision_buckets_few"),
        ([0, 30, 60], "provision_last_open"),
        ([0, None, None], "provision_last_open"),
        ([30, 60, None], "provision_buckets_order"),
        ([0, 30, 30, None], "provision_buckets_order"),
        ([*range(8), None], "provision_buckets_few"),
    ],
)
def test_buckets_begin_with_what_is_not_due_and_only_the_last_is_open(
    ends: list[int | None], fault: str | None
) -> None:
    assert bucket_problem([Bucket(end, 100) for end in ends]) == fault


def test_the_chance_of_recovery_by_months_late() -> None:
    """R230: months late (None: more than all of them) and what of a hundred still comes."""
    chances = [(0, 100), (1, 93), (2, 85), (3, 73), (6, 57), (9, 42), (12, 25), (None, 13)]
    assert [(band.months, band.percent) for band in expected.BANDS] == chances
    assert expected.THROUGH == (0, 30, 60, 90, 180, 270, 360, None)


def test_time_is_the_debtors_shield() -> None:
    """R231: the longer a debt is late, the less of it comes."""
    percents = [band.percent for band in expected.BANDS]
    assert all(later < earlier for earlier, later in pairwise(percents))


@given(
    st.lists(st.lists(st.integers(0, 10**12), min_size=4, max_size=4), min_size=2, max_size=6),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_migration_rates_are_shares_and_never_fall_with_age(
    snapshots: list[list[int]], lgd_bps: int, fallback_bps: int
) -> None:
    policy = EstimationPolicy("migration", tuple(Bucket(end, 0) for end in (0, 30, 60, None)), lgd_bps, 3, fallback_bps)
    rates = loss_rates(policy, rolls(snapshots))
    assert all(0 <= rate <= PPM for rate in rates)
    assert list(rates) == sorted(rates)
    assert rates[-1] == lgd_bps * 100
