"""What bank accounts, bank files and bank lines are asked with: one model per command, the same for page and shell.

May import pydantic and the kernel's texts. Invariant: a bound stands on every text, and a text is one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from kernel.i18n import mark
from kernel.inputs import CommandInput
from kernel.money import exponent
from kernel.texts import OneLine, one_line


def _currency(code: str) -> str:
    try:
        exponent(code.upper())
    except ValueError:
        raise ValueError(mark("Enter a currency code such as CNY or USD.")) from None
    return code.upper()


Code = Annotated[str, AfterValidator(_currency)]


class SaveBankAccount(CommandInput):
    """A bank account as it is kept; without a number it can only be chosen by hand (a cash box has none)."""

    name: OneLine = Field(min_length=1, max_length=100)
    bank_name: OneLine = Field(default="", max_length=100)
    account_no: OneLine = Field(default="", max_length=60)
    currency: Code = "CNY"
    account_code: Literal["bank", "cash"] = "bank"
    active: bool = True


class AssignAccount(CommandInput):
    """To which of our accounts an account that a file names belongs."""

    account_no: OneLine = Field(default="", max_length=200)
    currency: OneLine = Field(default="", max_length=10)
    bank_account_id: UUID


class SetAside(CommandInput):
    """Why a line is not a customer's money."""

    reason: OneLine = Field(min_length=1, max_length=300)


@dataclass(frozen=True, slots=True)
class BankUpload:
    """A file to take in; `bank_account_id` where the person said whose it is."""

    name: str
    content: bytes
    bank_account_id: UUID | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name)[-200:])
