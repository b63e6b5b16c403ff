"""Inputs of early-payment discounts, write-offs of small differences and the ledger's settings.

Invariant: shape is checked here, rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from kernel.inputs import CommandInput, EditInput, Key
from kernel.texts import OneLine


class TakeDiscount(CommandInput):
    """Take the earned early-payment discount; `key` is the form's idempotency key (empty: none)."""

    key: str = Field(default="", max_length=64)


class WriteOffRemainder(CommandInput):
    """Write off the open remainder of a document. `reason` is a code, `text` details; `effective_on` None: today."""

    reason: Literal["bank_charges", "rounding", "short_payment", "price", "other"]
    text: OneLine = Field(default="", max_length=300)
    effective_on: date | None = None
    key: Key


class ChangeLedgerSettings(EditInput):
    """The ledger's settings. `write_off_at_once`: limit, as typed in the company's currency, without approval.

    `receivables`: shown after unapplied credits (net) or before them (gross).
    """

    write_off_at_once: str = Field(min_length=1, max_length=40)
    receivables: Literal["net", "gross"] = "net"
