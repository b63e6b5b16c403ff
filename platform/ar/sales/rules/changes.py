"""Decides whether a changed order has to be asked again: whatever is more, other or dearer; what is less goes through.

Source: R064, R068. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LineTerms:
    """What one line of an order says: a quantity of a product at a price in major units."""

    product: str
    unit: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order says that the checks ask about; `lines` by line number, without dropped ones."""

    currency: str
    term_days: int | None
    prepaid: bool
    contract_id: UUID | None
    lines: Mapping[int, LineTerms]


def asks_again(before: OrderTerms, after: OrderTerms) -> bool:
    """Whether a released order, changed so, must pass the checks again: not when only quantities shrank or went."""
    if replace(before, lines={}) != replace(after, lines={}):
        return True
    for line_no, line in after.lines.items():
        known = before.lines.get(line_no)
        if known is None or line.quantity > known.quantity or replace(line, quantity=known.quantity) != known:
            return True
    return False
