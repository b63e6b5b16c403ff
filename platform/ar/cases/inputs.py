"""Inputs of the commands on cases: one model per command, for form, job and command line alike.

Invariant: what stops, skips or closes something carries a reason.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


OptionalDay = Annotated[date | None, BeforeValidator(_blank_is_none)]
OptionalId = Annotated[UUID | None, BeforeValidator(_blank_is_none)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PlaceBlock(_Input):
    """Place a hold: do not chase a customer (or one item) until the end of a day; without a day, until lifted.

    kind: `block` (somebody said wait), `dispute` (the debtor says the item is wrong), `promise` (will pay on the day).
    """

    customer_id: UUID
    item_id: OptionalId = None
    kind: Literal["block", "dispute", "promise"] = "block"
    until_on: OptionalDay = None
    reason: Reason


class ApproveAction(_Input):
    """Release a letter, or a task that needs a named role. `deadline_on`: the approver's own last day to pay."""

    deadline_on: OptionalDay = None


class SkipAction(_Input):
    """Skip an action for good; its items go on as if the step had been taken."""

    reason: Reason


class CompleteTask(_Input):
    """Complete a call or task, with a note on its result."""

    note: Reason


class ResolveDelivery(_Input):
    """Resolve a mail that may or may not have been delivered, or that came back."""

    outcome: Literal["arrived", "send_again"]
