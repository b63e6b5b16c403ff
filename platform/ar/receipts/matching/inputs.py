"""Inputs of matching: posting bank lines as receipts, one by hand or the sure ones that were shown."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from ar.receipts.posting.inputs import AllocationMethod, Part
from kernel.inputs import CommandInput, Key


class ShownLine(CommandInput):
    """A sure line as it was shown: `proof` is the fingerprint of the proposal that the person saw."""

    line_id: UUID
    proof: str = Field(min_length=8, max_length=64)


class PostShownLines(CommandInput):
    """Post exactly these sure lines."""

    lines: tuple[ShownLine, ...] = Field(min_length=1, max_length=500)
    key: Key


class UndoBatch(CommandInput):
    """Undo a batch of receipts where nothing depends on them."""

    key: Key


class MatchBankLine(CommandInput):
    """Post a bank line as a customer's receipt. `booked_on` None: the bank's booking date."""

    customer_id: UUID
    how: AllocationMethod = "ticked"
    costs_first: bool = False
    booked_on: date | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key
