"""Inputs of decisions on bank movements: one model per command."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from kernel.inputs import CommandInput, Key
from kernel.texts import OneLine


class AccountForBreak(CommandInput):
    """Account for a break between two statements: `off_minor` as it was shown, in minor units, and the reason."""

    before_id: UUID
    after_id: UUID
    off_minor: int
    reason: OneLine = Field(min_length=1, max_length=300)
    key: Key


class DecideDuplicates(CommandInput):
    """Decide on possible duplicates: all of them are the lines that they resemble, or all are others."""

    duplicate_ids: tuple[UUID, ...] = Field(min_length=1, max_length=500)
    decision: Literal["same", "different"]
    key: Key
