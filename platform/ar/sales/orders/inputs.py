"""Inputs of the commands on orders.

Invariant: shape is checked here, business rules in the commands.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from kernel.field_types import Currency, Number
from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput, OptionalId, blank_as_none

LINES_MAX: Final = 500
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


class LineInput(CommandInput):
    """One line of an order: `unit_price` in major units, with tax; `tax_rate_bps` for information alone."""

    line_no: Annotated[int, Field(ge=1, le=999_999)]
    product: Name
    unit: ShortText = ""
    quantity: OrderQuantity
    unit_price: UnitPrice
    tax_rate_bps: TaxRateBps = None


class OrderFields(EditInput):
    """What a person fills in of an order. `term_days` None: no term in writing; the contract's counts then (R065)."""

    contract_id: OptionalId = None
    their_number: ShortText = ""
    ordered_on: date
    currency: Currency
    term_days: TermDays = None
    prepaid: bool = False
    note: Note = ""
    lines: Annotated[list[LineInput], Field(min_length=1, max_length=LINES_MAX)]


class EnterOrder(OrderFields):
    """Enter an order of a customer as a draft. `number` empty: the next one of the company."""

    customer_id: UUID
    number: ShortText = ""


class EditOrder(OrderFields):
    """Change an order; lines that are no longer given are dropped."""


class CloseOrder(CommandInput):
    """Close an order short, cancel it, or open it again, with a reason for the record."""

    reason: Reason


class LinkInvoice(CommandInput):
    """Choose, on an order's page, the posted invoice that bills it."""

    entry_id: UUID


class BillOrder(CommandInput):
    """Link a posted invoice to the order that it bills; `delivery_id` None: a down payment, or the whole order.

    `amount_minor`: the part of the invoice that bills the order, with tax; None: all that is not linked yet.
    """

    order_id: UUID
    entry_id: UUID
    delivery_id: UUID | None = None
    amount_minor: int | None = Field(default=None, gt=0)
