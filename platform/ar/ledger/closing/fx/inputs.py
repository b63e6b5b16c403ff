"""Inputs of exchange rates and revaluations."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from kernel.inputs import CommandInput, Key


class AddRate(CommandInput):
    """One rate as typed: `rate` units of the company's currency for `units` of `currency`."""

    currency: str = Field(pattern=r"^[A-Za-z]{3}$")
    rate_on: date
    rate: str = Field(min_length=1, max_length=40)
    units: Literal["1", "100"] = "1"
    source: str = Field(default="", max_length=100)


class Revalue(CommandInput):
    """Book the exchange difference as of a day; `key` is the form's idempotency key."""

    as_of: date
    key: Key


class ReverseRevaluation(CommandInput):
    """Reverse a revaluation on a day, with the reason that stays in the books."""

    on: date
    reason: str = Field(min_length=1, max_length=500)
