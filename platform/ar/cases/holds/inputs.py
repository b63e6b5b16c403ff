"""Input of the command that places a hold, and the reason that it carries.

Invariant: a hold carries a reason.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from kernel.inputs import CommandInput, OptionalDay, OptionalId, OptionalText

#: A typed reason of 2 to 500 characters.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
#: An amount as typed; empty: none is named. Read when its currency is known.
OptionalAmount = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


class PlaceHold(CommandInput):
    """Place a hold on a customer or one item until the end of `until_on`; without a day, until it is lifted.

    kind: `block` (chasing is paused), `dispute` (the debtor disputes the item), `promise` (payment promised for the
    day). `amount`: what was promised, in the document's currency or `currency`; empty: all that is open.
    """

    customer_id: UUID
    item_id: OptionalId = None
    kind: Literal["block", "dispute", "promise"] = "block"
    until_on: OptionalDay = None
    amount: OptionalAmount = ""
    currency: OptionalText = None
    reason: Reason
