"""Inputs of the commands on orders.

Invariant: shape is checked here, business rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from ar.sales.field_types import Name, Note, OrderQuantity, Reason, ShortText, TaxRateBps, TermDays, UnitPrice
from kernel.field_types import Currency
from kernel.inputs import CommandInput, EditInput, OptionalId

__all__ = [
    "LINES_MAX",
    "BillOrder",
    "CloseOrder",
    "EditOrder",
    "EnterOrder",
    "LineInput",
    "LinkInvoice",
    "OrderFields",
    "OrderQuantity",
    "Reason",
    "ShortText",
    "TakeOverOrder",
]

LINES_MAX: Final = 500


class LineInput(CommandInput):
    """One line of an order: `unit_price` in major units, with tax; `tax_rate_bps`: of the tax within it."""

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


class TakeOverOrder(CommandInput):
    """Take over an order that was confirmed in another system. `term_days` None: no term in writing (R065)."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    customer_id: UUID
    ordered_on: date
    currency: Currency
    term_days: TermDays = None
    lines: Annotated[list[LineInput], Field(min_length=1, max_length=LINES_MAX)]


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
