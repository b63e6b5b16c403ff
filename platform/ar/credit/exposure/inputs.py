"""Input of the command by which sales says what an order commits."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ar.credit.rules.commitment import OrderAmounts
from kernel.inputs import CommandInput


class CommitOrder(CommandInput):
    """What one order commits from `effective_on` on, by its amounts so far (minor units of `currency`, with tax)."""

    order_id: UUID
    customer_id: UUID
    currency: str
    amounts: OrderAmounts
    effective_on: date
    prepaid: bool = False
