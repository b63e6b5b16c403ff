"""Which invoices a return of goods credits, each with how much and with which tax (R100)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final, TypeVar

Key = TypeVar("Key")

#: The smallest part of a quantity.
SMALLEST: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class BilledPart:
    """An invoice that billed goods: what of them it can still give back, and of its tax (minor units)."""

    document_no: str
    left_minor: int
    tax_left_minor: int
    whole_minor: int


@dataclass(frozen=True, slots=True)
class CreditPart:
    """A part of a return on one invoice; `tax_minor` None: as the lines say, where one invoice takes the whole."""

    document_no: str
    amount_minor: int
    tax_minor: int | None


def split_return(amount_minor: int, tax_minor: int | None, billed: Sequence[BilledPart]) -> list[CreditPart]:
    """Returns the parts of a return on the invoices of its goods, the latest of which comes first in `billed`.

    The latest that can take the whole takes it. Else each takes what it can, the latest first; what none can take goes
    to the first of them, and stays a credit in hand. `tax_minor`: the tax within what came back by the rates of its
    lines, None where no rate was named. An invoice that is credited to its end gives back all of its tax; the rest of
    the tax goes with the part that is not.
    """
    alone = next((each for each in billed if each.left_minor >= amount_minor), None)
    able = [each for each in billed if each.left_minor > 0]
    if alone is not None or len(able) < 2:
        on = alone or next(iter((*able, *billed)), None)
        return [CreditPart(on.document_no if on else "", amount_minor, tax_minor)]
    parts, rest = [], amount_minor
    for each in able:
        taken = min(each.left_minor, rest)
        if taken:
            parts.append((each, taken))
            rest -= taken
    taxes = _taxes(parts, tax_minor)
    found = [CreditPart(each.document_no, taken, tax) for (each, taken), tax in zip(parts, taxes, strict=True)]
    if rest:
        found[0] = CreditPart(found[0].document_no, found[0].amount_minor + rest, found[0].tax_minor)
    return found


def _taxes(parts: Sequence[tuple[BilledPart, int]], tax_minor: int | None) -> list[int]:
    ends = [taken == each.whole_minor for each, taken in parts]
    given = sum(each.tax_left_minor for (each, _taken), end in zip(parts, ends, strict=True) if end)
    open_minor = sum(taken for (_each, taken), end in zip(parts, ends, strict=True) if not end)
    taxes, through_minor, through_tax = [], 0, 0
    for (each, taken), end in zip(parts, ends, strict=True):
        if end:
            taxes.append(each.tax_left_minor)
            continue
        if tax_minor is None:
            share = each.tax_left_minor * taken // each.whole_minor
        else:
            through_minor += taken
            share = max(0, tax_minor - given) * through_minor // open_minor - through_tax
            through_tax += share
        taxes.append(max(0, min(share, each.tax_left_minor, taken - 1)))
    return taxes


def lines_by_credit(
    lines: Sequence[tuple[Decimal, int]], given_back: Sequence[tuple[Key, int]]
) -> list[list[tuple[Key, Decimal, int]]]:
    """Returns for each line (quantity, amount) its parts (credit, quantity, amount); credits are filled one by one.

    Quantity and amount of the parts add up exactly; a part too small for a quantity of its own joins the next.
    """
    left = list(given_back)
    found = []
    for quantity, amount_minor in lines:
        shares: list[tuple[Key, int]] = []
        rest = amount_minor
        while rest or not shares:
            key, minor = left[0]
            taken = min(minor, rest) if len(left) > 1 else rest
            shares.append((key, taken))
            rest -= taken
            left[0] = (key, minor - taken)
            if len(left) > 1 and not left[0][1]:
                del left[0]
        found.append(_split_line(quantity, amount_minor, shares))
    return found


def _split_line(
    quantity: Decimal, amount_minor: int, shares: Iterable[tuple[Key, int]]
) -> list[tuple[Key, Decimal, int]]:
    found, waiting = [], 0
    for key, minor in shares:
        waiting += minor
        last = waiting == amount_minor
        part = quantity if last else (quantity * waiting / amount_minor).quantize(SMALLEST, ROUND_DOWN)
        if part > 0 and (last or part < quantity):
            found.append((key, part, waiting))
            quantity, amount_minor, waiting = quantity - part, amount_minor - waiting, 0
    return found
