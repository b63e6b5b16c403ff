"""The base of every command's input model, and the field types that all of them share.

Invariant: an input is immutable, its texts carry no blanks at either end, and a field that the command does not know
is an error, so that a misspelt name in a form, an import or an API body is never silently ignored; its days lie within
`kernel.bookable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, LiteralString
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from kernel.bookable import LIMITS, OUT_OF_RANGE, is_bookable


class CommandInput(BaseModel):
    """The input of one command: the same model validates the form, the import row and the command line."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="after")
    @classmethod
    def _days_are_bookable(cls, value: Any) -> Any:
        """Refuses a day that no book may name, the same one at every door."""
        if type(value) is date and not is_bookable(value):
            raise PydanticCustomError("day_out_of_range", OUT_OF_RANGE, dict(LIMITS))
        return value


class EditInput(CommandInput):
    """The input of a command that changes a record: `version` is the one its form was filled from, None of no form."""

    version: str | None = Field(default=None, max_length=1000)


def wrong_entries(sentence: LiteralString, entries: Sequence[int]) -> PydanticCustomError:
    """Returns the error of these entries (counted from 0) of a repeated field, to be raised by its validator."""
    return PydanticCustomError("wrong_entries", sentence, {"entries": list(entries)})


def blank_as_none(value: object) -> object:
    """Returns None for a blank text, as an untouched form field sends it; any other value unchanged."""
    return None if isinstance(value, str) and not value.strip() else value


OptionalText = Annotated[str | None, BeforeValidator(blank_as_none)]
OptionalDay = Annotated[date | None, BeforeValidator(blank_as_none)]
OptionalId = Annotated[UUID | None, BeforeValidator(blank_as_none)]
#: The idempotency key of a form: sent twice, the command takes effect once.
Key = Annotated[str, StringConstraints(min_length=16, max_length=64)]
