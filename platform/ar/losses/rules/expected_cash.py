"""Gives the chance that a late debt is still paid, for cash planning, never for the allowance.

Invariant: the later a debt, the less of it is expected (R231).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from ar.losses.rules.provision import round_half_away_from_zero

DAYS_A_MONTH: Final = 30


class Band(NamedTuple):
    """Debts late by up to `months` months of 30 days (0: not late; None: longer) and their chance in per cent."""

    months: int | None
    percent: int


#: R230 as steps downwards (A19): between two of its months the later one's chance applies, without interpolation;
#: after the last month its chance stays.
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
    """Returns the expected part of an open amount in its minor units, rounded half up."""
    return round_half_away_from_zero(Fraction(open_minor * percent, 100))
