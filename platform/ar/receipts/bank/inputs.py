"""Inputs of the commands on bank accounts, bank files and bank lines: one model per command.

Invariant: every text is one line of bounded length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput
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
    """Add a bank account; without a number (a cash box has none) it can only be chosen by hand."""

    name: OneLine = Field(min_length=1, max_length=100)
    bank_name: OneLine = Field(default="", max_length=100)
    account_no: OneLine = Field(default="", max_length=60)
    currency: Code = "CNY"
    account_code: Literal["bank", "cash"] = "bank"
    active: bool = True


class ChangeBankAccount(SaveBankAccount, EditInput):
    """Change a bank account."""


class AssignAccount(CommandInput):
    """Assign one of our accounts to an account number in a file."""

    account_no: OneLine = Field(default="", max_length=200)
    currency: OneLine = Field(default="", max_length=10)
    bank_account_id: UUID


class SetAside(CommandInput):
    """Set a line aside, with the reason why it is not a customer's payment."""

    reason: OneLine = Field(min_length=1, max_length=300)


class MappedSource(CommandInput):
    """The source whose tables are read by the same mapping from now on: fingerprint of its headers, a name."""

    fingerprint: str
    name: OneLine = Field(default="", max_length=100)
    remember: bool = False


@dataclass(frozen=True, slots=True)
class BankUpload:
    """A file to upload; `bank_account_id` where the user chose the account.

    `mapping`: how the columns of a table are to be read.
    """

    name: str
    content: bytes
    bank_account_id: UUID | None = None
    mapping: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name)[-200:])


def account_values(account: Any) -> dict[str, Any]:
    """Returns a stored bank account's values as its form shows them, field → value."""
    return {name: getattr(account, name) for name in SaveBankAccount.model_fields}
