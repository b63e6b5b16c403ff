"""Inputs of the commands on delivery notes: planned, shipped, cancelled, taken over, returned.

Invariant: shape is checked here, business rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ar.sales.orders.inputs import LINES_MAX, OrderQuantity, Reason, ShortText
from kernel.inputs import CommandInput, EditInput, OptionalDay, OptionalId

Mode = Literal["direct", "carrier", "pick_up", "consignment"]
Position = Annotated[int, Field(ge=1, le=999_999)]
Name = Annotated[str, StringConstraints(max_length=100)]


class NoteLine(CommandInput):
    """A quantity of one order line; the same line may stand on a note more than once, by batch."""

    order_line_no: Position
    quantity: OrderQuantity
    batch: ShortText = ""


class NoteFields(EditInput):
    """What a person fills in of a delivery note. `picker_up`: whom the customer named to fetch the goods (R100)."""

    mode: Mode = "direct"
    planned_on: date
    carrier: Name = ""
    tracking_no: ShortText = ""
    driver_id: OptionalId = None
    picker_up: Name = ""
    lines: Annotated[list[NoteLine], Field(min_length=1, max_length=LINES_MAX)]


class PlanDelivery(NoteFields):
    """Plan a delivery note of an order. `number` empty: the next one of the company."""

    number: ShortText = ""


class EditDelivery(NoteFields):
    """Change a note that has not been shipped; lines that are no longer given are dropped."""


class ShipDelivery(CommandInput):
    """Ship a note. `on` None: today. `seen`: codes of the reasons that the page showed, to tell what is new."""

    on: OptionalDay = None
    seen: Annotated[str, StringConstraints(max_length=500)] = ""


class CancelDelivery(CommandInput):
    """Cancel a note that has not been shipped."""

    reason: Reason


class TakeOverDelivery(CommandInput):
    """Take over a delivery that another system shipped: history, which is never held, but keeps what would hold it."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    shipped_on: date
    mode: Mode = "direct"
    lines: Annotated[list[NoteLine], Field(min_length=1, max_length=LINES_MAX)]


class ReturnedLine(CommandInput):
    """How much of a position of a note came back."""

    position: Position
    quantity: OrderQuantity


class ReturnGoods(CommandInput):
    """Take back goods of a shipped note: those not signed for first, beyond them those signed for.

    `seen`: the mark of the note when the form was shown (`rules.shipping.mark_of`), empty where there was no form.
    """

    returned_on: date
    reason: Reason
    lines: Annotated[list[ReturnedLine], Field(min_length=1, max_length=LINES_MAX)]
    seen: Annotated[str, StringConstraints(max_length=40)] = ""
