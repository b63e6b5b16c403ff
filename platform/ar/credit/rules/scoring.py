"""Scores a credit assessment (Annex 1): twelve items of 0 to 8 points, weighted, out of 100, and the grade.

Source: R041 to R045, A01 to A03. Invariants: arithmetic is exact, halves are rounded up; a score is an integer, so the
grades leave no gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from kernel.i18n import mark

POINTS_MAX: Final = 8
WEIGHT_MAX: Final = 1000


class Grade(StrEnum):
    """A credit grade, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class Band:
    """A band of points, both ends included, and what it says of an item."""

    low: int
    high: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One of the twelve items: its code, group and name, and the bands that may be chosen, best first."""

    code: str
    group: str
    name: str
    bands: tuple[Band, ...]


def _item(code: str, group: str, name: str, *texts: str | None) -> Item:
    ranges = ((7, 8), (4, 6), (2, 3), (0, 1))
    bands = tuple(Band(low, high, text) for (low, high), text in zip(ranges, texts, strict=True) if text is not None)
    return Item(code, group, name, bands)


_UNCLEAR: Final = mark("unclear")
_AVERAGE: Final = mark("average")
STABILITY: Final = mark("Stability of the company")
REPUTATION: Final = mark("Reputation")
STRENGTH: Final = mark("Strength")
OPERATIONS: Final = mark("Operations")
MANAGEMENT: Final = mark("Management")
OUTSIDE: Final = mark("Outside factors")

#: The items in the order of Annex 1 (R042). The second has no band of 4 to 6 (A02).
ITEMS: Final[tuple[Item, ...]] = (
    _item(
        "years",
        STABILITY,
        mark("Years since founding"),
        mark("8 years or more"),
        mark("3 to under 8 years"),
        mark("1 to under 3 years"),
        mark("under 1 year"),
    ),
    _item(
        "events",
        STABILITY,
        mark("Serious adverse events of late"),
        mark("no such event"),
        None,
        _UNCLEAR,
        mark("there were some"),
    ),
    _item(
        "payment",
        REPUTATION,
        mark("Payment in the last half year"),
        mark("as agreed"),
        mark("paid late"),
        _UNCLEAR,
        mark("in arrears without cause"),
    ),
    _item(
        "integrity",
        REPUTATION,
        mark("Integrity of the leadership"),
        mark("trustworthy"),
        _AVERAGE,
        _UNCLEAR,
        mark("untrustworthy"),
    ),
    _item(
        "fame", REPUTATION, mark("How well known"), mark("nationally"), mark("locally"), _UNCLEAR, mark("hardly known")
    ),
    _item("assets", STRENGTH, mark("Assets, against the trade"), mark("ample"), _AVERAGE, _UNCLEAR, mark("scant")),
    _item("profit", OPERATIONS, mark("Ability to earn"), mark("strong"), _AVERAGE, _UNCLEAR, mark("weak")),
    _item("sales", OPERATIONS, mark("Sales momentum"), mark("strong"), mark("flat"), _UNCLEAR, mark("weak")),
    _item(
        "organisation", MANAGEMENT, mark("Internal management"), mark("complete"), _AVERAGE, _UNCLEAR, mark("chaotic")
    ),
    _item("premises", MANAGEMENT, mark("Office and plant"), mark("tidy"), _AVERAGE, _UNCLEAR, mark("messy")),
    _item(
        "state_policy",
        OUTSIDE,
        mark("Effect of state policy"),
        mark("no effect"),
        _AVERAGE,
        _UNCLEAR,
        mark("a great effect"),
    ),
    _item(
        "industry", OUTSIDE, mark("Outlook of the industry"), mark("bright"), mark("flat"), _UNCLEAR, mark("shrinking")
    ),
)
EQUAL_WEIGHTS: Final[tuple[int, ...]] = (1,) * len(ITEMS)
#: The least score of each grade (A03).
GRADE_FROM: Final = ((Grade.A, 86), (Grade.B, 61), (Grade.C, 41), (Grade.D, 0))


@dataclass(frozen=True, slots=True)
class Score:
    """`raw` of `maximum` points as given, `score` out of 100 after the weights, and the grade that follows."""

    raw: int
    maximum: int
    score: int
    grade: Grade


class ScoreFault(ValueError):
    """Points or weights that cannot be scored; `code` and `item` (counted from 0, None: all of them) say which."""

    def __init__(self, code: str, item: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.item = item


def score_of(points: Sequence[int], weights: Sequence[int] = EQUAL_WEIGHTS, *, literal_raw: bool = False) -> Score:
    """Scores twelve items: 100 × Σ(weight × points) ÷ Σ(weight × 8), rounded half up; the sum itself if `literal_raw`.

    Raises ScoreFault(`score_count`, `score_points`, `score_band`, `score_weights`).
    """
    if len(points) != len(ITEMS):
        raise ScoreFault("score_count")
    if len(weights) != len(ITEMS) or any(not 0 <= weight <= WEIGHT_MAX for weight in weights) or not any(weights):
        raise ScoreFault("score_weights")
    for position, (item, given) in enumerate(zip(ITEMS, points, strict=True)):
        if not 0 <= given <= POINTS_MAX:
            raise ScoreFault("score_points", position)
        if not any(band.low <= given <= band.high for band in item.bands):
            raise ScoreFault("score_band", position)
    raw = sum(points)
    weighted = sum(weight * given for weight, given in zip(weights, points, strict=True))
    whole = POINTS_MAX * sum(weights)
    score = raw if literal_raw else (200 * weighted + whole) // (2 * whole)
    return Score(raw, POINTS_MAX * len(ITEMS), score, grade_of(score))


def grade_of(score: int) -> Grade:
    """Returns the grade of a score: A from 86, B from 61, C from 41, else D."""
    return next(grade for grade, least in GRADE_FROM if score >= least)


def founding_band(founded_on: str, today: date) -> Band | None:
    """Returns the band of the first item by the founding day (ISO), in completed years; None for no readable day (A02).

    The lower bound of a band belongs to it: on its eighth anniversary a company is 8 years old.
    """
    try:
        founded = date.fromisoformat(founded_on)
    except ValueError:
        return None
    years = today.year - founded.year - ((today.month, today.day) < (founded.month, founded.day))
    bands = ITEMS[0].bands
    return next((band for band, least in zip(bands, (8, 3, 1, 0), strict=True) if years >= least), None)
