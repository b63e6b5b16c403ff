"""Inputs of what came of a call or task.

Invariant: an outcome carries a note; what belongs together is for `rules.outcomes` to say.
"""

from __future__ import annotations

from uuid import UUID

from ar.cases.holds.inputs import OptionalAmount, Reason
from ar.cases.rules.outcomes import Outcome
from kernel.inputs import CommandInput, OptionalDay, OptionalText


class CompleteTask(CommandInput):
    """Record what came of a call or task: it is done, or tried again on `again_on`.

    `promised_on` and `amount` (as typed; empty: all that is open) belong to the outcome `promised`.
    """

    outcome: Outcome = "done"
    note: Reason
    promised_on: OptionalDay = None
    amount: OptionalAmount = ""
    again_on: OptionalDay = None


class LogCall(CommandInput):
    """Record a call with a customer that the ladder did not ask for; a promise is in `currency`."""

    customer_id: UUID
    outcome: Outcome = "reached"
    note: Reason
    promised_on: OptionalDay = None
    amount: OptionalAmount = ""
    currency: OptionalText = None
