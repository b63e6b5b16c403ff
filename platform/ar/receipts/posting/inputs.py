"""Inputs of receipts, allocation, matching and refunds: one Pydantic model per command, for form and command line.

Imports Pydantic only. Invariant: shape is checked here; amounts stay texts until their currency is known.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kernel.inputs import CommandInput, Key

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Needed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Amount = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
#: What the money pays: the ticked items, the order of the law, or nothing yet.
How = Literal["ticked", "order", "nothing"]
Method = Literal["transfer", "cash", "cheque", "card", "other"]


class Part(CommandInput):
    """So much of one open item, as typed; an empty amount means all that is open or all that is left."""

    item_id: UUID
    amount: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""


class PostReceipt(CommandInput):
    """Money that came in, by hand. `designation`: what the debtor named when paying, in the debtor's words."""

    customer_no: Needed
    received_on: date
    amount: Amount
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    method: Method = "transfer"
    bank_account_id: UUID | None = None
    payer_name: Line = ""
    payer_account: Line = ""
    remittance: Text = ""
    designation: Line = ""
    how: How = "order"
    costs_first: bool = False
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key


class ApplyCredit(CommandInput):
    """Allocate what is unapplied of a credit: to ticked items with amounts, or in the order of the law."""

    how: Literal["ticked", "order"] = "ticked"
    costs_first: bool = False
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key


class Unapply(CommandInput):
    """Take one allocation of a credit back on `effective_on` (None: today)."""

    effective_on: date | None = None


class MatchBankLine(CommandInput):
    """Book a bank line as a customer's receipt. `booked_on` None: the bank's own day."""

    customer_id: UUID
    how: How = "ticked"
    costs_first: bool = False
    booked_on: date | None = None
    parts: tuple[Part, ...] = Field(default=(), max_length=2_000)
    key: Key


class AskRefund(CommandInput):
    """Money to be given back out of an unapplied credit, as soon as others agree."""

    amount: Amount
    payee_name: Needed
    payee_account: Line = ""
    payee_bank: Line = ""
    bank_account_id: UUID | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    key: Key


class WithdrawRefund(CommandInput):
    """The asker takes the request back."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
