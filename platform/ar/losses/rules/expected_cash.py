"""How likely money still comes, by how long it is late: for planning cash, never for the allowance. Pure.

Imports this slice's rounding only. Invariant: the longer a debt is late, the less of it is expected (R231).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from ar.losses.rules.provision import half_up

DAYS_A_MONTH: Final = 30


class Band(NamedTuple):
    """Debts late by up to `months` months of 30 days (0: not late; None: longer) and their chance in per cent."""

    months: int | None
    percent: int


#: R230, read as steps downwards (A19): between two of its months the later one's chance counts, so nothing is
#: interpolated upwards; past the last month its chance stays.
BANDS: Final[tuple[Band, ...]] = (
    Band(0, 100),
    Band(1, 93),
    Band(2, 85),
    Band(3, 73),
    Band(6, 57),
    Band(9, 42),
    Band(12, 25),
    Band(None, 13),
)
THROUGH: Final[tuple[int | None, ...]] = tuple(
    None if band.months is None else band.months * DAYS_A_MONTH for band in BANDS
)


def expected_minor(open_minor: int, percent: int) -> int:
    """What of an open amount is expected, half up, in its minor units."""
    return half_up(Fraction(open_minor * percent, 100))
