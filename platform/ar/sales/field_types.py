"""Field types of the inputs of sales: quantities, prices, terms, texts.

Invariant: what a column cannot hold is refused at its field.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from kernel.field_types import Number
from kernel.i18n import mark
from kernel.inputs import blank_as_none

QUANTITY_DIGITS: Final = (12, 6)
PRICE_DIGITS: Final = (14, 6)


def _fits(value: Decimal, digits: tuple[int, int]) -> Decimal:
    before, after = digits
    if value != round(value, after):
        raise ValueError(mark("That has more than six decimals."))
    if abs(value) >= Decimal(10) ** before:
        raise ValueError(mark("That is too large."))
    return value


def _quantity(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(mark("Enter a quantity above zero."))
    return _fits(value, QUANTITY_DIGITS)


def _price(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(mark("Enter a price of zero or more."))
    return _fits(value, PRICE_DIGITS)


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ShortText = Annotated[str, StringConstraints(max_length=80)]
Note = Annotated[str, StringConstraints(max_length=2000)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
OrderQuantity = Annotated[Number, AfterValidator(_quantity)]
UnitPrice = Annotated[Number, AfterValidator(_price)]
TermDays = Annotated[Annotated[int, Field(ge=0, le=366)] | None, BeforeValidator(blank_as_none)]
TaxRateBps = Annotated[Annotated[int, Field(ge=0, le=10_000)] | None, BeforeValidator(blank_as_none)]
