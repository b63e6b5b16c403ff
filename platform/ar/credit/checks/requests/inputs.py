"""Input of the command that asks to let one order pass over limit or term (Annex 2, R064, R301)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from kernel.inputs import CommandInput, Key, OptionalDay

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]


class RequestOverLimit(CommandInput):
    """Asks to let one order pass through the end of `valid_until_on`.

    `payment_expected_on`: when the customer is expected to pay; `guarantee`: what secures it, in words.
    """

    reason: Reason
    valid_until_on: date
    payment_expected_on: OptionalDay = None
    guarantee: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    key: Key


class WithdrawOverLimit(CommandInput):
    """Withdraws a request before it is decided."""

    reason: Reason
