"""Inputs of the commands on cases: one model per command, for form, job and command line alike.

Invariant: what stops, skips or closes something carries a reason.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from kernel.inputs import CommandInput, OptionalDay, OptionalId

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class PlaceBlock(CommandInput):
    """Place a hold: do not chase a customer (or one item) until the end of a day; without a day, until lifted.

    kind: `block` (somebody said wait), `dispute` (the debtor says the item is wrong), `promise` (will pay on the day).
    """

    customer_id: UUID
    item_id: OptionalId = None
    kind: Literal["block", "dispute", "promise"] = "block"
    until_on: OptionalDay = None
    reason: Reason


class ApproveAction(CommandInput):
    """Release a letter, or a task that needs a named role. `deadline_on`: the approver's own last day to pay."""

    deadline_on: OptionalDay = None


class SkipAction(CommandInput):
    """Skip an action for good; its items go on as if the step had been taken."""

    reason: Reason


class CompleteTask(CommandInput):
    """Complete a call or task, with a note on its result."""

    note: Reason


class ResolveDelivery(CommandInput):
    """Resolve a mail that may or may not have been delivered, or that came back."""

    outcome: Literal["arrived", "send_again"]
