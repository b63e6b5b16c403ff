"""Defines the inputs of the commands on settings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from kernel.inputs import CommandInput, EditInput
from tenants.inputs import Line, OptionalEmail, OptionalLine
from tenants.settings.notice import read_notice


class CalendarDay(CommandInput):
    """Sets a day on which the company deviates from its calendar."""

    on: date
    working: bool
    reason: Line


class EnterNotice(EditInput):
    """Enters the official notice of a year's days off: its text as published, and where it stands."""

    year: int = Field(ge=2020, le=2099)
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]
    source: Line

    @field_validator("text")
    @classmethod
    def _readable(cls, value: str, info: Any) -> str:
        if "year" in info.data:
            read_notice(value, info.data["year"])
        return value


class CompanySettings(EditInput):
    """Changes the company's letterhead and automation settings."""

    legal_name: Line
    address: OptionalLine = ""
    phone: OptionalLine = ""
    tax_id: OptionalLine = ""
    bank_name: OptionalLine = ""
    bank_account: OptionalLine = ""
    contact_name: OptionalLine = ""
    contact_email: OptionalEmail = ""
    policy_code: Literal["five-step", "twelve-step"] = "five-step"
    calendar: Literal["CN", "MON-FRI"] = "CN"
    review_mode: bool = False
    sales_see_all: bool = False


def settings_values(company: Any) -> dict[str, Any]:
    """Returns a company's stored settings as their form shows them, field → value."""
    return {name: getattr(company, name) for name in CompanySettings.model_fields if name != "version"}
