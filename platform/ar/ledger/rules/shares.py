"""Shares of an amount: tax included in it, its split over instalments, early-payment discount.

Pure: standard library only; minor units and bps, rounded half up. Invariants: parts sum to the whole to the minor unit,
and every share lies within its amount; no float is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

BPS: Final = 10_000


def half_up(numerator: int, denominator: int) -> int:
    """Returns `numerator / denominator` (not negative, above 0) rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def tax_within(gross_minor: int, rate_bps: int) -> int:
    """Returns the tax included in a gross amount at `rate_bps` of the net. 113.00 at 13 % → 13.00."""
    return half_up(gross_minor * rate_bps, BPS + rate_bps)


def share_of(part_minor: int, whole_minor: int, within_minor: int) -> int:
    """Returns the part's share of an amount included in the whole, below the part. 20 of 1,130 with 130 tax → 2.30."""
    return max(0, min(half_up(part_minor * within_minor, whole_minor), part_minor - 1))


def split(total_minor: int, amounts: Sequence[int]) -> list[int]:
    """Splits `total_minor` in proportion to `amounts`; sums exactly, each share below its amount where possible.

    Each share is the difference of two rounded running totals, so rounding errors do not accumulate; what exceeds a
    very small amount goes to the largest one.
    """
    whole = sum(amounts)
    running_totals = [0, *(half_up(total_minor * amount, whole) for amount in accumulate(amounts))]
    shares = [after - before for before, after in pairwise(running_totals)]
    largest = max(range(len(amounts)), key=amounts.__getitem__)
    for index, (share, amount) in enumerate(zip(shares, amounts, strict=True)):
        excess = share - amount + 1
        if excess > 0 and index != largest:
            shares[index] -= excess
            shares[largest] += excess
    return shares


def tax_left(amount_minor: int, tax_minor: int, before: tuple[int, int], whole: tuple[int, int]) -> int:
    """Returns the tax of a credit note on a document: as computed, but the last one takes what is left of the tax.

    `before`, `whole`: (amount, tax) of the credit notes before it and of the document. Never more than is left, and
    less than the amount itself. Of 485.28 with 55.83 tax, three notes at 13 % have 55.84; the last takes 0.01 less.
    """
    left = max(0, whole[1] - before[1])
    last = before[0] + amount_minor == whole[0]
    return min(left if last else tax_minor, left, amount_minor - 1)


def discount_given_back(credit_minor: int, settled_minor: int, taken_minor: int) -> int:
    """Returns the discount within what a credit gives back of a document that was paid with a discount.

    `credit_minor`: credited beyond what was open; `settled_minor`: paid, with the discount `taken_minor`.
    500.00 of 1,000.00 paid as 980.00 and 20.00 → 10.00, so 490.00 are given back.
    """
    if not settled_minor:
        return 0
    return half_up(min(credit_minor, settled_minor) * taken_minor, settled_minor)


def full_discount(base_minor: int, discount_bps: int) -> int:
    """Returns the discount when the whole is paid in time. 1,000.00 at 2 % → 20.00."""
    return half_up(base_minor * discount_bps, BPS)


def earned_discount(base_minor: int, paid_minor: int, discount_bps: int) -> int:
    """Returns the discount earned by payments in time: paid ÷ (1 − d) − paid, or the full one if that settles it.

    `base_minor`: the amount less credit notes and returns. Never more than the base less what is paid.
    980.00 of 1,000.00 at 2 % → 20.00; 490.00 → 10.00; 1,000.00 → 0 (nothing is left to discount).
    """
    left = max(0, base_minor - paid_minor)
    full = full_discount(base_minor, discount_bps)
    if paid_minor + full >= base_minor:
        return min(full, left)
    return min(half_up(paid_minor * discount_bps, BPS - discount_bps), left)
