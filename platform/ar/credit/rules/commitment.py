"""Splits an order's amount by how far it went: released, shipped and not signed, signed and not invoiced.

Source: A07; each amount counts once: invoices take from what went furthest first. Invariant: the three never exceed the
order's amount, and with what is invoiced they are the order's amount, unless more was invoiced than ordered.
"""

from __future__ import annotations

from dataclasses import dataclass


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


def stages_of(amounts: OrderAmounts) -> Stages:
    """Returns what an order commits beyond its invoices: 60 stays 60 from order to invoice."""
    invoiced = amounts.invoiced_minor
    signed = max(amounts.signed_minor, invoiced)
    shipped = max(amounts.shipped_minor, signed)
    ordered = max(amounts.ordered_minor, shipped)
    return Stages(released_minor=ordered - shipped, shipped_minor=shipped - signed, signed_minor=signed - invoiced)
