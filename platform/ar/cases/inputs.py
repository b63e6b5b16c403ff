"""What may be asked of escalation: one model per command, for form, job and command line alike.

Imports Pydantic and the standard library only. Invariant: what stops, skips or closes something carries a reason.
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
    """Not to chase a customer (or one item) until the end of a day; no day: until lifted.

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
    """Leave an action out for good; its items go on as if the step had been taken."""

    reason: Reason


class CompleteTask(_Input):
    """A call or a task is done: what came of it."""

    note: Reason


class SettleUnknown(_Input):
    """A person's judgement of a mail that may or may not have gone out."""

    outcome: Literal["arrived", "send_again"]
