"""Defines the input that creates a company, and the field types that tenants share.

Invariant: a text that may appear in a mail header or on a letter is one line.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, BeforeValidator, StringConstraints, field_validator

from kernel.i18n import mark
from kernel.inputs import CommandInput
from kernel.texts import mail_address, one_line


def _email(value: str) -> str:
    return mail_address(value).lower()


def _email_or_nothing(value: str) -> str:
    return _email(value) if value else ""


def _line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


Email = Annotated[str, AfterValidator(_email)]
# BeforeValidator last: it runs first, so the bounds count the normalised line.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_line)]
OptionalEmail = Annotated[str, BeforeValidator(_line), AfterValidator(_email_or_nothing)]
OptionalLine = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_line)]


class CreateTenant(CommandInput):
    """Creates a company with its first person (roles admin and finance director)."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    name: Line
    owner_email: Email
    owner_name: OptionalLine = ""
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    language: Literal["zh_CN", "en"] = "zh_CN"
    policy: Literal["five-step", "twelve-step"] = "five-step"
    run_at: time = time(8, 30)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(mark("Enter a time zone such as Asia/Shanghai."))
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        if value.upper() not in list_currencies():
            raise ValueError(mark("Enter a three-letter currency code, such as CNY."))
        return value.upper()
