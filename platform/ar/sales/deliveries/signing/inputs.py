"""Inputs of the commands on signatures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from ar.sales.deliveries.inputs import Name, Position
from ar.sales.orders.inputs import LINES_MAX, Reason
from ar.sales.rules.signatures import Channel
from kernel.field_types import Number
from kernel.i18n import mark
from kernel.inputs import CommandInput

#: Longest text of strokes that a pad sends.
STROKES_TEXT_MAX: Final = 100_000
Note = Annotated[str, StringConstraints(max_length=500)]


def _not_negative(value: Decimal) -> Decimal:
    if value < 0 or value != round(value, 6):
        raise ValueError(mark("Enter a quantity of zero or more."))
    return value


class SignedLine(CommandInput):
    """What was signed for of a position; less than what is out wants a reason."""

    position: Position
    quantity: Annotated[Number, AfterValidator(_not_negative)]
    short_reason: Note = ""


class SignOffDelivery(CommandInput):
    """Record the customer's signature on a note. `lines` None: everything that is out.

    `strokes`: what was drawn on the pad (`rules.signatures`). `note`: on whose word another person signed. `seen`:
    the mark of the note when the form was shown (`rules.shipping.mark_of`), empty where there was no form.
    """

    signed_on: date
    signed_by: Name = ""
    channel: Channel = "scan"
    lines: Annotated[list[SignedLine], Field(max_length=LINES_MAX)] | None = None
    strokes: Annotated[str, StringConstraints(max_length=STROKES_TEXT_MAX)] = ""
    note: Note = ""
    seen: Annotated[str, StringConstraints(max_length=40)] = ""


class CounterSignOff(CommandInput):
    """Take a wrong signature back by a counter-entry."""

    reason: Reason
