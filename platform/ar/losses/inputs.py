"""Defines the inputs that provision and bad debts share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from kernel.inputs import CommandInput

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class ReverseLoss(CommandInput):
    """Reverses a provision run, a write-off or a recovery. `effective_on` None: the earliest date allowed."""

    reason: Reason
    effective_on: date | None = None
