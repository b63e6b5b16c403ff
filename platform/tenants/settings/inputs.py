"""Defines the inputs of the commands on settings."""

from __future__ import annotations

from datetime import date
from typing import Literal

from kernel.inputs import CommandInput
from tenants.inputs import Line, OptionalEmail, OptionalLine


class CalendarDay(CommandInput):
    """Sets a day on which the company deviates from its calendar."""

    on: date
    working: bool
    reason: Line


class CompanySettings(CommandInput):
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
