"""Tax within an amount, its split over instalments, early-payment discount: as tables an accountant can check."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.ledger.rules.shares import earned_discount, full_discount, share_of, split, tax_within


@pytest.mark.parametrize(
    ("gross", "rate_bps", "tax"),
    [
        (113_00, 1300, 13_00),
        (100_00, 1300, 11_50),  # 11.504…
        (1_00, 1300, 12),  # 11.504… fen
        (106_00, 600, 6_00),
        (109_00, 900, 9_00),
        (103_00, 300, 3_00),
        (101, 100, 1),
        (1, 1300, 0),
        (9_04, 1300, 1_04),
        (100_00, 0, 0),
        (110, 1000, 10),  # JPY
        (1_050, 500, 50),  # KWD, three decimals
    ],
)
def test_tax_lies_within_the_gross_amount(gross: int, rate_bps: int, tax: int) -> None:
    assert tax_within(gross, rate_bps) == tax


@pytest.mark.parametrize(
    ("tax", "amounts", "shares"),
    [
        (13_00, [113_00], [13_00]),
        (11_50, [33_33, 33_33, 33_34], [3_83, 3_84, 3_83]),
        (1, [1_00, 1_00, 1_00], [0, 1, 0]),
        (0, [50, 50], [0, 0]),
        (12, [1, 99], [0, 12]),
        (90, [1, 1, 98], [0, 0, 90]),  # an instalment of a cent holds no tax
    ],
)
def test_tax_over_instalments_sums_exactly(tax: int, amounts: list[int], shares: list[int]) -> None:
    assert split(tax, amounts) == shares


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=24), st.integers(0, 2000))
def test_any_split_sums_and_stays_below_each_amount(amounts: list[int], rate_bps: int) -> None:
    tax = min(tax_within(sum(amounts), rate_bps), sum(amounts) - len(amounts))
    shares = split(tax, amounts)
    assert sum(shares) == tax
    assert all(0 <= share < amount for share, amount in zip(shares, amounts, strict=True))


@pytest.mark.parametrize(
    ("base", "paid", "bps", "discount"),
    [
        (1000_00, 980_00, 200, 20_00),  # 2/10 net 30, paid in full less the discount
        (1000_00, 490_00, 200, 10_00),  # half of it
        (1000_00, 0, 200, 0),
        (1000_00, 1000_00, 200, 0),  # nothing is left to discount
        (1000_00, 990_00, 200, 10_00),  # more than needed: only what is left
        (1000_00, 979_99, 200, 20_00),  # a cent short: 979.99 ÷ 0.98 − 979.99, and a cent stays open
        (333_33, 326_66, 200, 6_67),  # 6.6666 rounds up
        (1_01, 99, 150, 2),  # 1.515 fen rounds to 2
        (1000, 970, 300, 30),  # JPY
        (0, 0, 200, 0),
    ],
)
def test_the_discount_earned_by_what_was_paid_in_time(base: int, paid: int, bps: int, discount: int) -> None:
    assert earned_discount(base, paid, bps) == discount


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(1, 9999))
def test_a_discount_is_never_more_than_the_whole_or_than_what_is_left(base: int, paid: int, bps: int) -> None:
    paid = min(paid, base)
    assert 0 <= earned_discount(base, paid, bps) <= min(full_discount(base, bps), base - paid)


@pytest.mark.parametrize(
    ("part", "whole", "tax", "share"),
    [(20_00, 1130_00, 130_00, 2_30), (1, 113, 13, 0), (1, 100, 99, 0), (100_00, 100_00, 11_50, 11_50)],
)
def test_a_parts_share_of_the_tax(part: int, whole: int, tax: int, share: int) -> None:
    assert share_of(part, whole, tax) == share
