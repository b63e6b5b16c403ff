"""Finds the sets of open items that sum to an amount: exact, bounded, deterministic.

Invariant: the work is bounded by 2 × 2^(ITEMS_MAX / 2) sums for any items; a single result is returned only when
every set was examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: Beyond this many candidates a sum that fits proves nothing: with so many sets some other one nearly always fits too.
ITEMS_MAX: Final = 20
SETS_MAX: Final = 6


def find_subset_sums(amounts: Sequence[int], target: int, *, limit: int = SETS_MAX) -> list[tuple[int, ...]]:
    """Returns the sets of positions in `amounts` (positive minor units, the first ITEMS_MAX) that sum to `target`.

    At most `limit` sets, the smallest first, then the earliest positions; each set in rising order.
    """
    places = [place for place, amount in enumerate(amounts) if 0 < amount <= target][:ITEMS_MAX]
    if target <= 0 or sum(amounts[place] for place in places) < target:
        return []
    half = len(places) // 2
    first, second = _sums(amounts, places[:half]), _sums(amounts, places[half:])
    by_sum: dict[int, list[tuple[int, ...]]] = {}
    for total, chosen in second:
        by_sum.setdefault(total, []).append(chosen)
    found: list[tuple[int, ...]] = []
    for total, chosen in first:
        found.extend(chosen + rest for rest in by_sum.get(target - total, ()))
        # Dozens of equal amounts make thousands of sets; it then only matters that there are many.
        if len(found) > 20_000:
            break
    return sorted(found, key=lambda chosen: (len(chosen), chosen))[:limit]


def _sums(amounts: Sequence[int], places: Sequence[int]) -> list[tuple[int, tuple[int, ...]]]:
    sums: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place in places:
        sums += [(total + amounts[place], (*chosen, place)) for total, chosen in sums]
    return sums
