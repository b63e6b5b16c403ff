"""Amounts of order lines and of parts of them: quantity times price, with tax, rounded half up once.

Pure. Invariant: the parts of a line, however it is split, sum to the amount of the line.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

from kernel.money import exponent

#: More digits than a quantity (12 + 6) times a price (14 + 6) can have.
_DIGITS = 60


def line_amount_minor(quantity: Decimal, unit_price: Decimal, currency: str) -> int:
    """Returns minor units of a quantity at a price in major units of `currency`, rounded half up."""
    with localcontext(prec=_DIGITS):
        exact = quantity * unit_price * Decimal(10) ** exponent(currency)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def part_amount_minor(before: Decimal, quantity: Decimal, unit_price: Decimal, currency: str) -> int:
    """Returns minor units of the part that follows `before`, the quantity of the earlier parts.

    A line of 3 at 3.335 comes to 10.01; its parts of 1 each to 3.34, 3.33 and 3.34.
    """
    through = line_amount_minor(before + quantity, unit_price, currency)
    return through - line_amount_minor(before, unit_price, currency)
