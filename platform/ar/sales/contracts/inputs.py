"""Inputs of the commands on quotations and contracts.

Invariant: shape is checked here, business rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ar.sales.field_types import Name, Note, OrderQuantity, Reason, ShortText, TermDays, UnitPrice
from ar.sales.rules.checklist import ITEMS
from kernel.field_types import Currency
from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput, OptionalDay, OptionalId, blank_as_none

LINES_MAX: Final = 500


def _items(value: list[str]) -> list[str]:
    if not set(value) <= set(ITEMS):
        raise ValueError(mark("Choose one of the options."))
    return value


OptionalQuantity = Annotated[OrderQuantity | None, BeforeValidator(blank_as_none)]
Ticked = Annotated[list[str], AfterValidator(_items)]


class QuotationLine(CommandInput):
    """One price offered: `unit_price` in major units, with tax."""

    line_no: Annotated[int, Field(ge=1, le=999_999)]
    product: Name
    specification: ShortText = ""
    unit: ShortText = ""
    unit_price: UnitPrice


class ContractLineInput(QuotationLine):
    """One line of a contract; without a quantity it prices whatever is ordered."""

    quantity: OptionalQuantity = None


class QuotationFields(EditInput):
    """What a person fills in of a quotation."""

    quoted_on: date
    valid_to: OptionalDay = None
    currency: Currency
    note: Note = ""
    lines: Annotated[list[QuotationLine], Field(min_length=1, max_length=LINES_MAX)]


class EnterQuotation(QuotationFields):
    """Enter a quotation for a customer as a draft."""

    customer_id: UUID


class EditQuotation(QuotationFields):
    """Change a quotation that was not submitted yet, or came back."""


class ContractFields(EditInput):
    """What a person fills in of a contract. `checklist`: the items of R091 that are on it.

    `amount` as typed, empty for none; `replaces_id`: the contract whose prices it changes (R093).
    """

    title: ShortText = ""
    deal_ref: ShortText = ""
    their_number: ShortText = ""
    quotation_id: OptionalId = None
    replaces_id: OptionalId = None
    currency: Currency
    amount: ShortText = ""
    term_days: TermDays = None
    starts_on: date
    ends_on: OptionalDay = None
    clauses: Annotated[str, StringConstraints(max_length=20_000)] = ""
    checklist: Ticked = Field(default=[])
    lines: Annotated[list[ContractLineInput], Field(max_length=LINES_MAX)] = Field(default=[])


class RegisterContract(ContractFields):
    """Register a contract as a draft. `number` empty: the next one; a supplement names the contract it belongs to."""

    customer_id: UUID
    number: ShortText = ""
    form: Literal["own", "customer", "purchase_order", "supplement"] = "own"
    supplements_id: OptionalId = None


class EditContract(ContractFields):
    """Change a contract that is still a draft."""


class AttachFile(CommandInput):
    """Attach the scan that the form carries; it has no other field."""


class SealContract(CommandInput):
    """Seal a reviewed contract: what of R091 ④ is on the paper."""

    checklist: Ticked = Field(default=[])


class KeepCopy(CommandInput):
    """Record who keeps one of the three copies (A27)."""

    place: Literal["gm_office", "finance", "customer"]
    holder: Name
    received_on: date


class EndContract(CommandInput):
    """End a sealed contract or cancel one that is not, with a reason for the record."""

    reason: Reason
