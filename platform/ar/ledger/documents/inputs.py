"""Inputs of documents entered by hand, as texts from the form or the command line.

Invariant: only the shape is checked here (one line, maximum length), so that anything typed can be saved as a draft;
`parsing` validates the values.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from ar.ledger.models import CREDIT_REASONS
from kernel.inputs import CommandInput, Key
from kernel.texts import OneLine, one_line

#: Kinds that are entered by hand, with the prefix of their running numbers.
PREFIXES: Final[dict[str, str]] = {"invoice": "INV", "debit_note": "DN", "credit_note": "CN", "goods_return": "RT"}
MAX_INSTALMENTS: Final = 24

ShortText = Annotated[OneLine, Field(max_length=60)]


def _each_on_one_line(value: object) -> object:
    return [one_line(each) if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


ShortTexts = Annotated[list[ShortText], BeforeValidator(_each_on_one_line), Field(max_length=MAX_INSTALMENTS)]


class TypedDocument(CommandInput):
    """A document as typed. `allocate` "1": the credit is allocated to the document in `reference` at posting.

    `reason`: why a credit note is given, one of CREDIT_REASONS; empty: goods.
    """

    customer: OneLine = Field(default="", max_length=200)
    number: ShortText = ""
    document_on: ShortText = ""
    due_on: ShortText = ""
    currency: ShortText = ""
    amount: ShortText = ""
    tax_rate: ShortText = ""
    tax: ShortText = ""
    discount_percent: ShortText = ""
    discount_days: ShortText = ""
    instalment_due: ShortTexts = Field(default_factory=list)
    instalment_amount: ShortTexts = Field(default_factory=list)
    reference: OneLine = Field(default="", max_length=100)
    allocate: Literal["", "1"] = ""
    reason: Annotated[str, Field(pattern=f"^({'|'.join(CREDIT_REASONS)})?$")] = ""
    memo: OneLine = Field(default="", max_length=500)


class SubmittedDocument(TypedDocument):
    """The submitted form: `key` is the idempotency key, `action` the button, `version` that of the opened draft.

    Action `check` only previews the document.
    """

    key: Key
    action: Literal["draft", "check", "post"] = "post"
    version: str = Field(default="", max_length=64)

    @property
    def typed(self) -> TypedDocument:
        """Returns the fields of the document alone."""
        return TypedDocument.model_validate(self.model_dump(exclude={"key", "action", "version"}))
