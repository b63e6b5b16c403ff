"""Inputs of assessments; amounts are typed in ten thousands of the currency (万), as Annex 1 has them.

Invariant: shape is checked here, rules in the commands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput


def _is_day_or_empty(text: str) -> str:
    """Returns an ISO date or an empty text; a company may be older than the books reach."""
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ValueError(mark("Enter a date such as 2026-11-21.")) from None


Line = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=2000)]
Amount = Annotated[str, StringConstraints(max_length=30)]
FoundingDay = Annotated[str, AfterValidator(_is_day_or_empty)]
Days = Annotated[int, Field(ge=0, le=3650)]


class ChooseCustomer(CommandInput):
    """The customer to be assessed, by number."""

    customer_no: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class StartAssessment(CommandInput):
    """Starts an assessment of a customer."""

    customer_id: UUID


class SaveAssessment(EditInput):
    """What an author writes into an assessment. `points`: the twelve scores in the order of Annex 1, None not yet.

    `forecast` (sales a month) and `limit` are typed in ten thousands, empty where there is no figure yet.
    """

    founded_on: FoundingDay = ""
    address: Line = ""
    telephone: Line = ""
    employees: Line = ""
    fax: Line = ""
    legal_representative: Line = ""
    main_bank: Line = ""
    sales_representative: Line = ""
    bank_account: Line = ""
    business_scope: LongText = ""
    registered_capital: Line = ""
    taxpayer_no: Line = ""
    points: tuple[int | None, ...] = ()
    guarantees: LongText = ""
    forecast: Amount = ""
    forecast_note: LongText = ""
    limit: Amount = ""
    term_days: Days | None = None
    note: LongText = ""


class SignAssessment(CommandInput):
    """One sign-off with a limit (in ten thousands) and a term of its own; `step` is the one that the page showed."""

    limit: Annotated[str, StringConstraints(min_length=1, max_length=30)]
    term_days: Days
    note: LongText = ""
    step: int = Field(ge=0)


class ReturnAssessment(CommandInput):
    """Returns an assessment to its author, with the reason; `step` is the one that the page showed."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    step: int = Field(ge=0)
