"""Inputs of the commands on notes that do not come back signed."""

from __future__ import annotations

from datetime import date
from typing import Literal

from ar.sales.orders.inputs import Reason
from kernel.inputs import CommandInput


class ExplainUnsigned(CommandInput):
    """Say why a note has not come back signed (R102)."""

    reason: Reason


class ChooseMeasure(CommandInput):
    """Order a measure for a note that does not come back, to be done by a day (R102)."""

    measure: Literal["fetch", "resend", "carrier", "return", "stop"]
    due_on: date
