"""Inputs of the commands that ask for a limit, take limits over and register guarantees.

Invariant: shape is checked here, the books in the commands; amounts are typed in major units, blank is no amount.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from ar.credit.rules.scoring import Grade
from kernel.field_types import Currency
from kernel.i18n import mark
from kernel.inputs import CommandInput, Key, OptionalDay

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=2000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


class RequestLimit(CommandInput):
    """Asks for a limit of a customer from `valid_from` on (R063, R070); `amount` in major units of `currency`.

    `size`: a limit of an amount, or `unlimited`. A temporary one adds to the regular limit through `valid_to`.
    `term_days` None leaves the term as it is.
    """

    kind: Literal["regular", "temporary"] = "regular"
    size: Literal["amount", "unlimited"] = "amount"
    currency: Currency
    amount: Typed = ""
    term_days: Annotated[int, Field(ge=0, le=366)] | None = None
    valid_from: date
    valid_to: OptionalDay = None
    reason: Reason
    key: Key

    @model_validator(mode="after")
    def _is_whole(self) -> RequestLimit:
        if self.kind == "temporary" and (self.valid_to is None or self.size == "unlimited"):
            raise PydanticCustomError("limit_temporary", mark("A temporary limit has an amount and a last day."), {})
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("limit_days", mark("The last day is before the first."), {})
        return self


class TakenOverLimit(CommandInput):
    """A limit that stood in the books before this product (minor units; None is unlimited)."""

    customer_id: UUID
    currency: Currency
    amount_minor: int | None = Field(ge=0)
    term_days: int | None = Field(default=None, ge=0, le=366)
    grade: Grade | None = None
    valid_from: date
    valid_to: date | None = None
    reason: Reason


class AskForTakenOver(CommandInput):
    """Asks for the approval of all limits taken over for which nobody was asked yet."""

    reason: Reason


class RegisterGuarantee(CommandInput):
    """Registers a deposit, guarantee, mortgage, pledge or insurer's cover (R047); `amount` in major units.

    `claim_by_on`: last day to claim against the guarantor; blank for a guarantee: six months after `valid_to`.
    """

    kind: Literal["deposit", "guarantee", "mortgage", "pledge", "insurance"]
    provider: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    reference: Annotated[str, StringConstraints(max_length=200)] = ""
    currency: Currency
    amount: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    valid_from: date
    valid_to: OptionalDay = None
    claim_by_on: OptionalDay = None
    note: Note = ""
    key: Key


class EndGuarantee(CommandInput):
    """Records that a guarantee is no longer there: released, called or replaced."""

    reason: Reason
