"""Inputs of documents booked by hand: what was typed into the form or given to the command line, as texts.

May import Pydantic and kernel.texts. Invariant: only the shape is checked here (one line, an end to each text), so
that everything typed can be kept as a draft; `document_reading` says what it means.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from kernel.inputs import CommandInput, Key
from kernel.texts import OneLine, one_line

#: Kinds that are booked by hand, with the prefix of their running numbers.
PREFIXES: Final[dict[str, str]] = {"invoice": "INV", "debit_note": "DN", "credit_note": "CN", "goods_return": "RT"}
MAX_INSTALMENTS: Final = 24

Typed = Annotated[OneLine, Field(max_length=60)]


def _lines(value: object) -> object:
    return [one_line(each) if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


TypedList = Annotated[list[Typed], BeforeValidator(_lines), Field(max_length=MAX_INSTALMENTS)]


class TypedDocument(CommandInput):
    """A document as typed. `allocate`: ticked, the credit pays the invoice named in `reference` at once."""

    customer: OneLine = Field(default="", max_length=200)
    number: Typed = ""
    document_on: Typed = ""
    due_on: Typed = ""
    currency: Typed = ""
    amount: Typed = ""
    tax_rate: Typed = ""
    tax: Typed = ""
    discount_percent: Typed = ""
    discount_days: Typed = ""
    instalment_due: TypedList = Field(default_factory=list)
    instalment_amount: TypedList = Field(default_factory=list)
    reference: OneLine = Field(default="", max_length=100)
    allocate: Literal["", "1"] = ""
    memo: OneLine = Field(default="", max_length=500)


class SentDocument(TypedDocument):
    """The posted form: `key` makes it take effect once, `action` is the button, `version` the draft that was opened.

    `check` only shows what would be booked.
    """

    key: Key
    action: Literal["draft", "check", "post"] = "post"
    version: str = Field(default="", max_length=64)

    @property
    def typed(self) -> TypedDocument:
        """What belongs to the document."""
        return TypedDocument.model_validate(self.model_dump(exclude={"key", "action", "version"}))


class TakeDiscount(CommandInput):
    """Take the early-payment discount that was earned; `key` is the form's idempotency key (empty: none)."""

    key: str = Field(default="", max_length=64)


class WriteOffRest(CommandInput):
    """Write off what is left of a document. `reason` is a code, `text` says more; `effective_on` None: today."""

    reason: Literal["bank_charges", "rounding", "short_payment", "price", "other"]
    text: OneLine = Field(default="", max_length=300)
    effective_on: date | None = None
    key: Key


class ChangeLedgerSettings(CommandInput):
    """The ledger's settings: up to which rest (in the company's currency, as typed) one person writes off alone."""

    write_off_at_once: str = Field(min_length=1, max_length=40)
