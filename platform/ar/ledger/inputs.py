"""Inputs of the ledger's commands: one Pydantic model each, for the form as for any other edge.

Imports Pydantic only. Invariant: shape is checked here (a date is a date, a text has an end), rules in the commands.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class AllocateDocument(_Input):
    """Pay `item_id` with `other_id`, or the other way round; `amount` as typed, in their currency.

    `key` is the form's idempotency key; `effective_on` None: the later of both documents' dates.
    """

    other_id: UUID
    amount: str = Field(min_length=1, max_length=40)
    effective_on: date | None = None
    key: str = Field(min_length=16, max_length=64)


class TakeBack(_Input):
    """Take an allocation back on `effective_on` (None: today)."""

    effective_on: date | None = None


class ReverseDocument(_Input):
    """Reverse a document on `effective_on` (None: today), with the reason that stays in the books."""

    reason: str = Field(min_length=1, max_length=500)
    effective_on: date | None = None
