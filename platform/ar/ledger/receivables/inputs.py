"""Inputs of what is done to a receivable: allocations, reversals, notes.

Invariant: shape is checked here (a date is a date, a text has a maximum length), rules in the commands.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from kernel.inputs import CommandInput, Key


class AllocateDocument(CommandInput):
    """Allocate between a document and `other_id`; `amount` as typed, in their currency.

    `key` is the form's idempotency key; `effective_on` None: the later of both documents' dates. `take_discount`: also
    grant the early-payment discount that this payment earns.
    """

    other_id: UUID
    amount: str = Field(min_length=1, max_length=40)
    effective_on: date | None = None
    key: Key
    take_discount: bool = False


class UnapplyAllocation(CommandInput):
    """Unapply an allocation on `effective_on` (None: today)."""

    effective_on: date | None = None


class ReverseDocument(CommandInput):
    """Reverse a document on `effective_on` (None: today), with the reason that stays in the books."""

    reason: str = Field(min_length=1, max_length=500)
    effective_on: date | None = None


class AddNote(CommandInput):
    """Add a disposition note to a document; `key` is the form's idempotency key."""

    note: str = Field(min_length=1, max_length=500)
    key: Key
