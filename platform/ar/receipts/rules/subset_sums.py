"""Finds the sets of open items that sum to an amount: exact, bounded, deterministic.

Invariant: the work is bounded by 2 × 2^(ITEMS_MAX / 2) sums for any items; a single result is returned only when
every set was examined.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
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
    first, _ = _sums(tuple(amounts[place] for place in places[:half]))
    second, reached = _sums(tuple(amounts[place] for place in places[half:]))
    fitting = [chosen for chosen, total in enumerate(first) if target - total in reached]
    if not fitting:
        return []
    by_sum: dict[int, list[int]] = {target - first[chosen]: [] for chosen in fitting}
    for chosen, total in enumerate(second):
        if total in by_sum:
            by_sum[total].append(chosen)
    found: list[tuple[int, ...]] = []
    for chosen in fitting:
        early = _chosen(places[:half], chosen)
        found.extend(early + _chosen(places[half:], rest) for rest in by_sum[target - first[chosen]])
        # Dozens of equal amounts make thousands of sets; it then only matters that there are many.
        if len(found) > 20_000:
            break
    return sorted(found, key=lambda each: (len(each), each))[:limit]


@lru_cache(maxsize=64)
def _sums(amounts: tuple[int, ...]) -> tuple[list[int], frozenset[int]]:
    """Returns the sum of every set, at the number whose binary digits say which amounts it holds; and the sums alone.

    Kept for a few customers: each payment asks two or three times.
    """
    sums = [0]
    for amount in amounts:
        sums += [total + amount for total in sums]
    return sums, frozenset(sums)


def _chosen(places: Sequence[int], digits: int) -> tuple[int, ...]:
    return tuple(place for at, place in enumerate(places) if digits >> at & 1)
