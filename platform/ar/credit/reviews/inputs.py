"""Inputs of the commands of a review: open one, explain, decide, submit, cancel."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints

from kernel.inputs import CommandInput, EditInput, OptionalText, blank_as_none

Note = Annotated[str, StringConstraints(min_length=2, max_length=1000)]
TermDays = Annotated[Annotated[int, Field(ge=0, le=3650)] | None, BeforeValidator(blank_as_none)]
Percent = Annotated[Annotated[int, Field(ge=1, le=100)] | None, BeforeValidator(blank_as_none)]


class ExplainLine(EditInput):
    """Explains what a review flagged of one customer (R071)."""

    explanation: Note


class DecideLine(EditInput):
    """Decides on one customer's limit: `limit` in units of its currency and `term_days` for a cut or a raise."""

    decision: Literal["keep", "cut", "raise", "freeze"]
    limit: OptionalText = None
    term_days: TermDays = None
    note: Note


class DecideLines(CommandInput):
    """Decides on the limits of many customers in one way; a cut or a raise by a whole per cent of each limit."""

    customer_ids: Annotated[list[UUID], Field(max_length=10_000)]
    decision: Literal["keep", "cut", "raise", "freeze"]
    percent: Percent = None
    note: Note


class CancelReview(CommandInput):
    """Cancels a review that is not signed."""

    reason: Note
