"""Quantities and amounts of deliveries: what may still go, what a part of a line comes to, what is left to invoice.

Source: R099, R100, R104. Pure. Invariant: however a line is split over notes, signatures and returns,
the parts sum to the amount of the whole to the minor unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from hashlib import sha256
from typing import Any, Final

#: More digits than a quantity of 18 digits times an amount of 19 can have.
DIGITS: Final = 60


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one order line has come. `shipped`: over every note, less what came back before it was owed."""

    line_no: int
    product: str
    ordered: Decimal
    shipped: Decimal

    @property
    def left(self) -> Decimal:
        """Returns what may still be shipped, never below zero."""
        return max(Decimal(0), self.ordered - self.shipped)


def sums_by_line(parts: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    """Returns the quantity of each order line over the parts (line number, quantity): a note may list a line twice."""
    sums: dict[int, Decimal] = {}
    for line_no, quantity in parts:
        sums[line_no] = sums.get(line_no, Decimal(0)) + quantity
    return sums


def lines_over(progress: Mapping[int, Progress], parts: Iterable[tuple[int, Decimal]]) -> list[dict[str, Any]]:
    """Returns the lines of which more would be shipped than was ordered, as parameters of the reason (R099).

    `parts`: (line number, quantity) of the note to be shipped. A line that the order does not have has nothing ordered.
    """
    over = []
    for line_no, quantity in sorted(sums_by_line(parts).items()):
        line = progress.get(line_no) or Progress(line_no, str(line_no), Decimal(0), Decimal(0))
        total = line.shipped + quantity
        if total > line.ordered:
            allowed = {"quantity": plain(total), "allowed": plain(line.ordered)}
            over.append({"line_no": line_no, "product": line.product, **allowed})
    return over


def plain(quantity: Decimal) -> str:
    """Returns a quantity as people write it: without an exponent, without zeros at its end."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mark_of(parts: Iterable[tuple[int, Decimal, Decimal]]) -> str:
    """Returns a short mark of how far a note has come, by which a form knows that it changed since it was shown.

    `parts`: position, quantity signed for, quantity that came back.
    """
    text = ";".join(f"{position}:{plain(signed)}:{plain(back)}" for position, signed, back in sorted(parts))
    return sha256(text.encode()).hexdigest()[:16]


def part_of_line(amount_minor: int, whole: Decimal, before: tuple[Decimal, int], quantity: Decimal) -> int:
    """Returns the minor units of a part of a line, by running totals rounded half up.

    `before`: quantity and minor units of the parts so far. The last part takes what is left: of 3 for 10.00 the
    parts of 1 come to 3.33, 3.34 and 3.33.
    """
    done, done_minor = before
    if not quantity:
        return 0
    with localcontext(prec=DIGITS):
        exact = Decimal(amount_minor) * (done + quantity) / whole
        through = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return max(0, through - done_minor)


@dataclass(frozen=True, slots=True)
class Billable:
    """A delivery as the invoices see it, in minor units: signed for and not returned, and invoiced of it by name."""

    signed_minor: int
    invoiced_minor: int


def left_to_invoice(deliveries: Sequence[Billable], down_payments_minor: int) -> list[int]:
    """Returns what is left to invoice of each delivery of one order, in the order in which they were signed.

    What the order's invoices bill of no delivery (down payments) is taken off the deliveries signed first. What was
    invoiced of one delivery beyond its signature, such as after a return, is no down payment of another.
    """
    left = []
    for each in deliveries:
        own = max(0, each.signed_minor - each.invoiced_minor)
        covered = min(own, down_payments_minor)
        down_payments_minor -= covered
        left.append(own - covered)
    return left
