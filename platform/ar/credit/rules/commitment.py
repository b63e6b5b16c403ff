"""Splits an order's amount by how far it went: released, shipped and not signed, signed and not invoiced.

Source: A07; each amount counts once: invoices take from what went furthest first. Invariant: the three never exceed the
order's amount, and with what is invoiced they are the order's amount, unless more was invoiced than ordered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """Gross amounts of one order so far, in minor units: each what went at least as far as its name says.

    `ordered_minor`: of an order closed short or cancelled what was shipped, of one not released 0.
    """

    ordered_minor: int
    shipped_minor: int
    signed_minor: int
    invoiced_minor: int


@dataclass(frozen=True, slots=True)
class Stages:
    """What an order still commits, in minor units."""

    released_minor: int
    shipped_minor: int
    signed_minor: int

    @property
    def total_minor(self) -> int:
        """Returns the commitment of all stages."""
        return self.released_minor + self.shipped_minor + self.signed_minor

    def __add__(self, other: Stages) -> Stages:
        return Stages(
            self.released_minor + other.released_minor,
            self.shipped_minor + other.shipped_minor,
            self.signed_minor + other.signed_minor,
        )

    def __sub__(self, other: Stages) -> Stages:
        return Stages(
            self.released_minor - other.released_minor,
            self.shipped_minor - other.shipped_minor,
            self.signed_minor - other.signed_minor,
        )


def stages_of(amounts: OrderAmounts) -> Stages:
    """Returns what an order commits beyond its invoices: 60 stays 60 from order to invoice."""
    invoiced = amounts.invoiced_minor
    signed = max(amounts.signed_minor, invoiced)
    shipped = max(amounts.shipped_minor, signed)
    ordered = max(amounts.ordered_minor, shipped)
    return Stages(released_minor=ordered - shipped, shipped_minor=shipped - signed, signed_minor=signed - invoiced)


def history_from(changes: Iterable[tuple[date, Stages]], on: date) -> list[tuple[date, Stages]]:
    """Returns what was committed at the end of a day, and of each later day on which that changed.

    `changes`: by how much the commitment changed from a day on, in any order.
    """
    committed, history = Stages(0, 0, 0), {on: Stages(0, 0, 0)}
    for day, change in sorted(changes, key=lambda each: each[0]):
        committed += change
        history[max(day, on)] = committed
    return list(history.items())


def dated_changes(history: Iterable[tuple[date, Stages]], change: Stages) -> list[tuple[date, Stages]]:
    """Returns on which day by how much a commitment changes, when it changed by `change` on a day that is past.

    `history`: what was committed at the end of that day, then of each later day on which it changed. On a day on which
    less was committed than the change takes off, only that is taken off: nothing commits less than nothing on any day.
    """
    rows, made = [], Stages(0, 0, 0)
    for day, before in history:
        so_far = _taken_off(before + change, change) - before
        if so_far != made:
            rows.append((day, so_far - made))
        made = so_far
    return rows


def _taken_off(after: Stages, change: Stages) -> Stages:
    """Returns stages without negative ones; what an invoice took too much of one is taken from the others."""
    excess = sum(max(0, -minor) for minor in (after.released_minor, after.shipped_minor, after.signed_minor))
    if change.total_minor >= 0:
        excess = 0
    left = []
    for minor in (after.signed_minor, after.shipped_minor, after.released_minor):
        taken = min(max(0, minor), excess)
        excess -= taken
        left.append(max(0, minor) - taken)
    signed, shipped, released = left
    return Stages(released, shipped, signed)
