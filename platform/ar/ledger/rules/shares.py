"""Shares of an amount: tax within it, tax over instalments, early-payment discount. Minor units, bps, halves up.

Pure: standard library only. Invariants: parts sum to the whole to the minor unit, and every share lies within its
amount; no float is ever used.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

BPS: Final = 10_000


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` (not negative, above 0) as a whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def tax_within(gross_minor: int, rate_bps: int) -> int:
    """The tax in a gross amount at `rate_bps` of the net: gross × r ÷ (1 + r). 113.00 at 13 % → 13.00."""
    return half_up(gross_minor * rate_bps, BPS + rate_bps)


def share_of(part_minor: int, whole_minor: int, within_minor: int) -> int:
    """The part's share of what lies within the whole, less than the part itself. 20 of 1,130 with 130 in it → 2.30."""
    return max(0, min(half_up(part_minor * within_minor, whole_minor), part_minor - 1))


def split(total_minor: int, amounts: Sequence[int]) -> list[int]:
    """`total_minor` over `amounts` in proportion; sums exactly, each share below its amount where that can be.

    Each share is the difference of two rounded running totals, so that no error gathers; what a very small amount
    cannot hold goes to the largest one.
    """
    whole = sum(amounts)
    marks = [0, *(half_up(total_minor * reached, whole) for reached in accumulate(amounts))]
    shares = [after - before for before, after in pairwise(marks)]
    largest = max(range(len(amounts)), key=amounts.__getitem__)
    for index, (share, amount) in enumerate(zip(shares, amounts, strict=True)):
        over = share - amount + 1
        if over > 0 and index != largest:
            shares[index] -= over
            shares[largest] += over
    return shares


def full_discount(base_minor: int, discount_bps: int) -> int:
    """What may be kept back when the whole is paid in time. 1,000.00 at 2 % → 20.00."""
    return half_up(base_minor * discount_bps, BPS)


def earned_discount(base_minor: int, paid_minor: int, discount_bps: int) -> int:
    """The discount earned by what was paid in time: paid ÷ (1 − d) − paid, or the full one when that settles it.

    `base_minor`: the amount less credit notes and returns. Never more than what is left of the base.
    980.00 of 1,000.00 at 2 % → 20.00; 490.00 → 10.00; 1,000.00 → 0 (nothing is left to discount).
    """
    left = max(0, base_minor - paid_minor)
    full = full_discount(base_minor, discount_bps)
    if paid_minor + full >= base_minor:
        return min(full, left)
    return min(half_up(paid_minor * discount_bps, BPS - discount_bps), left)
