"""Inputs of the commands on letters and tasks, for form, job and command line alike.

Invariant: what skips or closes an action carries a reason.
"""

from __future__ import annotations

from typing import Literal

from ar.cases.holds.inputs import Reason
from kernel.inputs import CommandInput, OptionalDay


class ReleaseAction(CommandInput):
    """Release a letter, or a task that needs a named role. `deadline_on`: the last day to pay, set by who releases."""

    deadline_on: OptionalDay = None


class SkipAction(CommandInput):
    """Skip an action for good; its items go on as if the step had been taken."""

    reason: Reason


class CloseLetter(CommandInput):
    """Close a letter that bounced or is in doubt and claims nothing any more."""

    reason: Reason


class ResolveDelivery(CommandInput):
    """Resolve a mail that may or may not have been delivered, or that came back."""

    outcome: Literal["arrived", "send_again"]
