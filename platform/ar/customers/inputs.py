"""Defines the inputs of the customer commands, and the row of bulk work.

Invariant: form, import row and command line have the same limits; nothing here accesses the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from kernel.inputs import CommandInput, EditInput, OptionalId, OptionalText, blank_as_none
from kernel.texts import MailAddress, OneLine

EntityType = Literal["company", "sole_trader", "person", "government", "institution", "foreign_company"]
Purpose = Literal["statements", "dunning", "signing"]
OptionalGroupKind = Annotated[Literal["parent", "payer"] | None, BeforeValidator(blank_as_none)]
OptionalSizeClass = Annotated[Literal["large", "medium", "small"] | None, BeforeValidator(blank_as_none)]
OptionalExemption = Annotated[
    Literal["government", "institution", "large_good", "small_risk", "cash"] | None, BeforeValidator(blank_as_none)
]
Language = Literal["zh_CN", "en"]

PURPOSES: tuple[Purpose, ...] = ("statements", "dunning", "signing")
LANGUAGES: tuple[str, ...] = ("zh_CN", "en")
MAX_NUMBER_CHARS = 40
MAX_NAME_CHARS = 200
MAX_TAX_ID_CHARS = 40
MAX_TERM_DAYS = 720
MAX_SETTLEMENT_DAYS = 365
DEFAULT_TERM_DAYS = 30
MAX_HAND_OVER = 5_000
MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer of bulk work. None keeps the stored value; a new customer takes the default.

    Defaults of a new customer: company, no tax id, net 30 days, 0 settlement days, the tenant's language and
    policy, no owner. A contact is added (or renamed) by its e-mail; one without e-mail serves no purpose.
    """

    number: str
    name: str
    entity_type: str | None = None
    tax_id: str | None = None
    owner_email: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    term_days: int | None = None
    settlement_days: int | None = None
    language: str | None = None
    policy_code: str | None = None


class CustomerFields(CommandInput):
    """The fields of a customer that a person may change."""

    name: OneLine = Field(min_length=1, max_length=MAX_NAME_CHARS)
    entity_type: EntityType = "company"
    tax_id: OneLine = Field(default="", max_length=MAX_TAX_ID_CHARS)
    owner_id: OptionalId = None
    term_base: Literal["invoice", "month_end"] = "invoice"
    term_months: int = Field(default=0, ge=0, le=24)
    term_days: int = Field(default=DEFAULT_TERM_DAYS, ge=0, le=MAX_TERM_DAYS)
    term_roll: Literal["statutory", "none", "following", "preceding"] = "statutory"
    settlement_days: int = Field(default=0, ge=0, le=MAX_SETTLEMENT_DAYS)
    language: Language = "zh_CN"
    policy_code: OptionalText = Field(default=None, max_length=60)


class EditCustomer(CustomerFields, EditInput):
    """Changes a customer; its number cannot change."""


class CreateCustomer(CustomerFields):
    """Creates a customer, with its first contact if given."""

    number: OneLine = Field(min_length=1, max_length=MAX_NUMBER_CHARS)
    contact_name: OneLine = Field(default="", max_length=MAX_NAME_CHARS)
    contact_email: MailAddress = ""


class HandOver(CommandInput):
    """Gives the ticked customers to another owner. `changed_on`: from which day on it counts, today at the latest."""

    customer_ids: list[UUID] = Field(max_length=MAX_HAND_OVER)
    to_id: UUID
    changed_on: date
    reason: OneLine = Field(min_length=1, max_length=MAX_REASON_CHARS)


class SetStanding(EditInput):
    """Sets a customer's group, size and exemption from the survey (R030, R342). `head_no` empty: of no group."""

    head_no: OneLine = Field(default="", max_length=MAX_NUMBER_CHARS)
    group_kind: OptionalGroupKind = None
    size_class: OptionalSizeClass = None
    survey_exemption: OptionalExemption = None


class ContactFields(EditInput):
    """The form of a contact. `purposes`: mails that may be sent to it."""

    name: OneLine = Field(min_length=1, max_length=MAX_NAME_CHARS)
    title: OneLine = Field(default="", max_length=MAX_NAME_CHARS)
    email: MailAddress = ""
    phone: OneLine = Field(default="", max_length=60)
    purposes: tuple[Purpose, ...] = ()


class AddContact(ContactFields):
    """Adds a contact; the same e-mail again updates and reactivates it."""

    customer_id: UUID
    purposes: tuple[Purpose, ...] = PURPOSES


def customer_values(customer: Any) -> dict[str, Any]:
    """Returns a stored customer's values as its form shows them, field → value."""
    return {
        "name": customer.name,
        "entity_type": customer.entity_type,
        "tax_id": customer.tax_id,
        "owner_id": str(customer.owner_id or ""),
        "term_base": customer.terms.get("base", "invoice"),
        "term_months": customer.terms.get("months", 0),
        "term_days": customer.terms.get("days", 0),
        "term_roll": customer.terms.get("roll", "statutory"),
        "settlement_days": customer.settlement_days,
        "language": customer.language,
        "policy_code": customer.policy_code or "",
    }


def standing_values(standing: Any) -> dict[str, Any]:
    """Returns a stored customer's group, size and exemption as the form shows them, field → value."""
    return {
        "head_no": standing.head_no or "",
        "group_kind": standing.group_kind or "",
        "size_class": standing.size_class or "",
        "survey_exemption": standing.survey_exemption or "",
    }


def contact_values(contact: Any) -> dict[str, Any]:
    """Returns a stored contact's values as its form shows them, field → value."""
    return {
        "name": contact.name,
        "title": contact.title,
        "email": contact.email,
        "phone": contact.phone,
        "purposes": sorted(contact.purposes),
    }
