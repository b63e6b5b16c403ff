"""Inputs of the ledger's commands: one Pydantic model each, for the form as for any other edge.

Imports Pydantic and the marker of texts only. Invariant: shape is checked here (a date is a date, a text has an end),
rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator

from kernel.i18n import mark
from kernel.inputs import CommandInput, Key


class AllocateDocument(CommandInput):
    """Pay `item_id` with `other_id`, or the other way round; `amount` as typed, in their currency.

    `key` is the form's idempotency key; `effective_on` None: the later of both documents' dates. `take_discount`: the
    early-payment discount that this earns is granted with it.
    """

    other_id: UUID
    amount: str = Field(min_length=1, max_length=40)
    effective_on: date | None = None
    key: Key
    take_discount: bool = False


class TakeBack(CommandInput):
    """Take an allocation back on `effective_on` (None: today)."""

    effective_on: date | None = None


class ReverseDocument(CommandInput):
    """Reverse a document on `effective_on` (None: today), with the reason that stays in the books."""

    reason: str = Field(min_length=1, max_length=500)
    effective_on: date | None = None


class AddNote(CommandInput):
    """What is to be done about a document, in words; `key` is the form's idempotency key."""

    note: str = Field(min_length=1, max_length=500)
    key: Key


class LockBooks(CommandInput):
    """Lock the books through a day; `key` is the form's idempotency key."""

    through_on: date
    reason: str = Field(default="", max_length=500)
    key: Key


class AskUnlock(CommandInput):
    """Ask that the books stay locked through `back_to` only (None, with `everything`: not at all), and why."""

    back_to: date | None = None
    everything: bool = False
    reason: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _one_of_two(self) -> AskUnlock:
        if (self.back_to is None) != self.everything:
            raise ValueError(mark("Enter a day, or choose to open everything."))
        return self


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


class TakeRevaluationBack(CommandInput):
    """Reverse a revaluation on a day, with the reason that stays in the books."""

    on: date
    reason: str = Field(min_length=1, max_length=500)
