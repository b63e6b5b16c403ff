"""Inputs of receipts and their allocation: one Pydantic model per command.

Invariant: shape is checked here; amounts stay texts until their currency is known.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kernel.inputs import CommandInput, Key

OptionalLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
RequiredLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Amount = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
#: What the money pays: the ticked items, the debts in legal order, or nothing yet.
AllocationMethod = Literal["ticked", "order", "nothing"]
Method = Literal["transfer", "cash", "cheque", "card", "other"]


class Part(CommandInput):
    """A ticked open item with the amount as typed; empty: all that is open, as far as the money suffices."""

    item_id: UUID
    amount: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""


class PostReceipt(CommandInput):
    """Post a receipt by hand. `designation`: the documents the debtor named when paying, in the debtor's words."""

    customer_no: RequiredLine
    received_on: date
    amount: Amount
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    method: Method = "transfer"
    bank_account_id: UUID | None = None
    payer_name: OptionalLine = ""
    payer_account: OptionalLine = ""
    remittance: Text = ""
    designation: OptionalLine = ""
    how: AllocationMethod = "order"
    costs_first: bool = False
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key


class ApplyCredit(CommandInput):
    """Allocate the unapplied amount of a credit: to ticked items with amounts, or in the legal order."""

    how: Literal["ticked", "order"] = "ticked"
    costs_first: bool = False
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key


class UnapplyCredit(CommandInput):
    """Unapply one allocation of a credit on `effective_on` (None: today)."""

    effective_on: date | None = None
