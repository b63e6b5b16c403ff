"""Inputs of the commands on companies and people. Pydantic only."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from kernel.i18n import mark
from tenants.passwords import PASSWORD_MIN_CHARS
from tenants.permissions import Role

_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValueError(mark("Write an e-mail address like name@example.com."))
    return value.lower()


Email = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_email)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class CreateTenant(BaseModel):
    """A new company with its first person (roles admin and finance director)."""

    model_config = ConfigDict(frozen=True)

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    name: Line
    owner_email: Email
    owner_name: str = ""
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    language: Literal["zh_CN", "en"] = "zh_CN"
    policy: Literal["five-step", "twelve-step"] = "five-step"
    run_at: time = time(8, 30)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(mark("Name a time zone like Asia/Shanghai."))
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        if value.upper() not in list_currencies():
            raise ValueError(mark("Name a currency by its three letters, like CNY."))
        return value.upper()


class InvitePerson(BaseModel):
    """A person who gets roles in a company."""

    model_config = ConfigDict(frozen=True)

    email: Email
    name: Line
    roles: list[Role] = Field(min_length=1)


class ChangeRoles(BaseModel):
    """The roles that a member has from now on."""

    model_config = ConfigDict(frozen=True)

    roles: list[Role] = Field(min_length=1)


class CalendarDay(BaseModel):
    """One day on which the company departs from its calendar."""

    model_config = ConfigDict(frozen=True)

    on: date
    working: bool
    reason: Line


class SignIn(BaseModel):
    """E-mail and password as typed."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=254)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class ChoosePassword(BaseModel):
    """A new password, typed twice."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    again: str = ""

    @field_validator("password")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if len(value) < PASSWORD_MIN_CHARS:
            raise ValueError(mark("Use at least 10 characters; a sentence is good."))
        return value


class CompanySettings(BaseModel):
    """What stands on letters, and how automatic work behaves."""

    legal_name: Line
    address: str = ""
    phone: str = ""
    tax_id: str = ""
    bank_name: str = ""
    bank_account: str = ""
    contact_name: str = ""
    contact_email: Email | Literal[""] = ""
    policy_code: Literal["five-step", "twelve-step"] = "five-step"
    calendar: Literal["CN", "MON-FRI"] = "CN"
    review_mode: bool = False
