"""Inputs of the ledger's commands: allocations, reversals, notes, period locks, exchange rates.

Invariant: shape is checked here (a date is a date, a text has a maximum length), rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator

from kernel.i18n import mark
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
            raise ValueError(mark("Name a day, or choose that everything is opened."))
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


class ReverseRevaluation(CommandInput):
    """Reverse a revaluation on a day, with the reason that stays in the books."""

    on: date
    reason: str = Field(min_length=1, max_length=500)
