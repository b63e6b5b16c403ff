"""Inputs of locking and unlocking periods."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from kernel.i18n import mark
from kernel.inputs import CommandInput, Key


class LockBooks(CommandInput):
    """Lock the books through a day; `key` is the form's idempotency key."""

    through_on: date
    reason: str = Field(default="", max_length=500)
    key: Key


class RequestUnlock(CommandInput):
    """Ask that the books stay locked through `back_to` only (None, with `everything`: not at all), and why."""

    back_to: date | None = None
    everything: bool = False
    reason: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _one_of_two(self) -> RequestUnlock:
        if (self.back_to is None) != self.everything:
            raise ValueError(mark("Enter a day, or choose to open everything."))
        return self
