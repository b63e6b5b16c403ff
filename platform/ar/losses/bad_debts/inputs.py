"""Defines the inputs of the bad-debt commands. Invariant: shape is checked here, the books in the commands."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ar.losses.inputs import Note, Reason
from kernel.field_types import Currency
from kernel.inputs import CommandInput, Key

CAUSES: Final = ("bankrupt", "closed", "deceased", "court", "fled", "barred", "disputed_lost", "uneconomic", "other")
OPTIONS: Final = ("rebate", "goods_back", "collateral", "legal_help", "preservation", "payment_plan", "agency", "none")


class Part(CommandInput):
    """An amount of an open document; empty: all that is open."""

    item_id: UUID
    amount: Annotated[str, StringConstraints(max_length=40)] = ""


class ProposeBadDebt(CommandInput):
    """Proposes debts of a customer for write-off (R233), with the options tried before (R236)."""

    parts: list[Part] = Field(max_length=500)
    cause: Literal["bankrupt", "closed", "deceased", "court", "fled", "barred", "disputed_lost", "uneconomic", "other"]
    options: list[
        Literal["rebate", "goods_back", "collateral", "legal_help", "preservation", "payment_plan", "agency", "none"]
    ] = Field(default=[], max_length=8)
    reason: Reason
    key: Key


class Withdraw(CommandInput):
    """Withdraws a proposal before it is decided."""

    reason: Reason


class RecoverMoney(CommandInput):
    """Posts money received for written-off debts, as a receipt and a recovery."""

    amount: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    currency: Currency
    received_on: date
    account: Literal["bank", "cash"] = "bank"
    note: Note = ""
    key: Key


class RecoverCredit(CommandInput):
    """Applies an unapplied receipt of the customer to written-off debts. `amount` empty: as much as fits."""

    from_credit: UUID
    amount: Annotated[str, StringConstraints(max_length=40)] = ""
    note: Note = ""
    key: Key


class AddEvent(CommandInput):
    """Records an event of a written-off debt. A promise has its date and may have an amount."""

    kind: Literal["note", "contact", "promise"]
    text: Reason
    happened_on: date | None = None
    promised_on: date | None = None
    promised_currency: Currency | None = None
    promised: Annotated[str, StringConstraints(max_length=40)] = ""
    key: Key
