"""Inputs of decisions on returns: one model per command."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from kernel.inputs import CommandInput, Key
from kernel.texts import OneLine


class BookReturn(CommandInput):
    """Book a return: of a receipt, of a refund, or of a bank line that was never posted. `subject_id`: its id."""

    subject: Literal["receipt", "refund", "line"]
    subject_id: UUID
    key: Key


class DismissReturn(CommandInput):
    """Decide that a line is no return, with the reason."""

    reason: OneLine = Field(min_length=1, max_length=300)
    key: Key
