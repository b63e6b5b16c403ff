"""Defines the inputs of approvals.

Invariant: shape is checked here, rules in the commands; thresholds are typed in the company's currency.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from kernel.inputs import CommandInput, Key


class Decision(CommandInput):
    """Decides the step that the page showed (counted from 0)."""

    outcome: Literal["approve", "reject"]
    step: int = Field(ge=0)
    reason: str = Field(default="", max_length=2000)


class Withdrawal(CommandInput):
    """Withdraws a request, with its reason."""

    why: str = Field(min_length=1, max_length=2000)


class NewSubstitute(CommandInput):
    """Names a substitute for `user_id` (None: for oneself), both days included; `key`: the form's idempotency key."""

    user_id: UUID | None = None
    substitute_id: UUID
    from_on: date
    to_on: date
    key: Key
