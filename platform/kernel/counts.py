"""Counts that stop somewhere: what is known of them is a lower bound, and they say so wherever they are shown."""

from __future__ import annotations


class AtLeast(int):
    """A number of which at least so many are there; written "999+". What is added or taken away keeps the bound."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{int(self):,}+"

    def __format__(self, form: str) -> str:
        return f"{int(self):{form}}+"

    def __add__(self, other: int) -> AtLeast:
        return AtLeast(int(self) + int(other))

    __radd__ = __add__

    def __sub__(self, other: int) -> AtLeast:
        return AtLeast(int(self) - int(other))


def counted_to(count: int, stopped_at: int) -> int:
    """Returns a count, or AtLeast one less than where the counting stopped."""
    return count if count < stopped_at else AtLeast(stopped_at - 1)
