"""Inputs of the commands on danger signals: note one, decide on one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from ar.credit.rules.signals import SignalCode
from kernel.inputs import CommandInput, OptionalText, blank_as_none


class NoteSignal(CommandInput):
    """Notes a danger signal that somebody saw at a customer (R240 to R269)."""

    code: SignalCode
    note: Annotated[str, StringConstraints(max_length=1000)] = ""


class DecideSignal(CommandInput):
    """Decides on a signal: keep the limit, cut it to `limit` and `term_days`, or freeze shipments (R081, R270).

    `limit` is typed in units of the limit's currency; it and the term are asked for a cut only.
    """

    decision: Literal["keep", "cut", "freeze"]
    limit: OptionalText = None
    term_days: Annotated[Annotated[int, Field(ge=0, le=3650)] | None, BeforeValidator(blank_as_none)] = None
    reason: Annotated[str, StringConstraints(min_length=2, max_length=500)]
