"""Inputs of matching: posting a bank line as a receipt."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from ar.receipts.posting.inputs import AllocationMethod, Part
from kernel.inputs import CommandInput, Key


class MatchBankLine(CommandInput):
    """Post a bank line as a customer's receipt. `booked_on` None: the bank's booking date."""

    customer_id: UUID
    how: AllocationMethod = "ticked"
    costs_first: bool = False
    booked_on: date | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key
