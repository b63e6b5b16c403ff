"""Input of the command that places a hold, and the reason that it carries.

Invariant: a hold carries a reason.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from kernel.inputs import CommandInput, OptionalDay, OptionalId

#: A typed reason of 2 to 500 characters.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class PlaceHold(CommandInput):
    """Place a hold on a customer or one item until the end of `until_on`; without a day, until it is lifted.

    kind: `block` (chasing is paused), `dispute` (the debtor disputes the item), `promise` (payment promised for the
    day).
    """

    customer_id: UUID
    item_id: OptionalId = None
    kind: Literal["block", "dispute", "promise"] = "block"
    until_on: OptionalDay = None
    reason: Reason
